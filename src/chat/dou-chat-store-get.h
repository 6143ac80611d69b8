/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "chat/dou-chat-store.h"
#include "common/dou-database.h"

G_BEGIN_DECLS

/**
 * DouChatGet:
 *
 * What many want to read at one time, which is one job for a reader of the database.
 */
typedef struct
{
  DouChatQuery *queries; /* (owned) (array length=n_queries) */
  guint n_queries;
  gsize size;       /* bytes of the messages so far */
  GPtrArray *pages; /* (owned) (element-type GPtrArray) (nullable elements) the outcome */
} DouChatGet;

DouChatGet *dou_chat_get_new (const DouChatQuery *queries, guint n_queries);
void dou_chat_get_free (DouChatGet *self);
gboolean dou_chat_get_func (DouTransaction *transaction, gpointer data, GError **error);

DouMessage *dou_chat_get_message (DouRows *rows, guint row, guint column);

G_END_DECLS
