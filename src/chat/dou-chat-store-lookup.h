/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "chat/dou-chat-store.h"
#include "common/dou-database.h"

G_BEGIN_DECLS

/**
 * DouChatLookup:
 *
 * What a single statement answers, which is one job for a reader of the database.
 */
typedef struct
{
  const char *statement;
  const char *columns;
  char *json;    /* (owned) (nullable) */
  DouRows *rows; /* (owned) (nullable) the outcome */
} DouChatLookup;

DouChatLookup *dou_chat_lookup_new_count (void);
DouChatLookup *dou_chat_lookup_new_latest (const DouChatPair *pairs, guint n_pairs);
DouChatLookup *dou_chat_lookup_new_marks (const DouChatPair *pairs, guint n_pairs);
void dou_chat_lookup_free (DouChatLookup *self);
gboolean dou_chat_lookup_func (DouTransaction *transaction, gpointer data, GError **error);

GPtrArray *dou_chat_lookup_make_messages (DouChatLookup *self);
GArray *dou_chat_lookup_make_times (DouChatLookup *self);

G_END_DECLS
