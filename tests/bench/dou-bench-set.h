/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouBenchSet:
 *
 * A data set of the benchmark. Everything in it follows from these numbers, so that whoever loads a
 * server can tell by arithmetic what is there: things are counted from 0, and the id of each is
 * that of the first of its kind plus its number times DOU_BENCH_ID_STEP.
 */
typedef struct
{
  const char *name;
  guint users;
  guint videos; /* the author of video n is user n modulo users */
  guint likes_per_user;
  guint follows_per_user;
  gboolean has_star;         /* whether everybody follows user 0 besides */
  guint commented_videos;    /* so many have DOU_BENCH_COMMENTS_PER_VIDEO comments */
  guint commented_video_gap; /* every how manieth video it is */
} DouBenchSet;

/* One millisecond apart, as ids are that were minted one after another. */
#define DOU_BENCH_ID_STEP 4096

#define DOU_BENCH_FIRST_USER G_GINT64_CONSTANT (400000000000000)
#define DOU_BENCH_FIRST_VIDEO G_GINT64_CONSTANT (420000000000000)
#define DOU_BENCH_FIRST_COMMENT G_GINT64_CONSTANT (440000000000000)
#define DOU_BENCH_FIRST_MESSAGE G_GINT64_CONSTANT (460000000000000)

/* When the first video was published, in milliseconds since 1970-01-01 UTC, and how long after it
 * the next one. */
#define DOU_BENCH_FIRST_TIME G_GINT64_CONSTANT (1704067200000)
#define DOU_BENCH_TIME_STEP 30000

/* What is to be on a page of comments. */
#define DOU_BENCH_COMMENTS_PER_VIDEO 20

/* When all messages were written: one to each user, from the next. */
#define DOU_BENCH_MESSAGE_TIME G_GINT64_CONSTANT (1767225600000)

/* Everybody's. */
#define DOU_BENCH_PASSWORD "bench-password"

const DouBenchSet *dou_bench_set_find (const char *name);
char *dou_bench_set_get_key (const DouBenchSet *self, GError **error);
char *dou_bench_set_describe (const DouBenchSet *self, GError **error);

gint64 dou_bench_user_id (guint64 number);
gint64 dou_bench_video_id (guint64 number);

G_END_DECLS
