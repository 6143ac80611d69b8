/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "chat/dou-chat-store.h"
#include "common/dou-database.h"

G_BEGIN_DECLS

/**
 * DouChatList:
 *
 * Whose conversations are wanted, which is one job for a reader of the database.
 */
typedef struct
{
  DouChatListQuery *queries; /* (owned) (array length=n_queries) */
  guint n_queries;
  gsize size;       /* bytes of the messages so far */
  GPtrArray *pages; /* (owned) (element-type GArray) (nullable elements) the outcome */
} DouChatList;

DouChatList *dou_chat_list_new (const DouChatListQuery *queries, guint n_queries);
void dou_chat_list_free (DouChatList *self);
gboolean dou_chat_list_func (DouTransaction *transaction, gpointer data, GError **error);

G_END_DECLS
