/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-ready.h"

G_BEGIN_DECLS

/**
 * DouUserSet:
 *
 * Some users as answers to one viewer need them, in the order they were asked for. What the gateway
 * does not know of them is gathered from all domains that do, with a fixed number of batched calls,
 * however many users.
 */
typedef struct _DouUserSet DouUserSet;

DouUserSet *dou_user_set_new (DouContext *context, gint64 viewer, const gint64 *ids, gsize n_ids);
void dou_user_set_free (DouUserSet *self);
void dou_user_set_hide_from (DouUserSet *self, gint64 reader);
gboolean dou_user_set_load (DouUserSet *self, DouCacheFunc func, gpointer user_data);

gboolean dou_user_set_exists (DouUserSet *self, gsize index);
void dou_user_set_write (DouUserSet *self, gsize index, const char *origin, DouJsonWriter *writer);
void dou_user_set_write_members (DouUserSet *self, gsize index, const char *origin,
                                 DouJsonWriter *writer);
void dou_user_set_write_sheet (DouUserSet *self, gsize index, const char *origin,
                               DouJsonWriter *writer, DouSheet *sheet);
void dou_user_set_add_to_ready (DouUserSet *self, DouReady *ready);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouUserSet, dou_user_set_free)

G_END_DECLS
