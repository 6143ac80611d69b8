/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "chat/dou-chat-store.h"
#include "common/dou-clock.h"
#include "common/dou-status.h"

G_BEGIN_DECLS

/* The longest text, in characters. */
#define DOU_MESSAGE_TEXT_MAX 1000

/* The longest request id, in bytes: a UUID with its braces, or a hash in hexadecimal. */
#define DOU_REQUEST_ID_MAX 64

/* The most messages of one answer, which is what a client keeps of a conversation. */
#define DOU_MESSAGES_MAX 500

/* The most conversations of one answer: a page of 100, and one more that tells whether they go on. */
#define DOU_CONVERSATIONS_MAX 101

/**
 * DouChatOutcome:
 *
 * What became of one message that was to be sent.
 */
typedef struct
{
  DouStatus status;
  gint64 id;   /* 0 unless status is DOU_STATUS_OK */
  gint64 time; /* milliseconds since 1970-01-01 UTC; 0 unless status is DOU_STATUS_OK */
} DouChatOutcome;

/**
 * DouChatPage:
 *
 * What there is for somebody to read.
 */
typedef struct
{
  DouStatus status;
  GPtrArray *messages; /* (owned) (nullable) (element-type DouMessage) oldest first; NULL unless
                        * status is DOU_STATUS_OK */
} DouChatPage;

/**
 * DouChatManager:
 *
 * The rules of conversations, without bus or SQL.
 */
#define DOU_TYPE_CHAT_MANAGER (dou_chat_manager_get_type ())
G_DECLARE_FINAL_TYPE (DouChatManager, dou_chat_manager, DOU, CHAT_MANAGER, GObject)

DouChatManager *dou_chat_manager_new (DouChatStore *store, DouClock *clock, GError **error);

DouChatStore *dou_chat_manager_get_store (DouChatManager *self);
gint64 dou_chat_manager_get_message_count (DouChatManager *self);
gboolean dou_chat_manager_are_two_users (gint64 user, gint64 other);

void dou_chat_manager_send_async (DouChatManager *self, GPtrArray *messages,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data);
GArray *dou_chat_manager_send_finish (DouChatManager *self, GAsyncResult *result, GError **error);

void dou_chat_manager_get_messages_async (DouChatManager *self, const DouChatQuery *queries,
                                          guint n_queries, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_chat_manager_get_messages_finish (DouChatManager *self, GAsyncResult *result,
                                              GError **error);

void dou_chat_manager_get_latest_async (DouChatManager *self, const DouChatPair *pairs,
                                        guint n_pairs, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *dou_chat_manager_get_latest_finish (DouChatManager *self, GAsyncResult *result,
                                               GError **error);

void dou_chat_manager_list_async (DouChatManager *self, const DouChatListQuery *queries,
                                  guint n_queries, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *dou_chat_manager_list_finish (DouChatManager *self, GAsyncResult *result,
                                         GError **error);
DouStatus dou_chat_manager_check_list_query (const DouChatListQuery *query);

void dou_chat_manager_mark_read_async (DouChatManager *self, const DouChatMark *marks,
                                       guint n_marks, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_chat_manager_mark_read_finish (DouChatManager *self, GAsyncResult *result,
                                           GError **error);

void dou_chat_manager_get_marks_async (DouChatManager *self, const DouChatPair *pairs,
                                       guint n_pairs, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_chat_manager_get_marks_finish (DouChatManager *self, GAsyncResult *result,
                                           GError **error);

void dou_chat_manager_remove_users_async (DouChatManager *self, const gint64 *users, guint n_users,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
GArray *dou_chat_manager_remove_users_finish (DouChatManager *self, GAsyncResult *result,
                                              GError **error);
void dou_chat_manager_report_removed (DouChatManager *self, gint64 n_removed);

G_END_DECLS
