/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "chat/dou-chat-store.h"
#include "common/dou-database.h"

G_BEGIN_DECLS

/**
 * DouChatSetMarks:
 *
 * Read marks on their way into the tables, which is one job for the writer of the database.
 */
typedef struct
{
  DouChatMark *marks; /* (owned) (array length=n_marks) */
  guint n_marks;
  GArray *moved; /* (owned) (nullable) (element-type DouChatMark) the outcome */
} DouChatSetMarks;

DouChatSetMarks *dou_chat_set_marks_new (const DouChatMark *marks, guint n_marks);
void dou_chat_set_marks_free (DouChatSetMarks *self);
gboolean dou_chat_set_marks_func (DouTransaction *transaction, gpointer data, GError **error);

G_END_DECLS
