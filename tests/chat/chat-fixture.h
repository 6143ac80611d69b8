/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "chat/dou-chat-manager.h"
#include "lib/dou-manual-clock.h"

G_BEGIN_DECLS

/* What the clock shows at first; announced times are counted from here. */
#define CHAT_NOW G_GINT64_CONSTANT (1750000000000)

/* A manager with a real store, in a directory of its own. */
typedef struct
{
  char *directory;         /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouManualClock *clock;   /* (owned) */
  DouChatStore *store;     /* (owned) */
  DouChatManager *manager; /* (owned) */
  GString *signals;        /* (owned) what was announced since somebody last looked */
} ChatFixture;

void chat_fixture_set_up (ChatFixture *fixture, gconstpointer data);
void chat_fixture_tear_down (ChatFixture *fixture, gconstpointer data);
void chat_fixture_restart (ChatFixture *fixture);

GPtrArray *chat_batch_new (void);
void chat_batch_put (GPtrArray *batch, gint64 id, gint64 sender, gint64 receiver, const char *text,
                     const char *request_id);

/* Each waits for the answer, which is no error. */
GArray *chat_fixture_send (ChatFixture *fixture, GPtrArray *batch);
GArray *chat_fixture_get (ChatFixture *fixture, const DouChatQuery *queries, guint n_queries);
GPtrArray *chat_fixture_get_latest (ChatFixture *fixture, const DouChatPair *pairs, guint n_pairs);
GArray *chat_fixture_mark_read (ChatFixture *fixture, const DouChatMark *marks, guint n_marks);
GArray *chat_fixture_get_marks (ChatFixture *fixture, const DouChatPair *pairs, guint n_pairs);

void chat_fixture_assert_signals (ChatFixture *fixture, const char *expected);

G_END_DECLS
