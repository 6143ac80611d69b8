/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef void (*DouMailboxFunc) (gpointer item, gpointer user_data);

/**
 * DouMailbox:
 *
 * How one thread hands things to another: any thread posts, the thread that runs the main context
 * gets them, in their order.
 */
typedef struct _DouMailbox DouMailbox;

DouMailbox *dou_mailbox_new (GMainContext *context, DouMailboxFunc func, gpointer user_data,
                             GDestroyNotify free_item);
void dou_mailbox_free (DouMailbox *self);

void dou_mailbox_post (DouMailbox *self, gpointer item);
guint dou_mailbox_get_length (DouMailbox *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouMailbox, dou_mailbox_free)

G_END_DECLS
