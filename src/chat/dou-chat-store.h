/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-database-address.h"
#include "chat/dou-message.h"

G_BEGIN_DECLS

/**
 * DouChatReceipt:
 *
 * Where a message was stored: now, or by an earlier try to send it.
 */
typedef struct
{
  gint64 id;
  gint64 sender; /* another one than that of the message, if the id was taken */
  gint64 time;   /* milliseconds since 1970-01-01 UTC */
  gboolean is_new;
  gboolean refused; /* nothing was stored: one of the two is no more; all else is 0 */
} DouChatReceipt;

/**
 * DouChatQuery:
 *
 * What somebody wants to read. With @after 0 it is the newest messages of both directions,
 * otherwise the oldest of those that came after that time.
 */
typedef struct
{
  gint64 reader;
  gint64 other;
  gint64 after;  /* milliseconds since 1970-01-01 UTC, or 0 */
  gboolean both; /* the reader's own too; with @after 0 they are wanted anyway */
  guint limit;   /* most messages, at least 1 */
} DouChatQuery;

/**
 * DouChatPair:
 *
 * Two users. Where it is asked what one of them did, it is the first.
 */
typedef struct
{
  gint64 user;
  gint64 other;
} DouChatPair;

/* The most unread messages that are counted of a conversation: people are shown “99+” beyond. */
#define DOU_CHAT_UNREAD_MAX 100

/**
 * DouChatListQuery:
 *
 * Whose conversations are wanted: those with the newest messages whose ids are below one.
 */
typedef struct
{
  gint64 reader;
  gint64 below; /* id of a message, or 0 */
  guint limit;  /* most conversations, at least 1 */
} DouChatListQuery;

/**
 * DouChatConversation:
 *
 * The latest message of the reader and another one, and how many of the other one's messages came
 * after what the reader has read or answered.
 */
typedef struct
{
  DouMessage *latest; /* (owned) */
  guint n_unread;     /* %DOU_CHAT_UNREAD_MAX at most */
} DouChatConversation;

/**
 * DouChatMark:
 *
 * Up to when somebody has read what another one wrote.
 */
typedef struct
{
  gint64 reader;
  gint64 other;
  gint64 time; /* milliseconds since 1970-01-01 UTC */
} DouChatMark;

/**
 * DouChatStore:
 *
 * The tables of the chat domain. Every call is for many items at once, and answers in their order.
 */
#define DOU_TYPE_CHAT_STORE (dou_chat_store_get_type ())
G_DECLARE_FINAL_TYPE (DouChatStore, dou_chat_store, DOU, CHAT_STORE, GObject)

DouChatStore *dou_chat_store_open (const DouDatabaseAddress *address, GError **error);
void dou_chat_store_close (DouChatStore *self);

const char *dou_chat_store_get_engine (DouChatStore *self);
guint dou_chat_store_get_schema_version (DouChatStore *self);

gint64 dou_chat_store_count (DouChatStore *self, GError **error);

void dou_chat_store_add_async (DouChatStore *self, GPtrArray *messages, gint64 now,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);
GArray *dou_chat_store_add_finish (DouChatStore *self, GAsyncResult *result, GError **error);

void dou_chat_store_get_async (DouChatStore *self, const DouChatQuery *queries, guint n_queries,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);
GPtrArray *dou_chat_store_get_finish (DouChatStore *self, GAsyncResult *result, GError **error);

void dou_chat_store_get_latest_async (DouChatStore *self, const DouChatPair *pairs, guint n_pairs,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);
GPtrArray *dou_chat_store_get_latest_finish (DouChatStore *self, GAsyncResult *result,
                                             GError **error);

void dou_chat_store_list_async (DouChatStore *self, const DouChatListQuery *queries,
                                guint n_queries, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *dou_chat_store_list_finish (DouChatStore *self, GAsyncResult *result, GError **error);

void dou_chat_store_mark_async (DouChatStore *self, const DouChatMark *marks, guint n_marks,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data);
GArray *dou_chat_store_mark_finish (DouChatStore *self, GAsyncResult *result, GError **error);

void dou_chat_store_get_marks_async (DouChatStore *self, const DouChatPair *pairs, guint n_pairs,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data);
GArray *dou_chat_store_get_marks_finish (DouChatStore *self, GAsyncResult *result, GError **error);

void dou_chat_store_remove_users_async (DouChatStore *self, const gint64 *users, guint n_users,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data);
gint64 dou_chat_store_remove_users_finish (DouChatStore *self, GAsyncResult *result, gboolean *done,
                                           GError **error);

G_END_DECLS
