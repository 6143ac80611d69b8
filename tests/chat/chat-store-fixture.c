/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "chat-store-fixture.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"

void
chat_store_fixture_open_store (ChatStoreFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = dou_chat_store_open (fixture->address, &error);
  g_assert_no_error (error);
}

void
chat_store_fixture_restart (ChatStoreFixture *fixture)
{
  g_assert_finalize_object (fixture->store);
  chat_store_fixture_open_store (fixture);
}

void
chat_store_fixture_set_up (ChatStoreFixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->address = dou_test_engine_create (fixture->directory, "chat");
  chat_store_fixture_open_store (fixture);
}

void
chat_store_fixture_tear_down (ChatStoreFixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->store);
  dou_test_dir_remove (fixture->directory);
  dou_test_engine_remove (fixture->address);
}

GArray *
chat_store_fixture_add (ChatStoreFixture *fixture, GPtrArray *batch, gint64 now)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *receipts;

  dou_chat_store_add_async (fixture->store, batch, now, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  receipts = dou_chat_store_add_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (receipts->len, ==, batch->len);
  return receipts;
}

void
chat_store_fixture_assert_receipt (GArray *receipts, guint i, gint64 id, gint64 sender,
                                   gint64 time, gboolean is_new)
{
  const DouChatReceipt *receipt = &g_array_index (receipts, DouChatReceipt, i);

  g_assert_cmpint (receipt->id, ==, id);
  g_assert_cmpint (receipt->sender, ==, sender);
  g_assert_cmpint (receipt->time, ==, time);
  g_assert_cmpint (receipt->is_new, ==, is_new);
}

/* Adds one message and checks when it was sent. */
void
chat_store_fixture_assert_added (ChatStoreFixture *fixture, gint64 id, gint64 sender,
                                 gint64 receiver, gint64 now, gint64 expected_time)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  chat_batch_put (batch, id, sender, receiver, "text", NULL);
  receipts = chat_store_fixture_add (fixture, batch, now);
  chat_store_fixture_assert_receipt (receipts, 0, id, sender, expected_time, TRUE);
}

GPtrArray *
chat_store_fixture_get (ChatStoreFixture *fixture, const DouChatQuery *queries, guint n_queries)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *pages;

  dou_chat_store_get_async (fixture->store, queries, n_queries, NULL, dou_test_wait_result_cb,
                            &waited);
  result = dou_test_wait_result (&waited);
  pages = dou_chat_store_get_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pages->len, ==, n_queries);
  return pages;
}

/* The ids of a page, counted from FIRST_ID. */
char *
chat_store_fixture_describe (GPtrArray *page)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < page->len; i++)
    {
      const DouMessage *message = g_ptr_array_index (page, i);

      g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? " " : "",
                              message->id - FIRST_ID);
    }

  return g_string_free (text, FALSE);
}

void
chat_store_fixture_assert_page (ChatStoreFixture *fixture, gint64 reader, gint64 other,
                                gint64 after, gboolean both, guint limit,
                                const char *expected)
{
  const DouChatQuery query = { reader, other, after, both, limit };
  g_autoptr (GPtrArray) pages = chat_store_fixture_get (fixture, &query, 1);
  g_autofree char *ids = chat_store_fixture_describe (g_ptr_array_index (pages, 0));

  g_assert_cmpstr (ids, ==, expected);
}

void
chat_store_fixture_assert_count (ChatStoreFixture *fixture, gint64 expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (dou_chat_store_count (fixture->store, &error), ==, expected);
  g_assert_no_error (error);
}
