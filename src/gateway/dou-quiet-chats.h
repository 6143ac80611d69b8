/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-watch.h"

G_BEGIN_DECLS

/**
 * DouQuietChats:
 *
 * Since when nothing has come to somebody from somebody else, as far as it was asked for and as much as
 * fits.
 */
#define DOU_TYPE_QUIET_CHATS (dou_quiet_chats_get_type ())
G_DECLARE_FINAL_TYPE (DouQuietChats, dou_quiet_chats, DOU, QUIET_CHATS, GObject)

DouQuietChats *dou_quiet_chats_new (DouWatch *watch, gsize max_bytes);
gboolean
dou_quiet_chats_are_quiet (DouQuietChats *self, gint64 reader, gint64 sender, gint64 after);
guint64 dou_quiet_chats_get_moment (DouQuietChats *self);
void dou_quiet_chats_learn (DouQuietChats *self,
                            gint64 reader,
                            gint64 sender,
                            gint64 newest,
                            guint64 moment);
gsize dou_quiet_chats_get_size (DouQuietChats *self);

G_END_DECLS
