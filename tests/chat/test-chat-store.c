/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "chat-store-fixture.h"
#include "lib/dou-test-wait.h"

/* Test that a file which is no database is refused by name. */
static void
test_not_a_database (ChatStoreFixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "other.db", NULL);
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_for_file (path);
  g_autofree char *junk = g_strnfill (10000, '?');
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, junk, -1, NULL));
  g_assert_null (dou_chat_store_open (address, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, path));
}

/* Test that a closed store answers with an error. */
static void
test_closed (ChatStoreFixture *fixture, gconstpointer data)
{
  const DouChatQuery query = { ANN, BOB, 0, FALSE, 10 };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_chat_store_close (fixture->store);
  dou_chat_store_get_async (fixture->store, &query, 1, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  g_assert_null (dou_chat_store_get_finish (fixture->store, result, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_cmpint (dou_chat_store_count (fixture->store, NULL), ==, -1);
}

/* Test that an id which another user's message has is told, and neither message is touched. */
static void
test_taken_id (ChatStoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  chat_store_fixture_assert_added (fixture, FIRST_ID, ANN, BOB, CHAT_NOW, CHAT_NOW);
  chat_batch_put (batch, FIRST_ID, BOB, ANN, "other", NULL);
  chat_batch_put (batch, FIRST_ID + 1, BOB, EVE, "good", NULL);
  receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW);
  chat_store_fixture_assert_receipt (receipts, 0, FIRST_ID, ANN, CHAT_NOW, FALSE);
  chat_store_fixture_assert_receipt (receipts, 1, FIRST_ID + 1, BOB, CHAT_NOW, TRUE);
  chat_store_fixture_assert_page (fixture, ANN, BOB, 0, TRUE, 10, "0");
  chat_store_fixture_assert_count (fixture, 2);
}

/* Test that what comes again, in a batch, in a later one or after a restart, is answered as at
 * first and stored once; and that the request ids of others are others. */
static void
test_again (ChatStoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();

  chat_batch_put (batch, FIRST_ID, ANN, BOB, "one", "r1");
  chat_batch_put (batch, FIRST_ID, ANN, BOB, "one", "r1");
  chat_batch_put (batch, FIRST_ID + 1, ANN, BOB, "again", "r1");
  chat_batch_put (batch, FIRST_ID + 2, ANN, EVE, "again, to another", "r1");
  chat_batch_put (batch, FIRST_ID + 3, BOB, ANN, "two", "r1");
  chat_batch_put (batch, FIRST_ID + 4, ANN, BOB, "three", "R1");
  chat_batch_put (batch, FIRST_ID + 4, ANN, BOB, "three", NULL);
  chat_batch_put (batch, FIRST_ID + 5, ANN, BOB, "four", NULL);
  chat_batch_put (batch, FIRST_ID + 6, ANN, BOB, "five", NULL);

  for (guint round = 0; round < 3; round++)
    {
      g_autoptr (GArray) receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW + round * 1000);
      gboolean is_new = round == 0;

      chat_store_fixture_assert_receipt (receipts, 0, FIRST_ID, ANN, CHAT_NOW, is_new);
      chat_store_fixture_assert_receipt (receipts, 1, FIRST_ID, ANN, CHAT_NOW, FALSE);
      chat_store_fixture_assert_receipt (receipts, 2, FIRST_ID, ANN, CHAT_NOW, FALSE);
      chat_store_fixture_assert_receipt (receipts, 3, FIRST_ID, ANN, CHAT_NOW, FALSE);
      chat_store_fixture_assert_receipt (receipts, 4, FIRST_ID + 3, BOB, CHAT_NOW + 1, is_new);
      chat_store_fixture_assert_receipt (receipts, 5, FIRST_ID + 4, ANN, CHAT_NOW + 2, is_new);
      chat_store_fixture_assert_receipt (receipts, 6, FIRST_ID + 4, ANN, CHAT_NOW + 2, FALSE);
      chat_store_fixture_assert_receipt (receipts, 7, FIRST_ID + 5, ANN, CHAT_NOW + 3, is_new);
      chat_store_fixture_assert_receipt (receipts, 8, FIRST_ID + 6, ANN, CHAT_NOW + 4, is_new);
      chat_store_fixture_assert_count (fixture, 5);
      if (round == 1)
        chat_store_fixture_restart (fixture);
    }
}

/* Test that an id which came with a repeated request, and so was not stored, is still free; and
 * that the request goes before the id. */
static void
test_free_id (ChatStoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  chat_batch_put (batch, FIRST_ID, ANN, BOB, "one", "a");
  chat_batch_put (batch, FIRST_ID + 1, ANN, BOB, "one again", "a");
  chat_batch_put (batch, FIRST_ID + 1, ANN, BOB, "two", "b");
  chat_batch_put (batch, FIRST_ID, ANN, BOB, "two again", "b");
  receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW);
  chat_store_fixture_assert_receipt (receipts, 0, FIRST_ID, ANN, CHAT_NOW, TRUE);
  chat_store_fixture_assert_receipt (receipts, 1, FIRST_ID, ANN, CHAT_NOW, FALSE);
  chat_store_fixture_assert_receipt (receipts, 2, FIRST_ID + 1, ANN, CHAT_NOW + 1, TRUE);
  chat_store_fixture_assert_receipt (receipts, 3, FIRST_ID + 1, ANN, CHAT_NOW + 1, FALSE);

  g_ptr_array_set_size (batch, 0);
  g_clear_pointer (&receipts, g_array_unref);
  chat_batch_put (batch, FIRST_ID + 2, ANN, BOB, "three", NULL);
  chat_batch_put (batch, FIRST_ID + 2, ANN, BOB, "one again", "a");
  chat_batch_put (batch, FIRST_ID, ANN, BOB, "two again", "b");
  receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW);
  chat_store_fixture_assert_receipt (receipts, 0, FIRST_ID + 2, ANN, CHAT_NOW + 2, TRUE);
  chat_store_fixture_assert_receipt (receipts, 1, FIRST_ID, ANN, CHAT_NOW, FALSE);
  chat_store_fixture_assert_receipt (receipts, 2, FIRST_ID + 1, ANN, CHAT_NOW + 1, FALSE);
}

/* Test that times only grow within a conversation: in one millisecond, from both sides, with the
 * clock set back, in one batch, and over a restart; and that conversations do not disturb each
 * other. */
static void
test_times (ChatStoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;
  gint64 id = FIRST_ID;

  chat_store_fixture_assert_added (fixture, id++, ANN, BOB, CHAT_NOW, CHAT_NOW);
  chat_store_fixture_assert_added (fixture, id++, BOB, ANN, CHAT_NOW, CHAT_NOW + 1);
  chat_store_fixture_assert_added (fixture, id++, ANN, BOB, CHAT_NOW - 100000, CHAT_NOW + 2);
  chat_store_fixture_assert_added (fixture, id++, ANN, EVE, CHAT_NOW - 100000, CHAT_NOW - 100000);
  chat_store_fixture_assert_added (fixture, id++, BOB, ANN, CHAT_NOW + 1, CHAT_NOW + 3);
  chat_store_fixture_assert_added (fixture, id++, ANN, BOB, CHAT_NOW + 10, CHAT_NOW + 10);
  chat_store_fixture_restart (fixture);
  chat_store_fixture_assert_added (fixture, id++, BOB, ANN, CHAT_NOW, CHAT_NOW + 11);

  chat_batch_put (batch, id, ANN, BOB, "1", NULL);
  chat_batch_put (batch, id + 1, EVE, ANN, "2", NULL);
  chat_batch_put (batch, id + 2, BOB, ANN, "3", NULL);
  chat_batch_put (batch, id + 3, ANN, EVE, "4", NULL);
  chat_batch_put (batch, id + 4, ANN, BOB, "5", NULL);
  receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW);
  chat_store_fixture_assert_receipt (receipts, 0, id, ANN, CHAT_NOW + 12, TRUE);
  chat_store_fixture_assert_receipt (receipts, 1, id + 1, EVE, CHAT_NOW, TRUE);
  chat_store_fixture_assert_receipt (receipts, 2, id + 2, BOB, CHAT_NOW + 13, TRUE);
  chat_store_fixture_assert_receipt (receipts, 3, id + 3, ANN, CHAT_NOW + 1, TRUE);
  chat_store_fixture_assert_receipt (receipts, 4, id + 4, ANN, CHAT_NOW + 14, TRUE);
  chat_store_fixture_assert_page (fixture, ANN, BOB, 0, FALSE, 100, "0 1 2 4 5 6 7 9 11");
  chat_store_fixture_assert_page (fixture, EVE, ANN, 0, FALSE, 100, "3 8 10");
}

/* Test that texts of every kind come back as they went in. */
static void
test_texts (ChatStoreFixture *fixture, gconstpointer data)
{
  const char *texts[] = { "'",
                          "\"",
                          "\\",
                          "a'b\"c\\d",
                          "##json::string",
                          "?1 $2 :a",
                          "; DROP TABLE messages",
                          "抖音👩‍👩‍👧",
                          "e\xcc\x81",
                          "\xc3\xa9",
                          " \n\tx ",
                          "%_",
                          "<&>",
                          "null",
                          "1e400",
                          "007",
                          "שלום",
                          "[1]",
                          "{\"a\":1}" };
  const DouChatQuery query = { ANN, BOB, 0, FALSE, 500 };
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;
  g_autoptr (GArray) again = NULL;
  g_autoptr (GPtrArray) pages = NULL;
  GPtrArray *page;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    chat_batch_put (batch, FIRST_ID + i, ANN, BOB, texts[i], texts[i]);
  receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    chat_store_fixture_assert_receipt (receipts, i, FIRST_ID + i, ANN, CHAT_NOW + i, TRUE);

  pages = chat_store_fixture_get (fixture, &query, 1);
  page = g_ptr_array_index (pages, 0);
  g_assert_cmpuint (page->len, ==, G_N_ELEMENTS (texts));
  for (guint i = 0; i < page->len; i++)
    {
      DouMessage *message = g_ptr_array_index (page, i);

      g_assert_cmpstr (message->text, ==, texts[i]);
      ((DouMessage *) g_ptr_array_index (batch, i))->id += 1000;
    }

  again = chat_store_fixture_add (fixture, batch, CHAT_NOW);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    chat_store_fixture_assert_receipt (again, i, FIRST_ID + i, ANN, CHAT_NOW + i, FALSE);
}

/* How much the test of costs does of everything. */
static guint
get_n_rounds (void)
{
  return g_test_perf () ? 2000 : 2;
}

static double
get_us (gint64 start, guint n)
{
  return (double) (g_get_monotonic_time () - start) / n;
}

/* Sends in batches among some 4,000 conversations. */
static void
print_cost_of_sending (ChatStoreFixture *fixture, gint64 first_id, guint size, gboolean named)
{
  gint64 id = first_id;
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < get_n_rounds (); i++)
    {
      g_autoptr (GPtrArray) batch = chat_batch_new ();
      g_autoptr (GArray) receipts = NULL;

      for (guint j = 0; j < size; j++)
        {
          g_autofree char *request_id = named ? g_uuid_string_random () : NULL;
          gint64 sender = g_test_rand_int_range (1, 200);

          chat_batch_put (batch, id++, sender, sender + g_test_rand_int_range (1, 20),
                          "今天天气不错，出去走走吧", request_id);
        }
      receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW + i);
    }

  g_test_minimized_result (get_us (start, get_n_rounds () * size),
                           "message in batches of %u, %s request ids: %.1f us", size,
                           named ? "with" : "without", get_us (start, get_n_rounds () * size));
}

static void
print_cost_of_reading (ChatStoreFixture *fixture, const char *what, gint64 after, guint n, guint limit)
{
  g_autofree DouChatQuery *queries = g_new (DouChatQuery, n);
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < get_n_rounds (); i++)
    {
      g_autoptr (GPtrArray) pages = NULL;

      for (guint j = 0; j < n; j++)
        queries[j] = (DouChatQuery){ 1 + (i + j) % 100, 2 + (i + j) % 100, after, FALSE, limit };
      pages = chat_store_fixture_get (fixture, queries, n);
    }

  g_test_minimized_result (get_us (start, get_n_rounds () * n), "%s, by %u: %.2f us", what, n,
                           get_us (start, get_n_rounds () * n));
}

/* Prints what sending and reading cost. Run with -m perf. */
static void
test_cost (ChatStoreFixture *fixture, gconstpointer data)
{
  print_cost_of_sending (fixture, FIRST_ID, 64, FALSE);
  print_cost_of_sending (fixture, FIRST_ID + 200000, 64, TRUE);
  print_cost_of_sending (fixture, FIRST_ID + 400000, 1, FALSE);
  print_cost_of_reading (fixture, "poll that finds nothing", CHAT_NOW + 1000000, 1, 500);
  print_cost_of_reading (fixture, "poll that finds nothing", CHAT_NOW + 1000000, 64, 500);
  print_cost_of_reading (fixture, "newest 30 of a conversation", 0, 1, 30);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/chat/store/" name, ChatStoreFixture, NULL, chat_store_fixture_set_up, func,       \
              chat_store_fixture_tear_down)
  ADD ("not-a-database", test_not_a_database);
  ADD ("closed", test_closed);
  ADD ("taken-id", test_taken_id);
  ADD ("again", test_again);
  ADD ("free-id", test_free_id);
  ADD ("times", test_times);
  ADD ("texts", test_texts);
  ADD ("cost", test_cost);
#undef ADD
  chat_store_test_add_reads ();

  return g_test_run ();
}
