/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-sheet.h"

G_BEGIN_DECLS

/**
 * DouVideoSet:
 *
 * Some videos with their authors as answers need them, in the order they were asked for. What the gateway
 * does not know of them is gathered from all domains that do, with a fixed number of batched calls,
 * however many videos.
 */
typedef struct _DouVideoSet DouVideoSet;

DouVideoSet *dou_video_set_new (DouContext *context, const gint64 *ids, gsize n_ids);
void dou_video_set_free (DouVideoSet *self);
void dou_video_set_hide_from (DouVideoSet *self, gint64 reader);
gboolean dou_video_set_load (DouVideoSet *self, DouCacheFunc func, gpointer user_data);

guint dou_video_set_count (DouVideoSet *self);
void dou_video_set_write (DouVideoSet *self, const char *origin, DouJsonWriter *writer,
                          DouSheet *sheet);
void dou_video_set_list_records (DouVideoSet *self, GPtrArray *videos, GPtrArray *authors);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouVideoSet, dou_video_set_free)

G_END_DECLS
