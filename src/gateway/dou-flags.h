/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-lru.h"
#include "gateway/dou-backend.h"
#include "gateway/dou-watch.h"

G_BEGIN_DECLS

/**
 * DouFlags:
 *
 * Which videos users like, whom they follow, what they feel about comments and from whom they are
 * apart, as far as answers to them have needed it and as much as fits.
 */
#define DOU_TYPE_FLAGS (dou_flags_get_type ())
G_DECLARE_FINAL_TYPE (DouFlags, dou_flags, DOU, FLAGS, GObject)

typedef enum
{
  DOU_FLAG_FAVORITE, /* the viewer likes a video */
  DOU_FLAG_FOLLOW,   /* the viewer follows a user */
  DOU_FLAG_FEELING,  /* what the viewer feels about a comment: of #DouFeeling */
  DOU_FLAG_APART,    /* the viewer blocks a user, or a user the viewer */
  DOU_N_FLAGS
} DouFlagKind;

/**
 * DouFeeling:
 *
 * The values of %DOU_FLAG_FEELING; those of the others are 0 and 1.
 */
typedef enum
{
  DOU_FEELING_NEITHER,
  DOU_FEELING_LIKE,
  DOU_FEELING_DISLIKE,
} DouFeeling;

/* Flags of one kind that are kept for one viewer. */
#define DOU_FLAGS_MAX_OF_VIEWER 2048

/**
 * DouFlagsFunc:
 * @error: (nullable): of %DOU_ERROR
 * @user_data: of the caller
 */
typedef void (*DouFlagsFunc) (const GError *error, gpointer user_data);

DouFlags *dou_flags_new (DouBackend *backend, DouWatch *watch, gsize max_bytes);
void dou_flags_join_pool (DouFlags *self, DouLruPool *pool);
gboolean dou_flags_load (DouFlags *self, DouFlagKind kind, gint64 viewer, const gint64 *targets,
                         gsize n_targets, guint8 *values, DouFlagsFunc func, gpointer user_data);
gboolean dou_flags_know_any (DouFlags *self, DouFlagKind kind, gint64 viewer, gboolean *any);
void dou_flags_load_any (DouFlags *self, DouFlagKind kind, gint64 viewer, gboolean *any,
                         DouFlagsFunc func, gpointer user_data);
gsize dou_flags_get_size (DouFlags *self);

G_END_DECLS
