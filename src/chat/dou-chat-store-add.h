/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "chat/dou-chat-store.h"
#include "common/dou-database.h"

G_BEGIN_DECLS

/**
 * DouChatAdd:
 *
 * Messages on their way into the tables, which is one job for the writer of the database.
 */
typedef struct
{
  GPtrArray *messages; /* (owned) (element-type DouMessage) */
  gint64 now;          /* milliseconds since 1970-01-01 UTC */
  char *keys_json;     /* (owned) what to look for */
  GArray *receipts;    /* (owned) (nullable) (element-type DouChatReceipt) the outcome */
} DouChatAdd;

DouChatAdd *dou_chat_add_new (GPtrArray *messages, gint64 now);
void dou_chat_add_free (DouChatAdd *self);
gboolean dou_chat_add_func (DouTransaction *transaction, gpointer data, GError **error);

G_END_DECLS
