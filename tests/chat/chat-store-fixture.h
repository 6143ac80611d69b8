/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "chat-fixture.h"
#include "common/dou-id-minter.h"

G_BEGIN_DECLS

/* Ids as large as they get. */
#define ANN (DOU_ID_MAX)
#define BOB (DOU_ID_MAX - 1)
#define EVE (DOU_ID_MAX - 2)
#define FIRST_ID (DOU_ID_MAX - 1000000)

/* A store by itself. */
typedef struct
{
  char *directory;             /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouChatStore *store;         /* (owned) */
} ChatStoreFixture;

void chat_store_fixture_open_store (ChatStoreFixture *fixture);
void chat_store_fixture_restart (ChatStoreFixture *fixture);
void chat_store_fixture_set_up (ChatStoreFixture *fixture, gconstpointer data);
void chat_store_fixture_tear_down (ChatStoreFixture *fixture, gconstpointer data);
GArray *chat_store_fixture_add (ChatStoreFixture *fixture, GPtrArray *batch, gint64 now);
void chat_store_fixture_assert_receipt (GArray *receipts, guint i, gint64 id, gint64 sender,
                                        gint64 time, gboolean is_new);
void chat_store_fixture_assert_added (ChatStoreFixture *fixture, gint64 id, gint64 sender,
                                      gint64 receiver, gint64 now, gint64 expected_time);
GPtrArray *chat_store_fixture_get (ChatStoreFixture *fixture, const DouChatQuery *queries,
                                   guint n_queries);
char *chat_store_fixture_describe (GPtrArray *page);
void chat_store_fixture_assert_page (ChatStoreFixture *fixture, gint64 reader, gint64 other,
                                     gint64 after, gboolean both, guint limit,
                                     const char *expected);
void chat_store_fixture_assert_count (ChatStoreFixture *fixture, gint64 expected);

/* A part of the test, in a file of its own. */
void chat_store_test_add_reads (void);

G_END_DECLS
