/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database.h"

G_BEGIN_DECLS

/**
 * DouChatRemoval:
 *
 * Users whose conversations go, a piece of them: one job for the writer of the database.
 */
typedef struct
{
  char *users_json;  /* (owned) */
  gint64 n_messages; /* that are gone */
  gboolean done;     /* nothing is left */
} DouChatRemoval;

DouChatRemoval *dou_chat_removal_new (const gint64 *users, guint n_users);
void dou_chat_removal_free (DouChatRemoval *self);
gboolean dou_chat_removal_func (DouTransaction *transaction, gpointer data, GError **error);

G_END_DECLS
