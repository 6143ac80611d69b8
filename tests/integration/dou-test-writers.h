/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/dou-test-daemon.h"

G_BEGIN_DECLS

#define DOU_TEST_N_WRITERS 32
/* What there is to like and to comment on, from before the writing begins. */
#define DOU_TEST_N_TARGETS 8

/**
 * DouTestSet:
 * @value: whether the last write that was answered set it
 * @is_uncertain: whether a write came after that of which nothing is known
 * @usable_at: monotonic time from when on it may be written again
 *
 * A like or a follow, as its writer knows it.
 */
typedef struct
{
  gboolean value;
  gboolean is_uncertain;
  gint64 usable_at;
} DouTestSet;

/**
 * DouTestWriters:
 *
 * Users who write as fast as they are answered, each on a connection of its own, and keep a ledger of what
 * they were told: what was answered with success is there, once; what was not, once at most.
 */
typedef struct _DouTestWriters DouTestWriters;

DouTestWriters *dou_test_writers_new (DouTestDaemon *server);
void dou_test_writers_free (DouTestWriters *self);

void dou_test_writers_start (DouTestWriters *self);
void dou_test_writers_stop (DouTestWriters *self);

gint64 dou_test_writers_get_user (DouTestWriters *self, guint writer);
const char *dou_test_writers_get_token (DouTestWriters *self, guint writer);
gint64 dou_test_writers_get_target (DouTestWriters *self, guint target);
const DouTestSet *dou_test_writers_get_like (DouTestWriters *self, guint writer, guint target);
const DouTestSet *dou_test_writers_get_follow (DouTestWriters *self, guint writer, guint other);

gboolean dou_test_writers_find_text (DouTestWriters *self, const char *text);
void dou_test_writers_assert_found (DouTestWriters *self);
guint dou_test_writers_get_n_answered (DouTestWriters *self);
guint dou_test_writers_get_n_unanswered (DouTestWriters *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestWriters, dou_test_writers_free)

G_END_DECLS
