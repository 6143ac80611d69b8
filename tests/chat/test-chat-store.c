/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "chat-fixture.h"
#include "common/dou-id-minter.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"

/* Ids as large as they get. */
#define ANN (DOU_ID_MAX)
#define BOB (DOU_ID_MAX - 1)
#define EVE (DOU_ID_MAX - 2)
#define FIRST_ID (DOU_ID_MAX - 1000000)

typedef struct
{
  char *directory;     /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouChatStore *store; /* (owned) */
} Fixture;

static void
open_store (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = dou_chat_store_open (fixture->address, &error);
  g_assert_no_error (error);
}

static void
restart (Fixture *fixture)
{
  g_assert_finalize_object (fixture->store);
  open_store (fixture);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->address = dou_test_engine_create (fixture->directory, "chat");
  open_store (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->store);
  dou_test_dir_remove (fixture->directory);
  dou_test_engine_remove (fixture->address);
}

static GArray *
add (Fixture *fixture, GPtrArray *batch, gint64 now)
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

static void
assert_receipt (GArray *receipts, guint i, gint64 id, gint64 sender, gint64 time, gboolean is_new)
{
  const DouChatReceipt *receipt = &g_array_index (receipts, DouChatReceipt, i);

  g_assert_cmpint (receipt->id, ==, id);
  g_assert_cmpint (receipt->sender, ==, sender);
  g_assert_cmpint (receipt->time, ==, time);
  g_assert_cmpint (receipt->is_new, ==, is_new);
}

/* Adds one message and checks when it was sent. */
static void
assert_added (Fixture *fixture, gint64 id, gint64 sender, gint64 receiver, gint64 now,
              gint64 expected_time)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  chat_batch_put (batch, id, sender, receiver, "text", NULL);
  receipts = add (fixture, batch, now);
  assert_receipt (receipts, 0, id, sender, expected_time, TRUE);
}

static GPtrArray *
get (Fixture *fixture, const DouChatQuery *queries, guint n_queries)
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
static char *
describe (GPtrArray *page)
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

static void
assert_page (Fixture *fixture, gint64 reader, gint64 other, gint64 after, gboolean both,
             guint limit, const char *expected)
{
  const DouChatQuery query = { reader, other, after, both, limit };
  g_autoptr (GPtrArray) pages = get (fixture, &query, 1);
  g_autofree char *ids = describe (g_ptr_array_index (pages, 0));

  g_assert_cmpstr (ids, ==, expected);
}

static void
assert_count (Fixture *fixture, gint64 expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (dou_chat_store_count (fixture->store, &error), ==, expected);
  g_assert_no_error (error);
}

/* Marks, and describes what moved: reader, other, time, each counted from a base. */
static char *
mark (Fixture *fixture, const DouChatMark *marks, guint n_marks)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) moved = NULL;
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);

  dou_chat_store_mark_async (fixture->store, marks, n_marks, NULL, dou_test_wait_result_cb,
                             &waited);
  result = dou_test_wait_result (&waited);
  moved = dou_chat_store_mark_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < moved->len; i++)
    {
      const DouChatMark *one = &g_array_index (moved, DouChatMark, i);

      g_string_append_printf (text, "%d<-%d:%d ", (int) (ANN - one->reader),
                              (int) (ANN - one->other), (int) (one->time - CHAT_NOW));
    }

  return g_string_free (text, FALSE);
}

static void
assert_mark (Fixture *fixture, gint64 reader, gint64 other, gint64 time, const char *expected)
{
  const DouChatMark one = { reader, other, time };
  g_autofree char *moved = mark (fixture, &one, 1);

  g_assert_cmpstr (moved, ==, expected);
}

/* Test that a file which is no database is refused by name. */
static void
test_not_a_database (Fixture *fixture, gconstpointer data)
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
test_closed (Fixture *fixture, gconstpointer data)
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
test_taken_id (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  assert_added (fixture, FIRST_ID, ANN, BOB, CHAT_NOW, CHAT_NOW);
  chat_batch_put (batch, FIRST_ID, BOB, ANN, "other", NULL);
  chat_batch_put (batch, FIRST_ID + 1, BOB, EVE, "good", NULL);
  receipts = add (fixture, batch, CHAT_NOW);
  assert_receipt (receipts, 0, FIRST_ID, ANN, CHAT_NOW, FALSE);
  assert_receipt (receipts, 1, FIRST_ID + 1, BOB, CHAT_NOW, TRUE);
  assert_page (fixture, ANN, BOB, 0, TRUE, 10, "0");
  assert_count (fixture, 2);
}

/* Test that what comes again, in a batch, in a later one or after a restart, is answered as at
 * first and stored once; and that the request ids of others are others. */
static void
test_again (Fixture *fixture, gconstpointer data)
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
      g_autoptr (GArray) receipts = add (fixture, batch, CHAT_NOW + round * 1000);
      gboolean is_new = round == 0;

      assert_receipt (receipts, 0, FIRST_ID, ANN, CHAT_NOW, is_new);
      assert_receipt (receipts, 1, FIRST_ID, ANN, CHAT_NOW, FALSE);
      assert_receipt (receipts, 2, FIRST_ID, ANN, CHAT_NOW, FALSE);
      assert_receipt (receipts, 3, FIRST_ID, ANN, CHAT_NOW, FALSE);
      assert_receipt (receipts, 4, FIRST_ID + 3, BOB, CHAT_NOW + 1, is_new);
      assert_receipt (receipts, 5, FIRST_ID + 4, ANN, CHAT_NOW + 2, is_new);
      assert_receipt (receipts, 6, FIRST_ID + 4, ANN, CHAT_NOW + 2, FALSE);
      assert_receipt (receipts, 7, FIRST_ID + 5, ANN, CHAT_NOW + 3, is_new);
      assert_receipt (receipts, 8, FIRST_ID + 6, ANN, CHAT_NOW + 4, is_new);
      assert_count (fixture, 5);
      if (round == 1)
        restart (fixture);
    }
}

/* Test that an id which came with a repeated request, and so was not stored, is still free; and
 * that the request goes before the id. */
static void
test_free_id (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  chat_batch_put (batch, FIRST_ID, ANN, BOB, "one", "a");
  chat_batch_put (batch, FIRST_ID + 1, ANN, BOB, "one again", "a");
  chat_batch_put (batch, FIRST_ID + 1, ANN, BOB, "two", "b");
  chat_batch_put (batch, FIRST_ID, ANN, BOB, "two again", "b");
  receipts = add (fixture, batch, CHAT_NOW);
  assert_receipt (receipts, 0, FIRST_ID, ANN, CHAT_NOW, TRUE);
  assert_receipt (receipts, 1, FIRST_ID, ANN, CHAT_NOW, FALSE);
  assert_receipt (receipts, 2, FIRST_ID + 1, ANN, CHAT_NOW + 1, TRUE);
  assert_receipt (receipts, 3, FIRST_ID + 1, ANN, CHAT_NOW + 1, FALSE);

  g_ptr_array_set_size (batch, 0);
  g_clear_pointer (&receipts, g_array_unref);
  chat_batch_put (batch, FIRST_ID + 2, ANN, BOB, "three", NULL);
  chat_batch_put (batch, FIRST_ID + 2, ANN, BOB, "one again", "a");
  chat_batch_put (batch, FIRST_ID, ANN, BOB, "two again", "b");
  receipts = add (fixture, batch, CHAT_NOW);
  assert_receipt (receipts, 0, FIRST_ID + 2, ANN, CHAT_NOW + 2, TRUE);
  assert_receipt (receipts, 1, FIRST_ID, ANN, CHAT_NOW, FALSE);
  assert_receipt (receipts, 2, FIRST_ID + 1, ANN, CHAT_NOW + 1, FALSE);
}

/* Test that times only grow within a conversation: in one millisecond, from both sides, with the
 * clock set back, in one batch, and over a restart; and that conversations do not disturb each
 * other. */
static void
test_times (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;
  gint64 id = FIRST_ID;

  assert_added (fixture, id++, ANN, BOB, CHAT_NOW, CHAT_NOW);
  assert_added (fixture, id++, BOB, ANN, CHAT_NOW, CHAT_NOW + 1);
  assert_added (fixture, id++, ANN, BOB, CHAT_NOW - 100000, CHAT_NOW + 2);
  assert_added (fixture, id++, ANN, EVE, CHAT_NOW - 100000, CHAT_NOW - 100000);
  assert_added (fixture, id++, BOB, ANN, CHAT_NOW + 1, CHAT_NOW + 3);
  assert_added (fixture, id++, ANN, BOB, CHAT_NOW + 10, CHAT_NOW + 10);
  restart (fixture);
  assert_added (fixture, id++, BOB, ANN, CHAT_NOW, CHAT_NOW + 11);

  chat_batch_put (batch, id, ANN, BOB, "1", NULL);
  chat_batch_put (batch, id + 1, EVE, ANN, "2", NULL);
  chat_batch_put (batch, id + 2, BOB, ANN, "3", NULL);
  chat_batch_put (batch, id + 3, ANN, EVE, "4", NULL);
  chat_batch_put (batch, id + 4, ANN, BOB, "5", NULL);
  receipts = add (fixture, batch, CHAT_NOW);
  assert_receipt (receipts, 0, id, ANN, CHAT_NOW + 12, TRUE);
  assert_receipt (receipts, 1, id + 1, EVE, CHAT_NOW, TRUE);
  assert_receipt (receipts, 2, id + 2, BOB, CHAT_NOW + 13, TRUE);
  assert_receipt (receipts, 3, id + 3, ANN, CHAT_NOW + 1, TRUE);
  assert_receipt (receipts, 4, id + 4, ANN, CHAT_NOW + 14, TRUE);
  assert_page (fixture, ANN, BOB, 0, FALSE, 100, "0 1 2 4 5 6 7 9 11");
  assert_page (fixture, EVE, ANN, 0, FALSE, 100, "3 8 10");
}

/* Ann and Bob write in turns, Ann first, each a millisecond after the other. */
static void
write_in_turns (Fixture *fixture, guint n)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  for (guint i = 0; i < n; i++)
    chat_batch_put (batch, FIRST_ID + i, i % 2 == 0 ? ANN : BOB, i % 2 == 0 ? BOB : ANN, "text",
                    NULL);
  receipts = add (fixture, batch, CHAT_NOW);
  for (guint i = 0; i < n; i++)
    assert_receipt (receipts, i, FIRST_ID + i, i % 2 == 0 ? ANN : BOB, CHAT_NOW + i, TRUE);
}

/* Test what is read: nothing of others, the newest without a time, the oldest with one, and both
 * directions where they are wanted. */
static void
test_get (Fixture *fixture, gconstpointer data)
{
  assert_page (fixture, ANN, BOB, 0, TRUE, 10, "");
  write_in_turns (fixture, 10);
  assert_added (fixture, FIRST_ID + 100, ANN, EVE, CHAT_NOW, CHAT_NOW);
  assert_added (fixture, FIRST_ID + 101, EVE, BOB, CHAT_NOW, CHAT_NOW);

  assert_page (fixture, ANN, BOB, 0, FALSE, 500, "0 1 2 3 4 5 6 7 8 9");
  assert_page (fixture, BOB, ANN, 0, FALSE, 500, "0 1 2 3 4 5 6 7 8 9");
  assert_page (fixture, ANN, BOB, 0, FALSE, 4, "6 7 8 9");
  assert_page (fixture, ANN, BOB, 0, FALSE, 1, "9");
  assert_page (fixture, ANN, EVE, 0, FALSE, 500, "100");
  assert_page (fixture, EVE, ANN, CHAT_NOW - 1, FALSE, 500, "100");

  assert_page (fixture, ANN, BOB, 1, FALSE, 500, "1 3 5 7 9");
  assert_page (fixture, BOB, ANN, 1, FALSE, 500, "0 2 4 6 8");
  assert_page (fixture, ANN, BOB, CHAT_NOW + 3, FALSE, 500, "5 7 9");
  assert_page (fixture, ANN, BOB, CHAT_NOW + 4, FALSE, 500, "5 7 9");
  assert_page (fixture, ANN, BOB, CHAT_NOW + 4, FALSE, 2, "5 7");
  assert_page (fixture, ANN, BOB, CHAT_NOW + 9, FALSE, 500, "");
  assert_page (fixture, BOB, ANN, CHAT_NOW + 8, FALSE, 500, "");
  assert_page (fixture, BOB, ANN, G_MAXINT64, TRUE, 500, "");

  assert_page (fixture, ANN, BOB, CHAT_NOW + 4, TRUE, 500, "5 6 7 8 9");
  assert_page (fixture, BOB, ANN, CHAT_NOW + 4, TRUE, 3, "5 6 7");
  assert_page (fixture, BOB, ANN, CHAT_NOW + 8, TRUE, 3, "9");
}

/* Test that many who ask in one call get their own each, whatever the others want. */
static void
test_get_many (Fixture *fixture, gconstpointer data)
{
  const guint n = 100;
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;
  g_autofree DouChatQuery *queries = g_new (DouChatQuery, 4 * n);
  g_autoptr (GPtrArray) pages = NULL;

  /* Everybody has written to Ann twice, and Ann has answered in between. */
  for (guint i = 0; i < n; i++)
    {
      chat_batch_put (batch, FIRST_ID + 3 * i, i + 1, ANN, "one", NULL);
      chat_batch_put (batch, FIRST_ID + 3 * i + 1, ANN, i + 1, "two", NULL);
      chat_batch_put (batch, FIRST_ID + 3 * i + 2, i + 1, ANN, "three", NULL);
    }
  receipts = add (fixture, batch, CHAT_NOW);

  for (guint i = 0; i < n; i++)
    {
      queries[4 * i] = (DouChatQuery){ ANN, i + 1, CHAT_NOW + 2, TRUE, 500 };
      queries[4 * i + 1] = (DouChatQuery){ ANN, i + 1, 0, FALSE, 1 + i % 3 };
      queries[4 * i + 2] = (DouChatQuery){ i + 1, i, CHAT_NOW, TRUE, 500 };
      queries[4 * i + 3] = (DouChatQuery){ ANN, i + 1, 1, i % 2 == 1, 2 + i % 2 };
    }

  pages = get (fixture, queries, 4 * n);
  for (guint i = 0; i < n; i++)
    {
      const char *newest[] = { "2", "1 2", "0 1 2" };
      const char *after[] = { "0 2", "0 1 2" };

      for (guint j = 0; j < 4; j++)
        {
          const char *expected[] = { "", newest[i % 3], "", after[i % 2] };
          GPtrArray *page = g_ptr_array_index (pages, 4 * i + j);
          g_autofree char *ids = NULL;

          for (guint k = 0; k < page->len; k++)
            ((DouMessage *) g_ptr_array_index (page, k))->id -= 3 * i;
          ids = describe (page);
          g_assert_cmpstr (ids, ==, expected[j]);
        }
    }
}

/* Test that one call brings home only so much, that nobody gets a part of what there is, that who
 * got nothing gets it next time, and that this keeps nobody from knowing that there is nothing. */
static void
test_get_too_much (Fixture *fixture, gconstpointer data)
{
  const guint n_users = 20;
  const guint n_each = 300;
  g_autofree char *text = g_strnfill (4000, 'x');
  g_autofree DouChatQuery *queries = g_new (DouChatQuery, n_users + 1);
  guint n_left = n_users;
  guint n_calls = 0;

  for (guint i = 0; i < n_users; i++)
    {
      g_autoptr (GPtrArray) batch = chat_batch_new ();
      g_autoptr (GArray) receipts = NULL;

      for (guint j = 0; j < n_each; j++)
        chat_batch_put (batch, FIRST_ID + i * n_each + j, i + 1, ANN, text, NULL);
      receipts = add (fixture, batch, CHAT_NOW);
      queries[i] = (DouChatQuery){ ANN, i + 1, i % 2 == 0 ? 0 : 1, FALSE, 500 };
    }
  queries[n_users] = (DouChatQuery){ ANN, EVE, 0, FALSE, 500 };

  while (n_left > 0)
    {
      g_autoptr (GPtrArray) pages = get (fixture, queries, n_users + 1);
      guint n_got = 0;

      for (guint i = 0; i < n_users; i++)
        {
          GPtrArray *page = g_ptr_array_index (pages, i);

          if (page == NULL || page->len == 0)
            continue;
          g_assert_cmpuint (page->len, ==, n_each);
          queries[i].after = G_MAXINT64;
          n_got++;
        }

      g_assert_cmpuint (n_got, >, 0);
      g_assert_cmpuint (n_got, <, n_users);
      g_assert_cmpuint (((GPtrArray *) g_ptr_array_index (pages, n_users))->len, ==, 0);
      n_left -= n_got;
      n_calls++;
    }

  g_assert_cmpuint (n_calls, ==, 3);
}

/* Test the latest message of a conversation, asked by either side. */
static void
test_latest (Fixture *fixture, gconstpointer data)
{
  const DouChatPair pairs[] = { { ANN, BOB }, { EVE, BOB }, { BOB, ANN }, { ANN, ANN }, { 0, -1 } };
  const gint64 expected[] = { FIRST_ID + 9, FIRST_ID + 20, FIRST_ID + 9, 0, 0 };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) messages = NULL;
  g_autoptr (GError) error = NULL;

  write_in_turns (fixture, 10);
  assert_added (fixture, FIRST_ID + 20, EVE, BOB, CHAT_NOW + 5, CHAT_NOW + 5);

  dou_chat_store_get_latest_async (fixture->store, pairs, G_N_ELEMENTS (pairs), NULL,
                                   dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  messages = dou_chat_store_get_latest_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (messages->len, ==, G_N_ELEMENTS (pairs));
  for (guint i = 0; i < messages->len; i++)
    {
      const DouMessage *message = g_ptr_array_index (messages, i);

      g_assert_cmpint (message != NULL ? message->id : 0, ==, expected[i]);
    }

  g_assert_cmpint (((DouMessage *) g_ptr_array_index (messages, 0))->sender, ==, BOB);
  g_assert_cmpint (((DouMessage *) g_ptr_array_index (messages, 1))->sender, ==, EVE);
  g_assert_cmpint (((DouMessage *) g_ptr_array_index (messages, 1))->receiver, ==, BOB);
  g_assert_cmpint (((DouMessage *) g_ptr_array_index (messages, 1))->time, ==, CHAT_NOW + 5);
  g_assert_cmpstr (((DouMessage *) g_ptr_array_index (messages, 1))->text, ==, "text");
}

/* Test that marks go forward only, and only to messages that the reader received. */
static void
test_marks (Fixture *fixture, gconstpointer data)
{
  const DouChatMark several[] = { { BOB, ANN, CHAT_NOW + 5 },
                                  { BOB, ANN, CHAT_NOW + 7 },
                                  { BOB, ANN, CHAT_NOW + 3 },
                                  { ANN, BOB, CHAT_NOW + 1 },
                                  { EVE, ANN, CHAT_NOW + 9 } };
  const DouChatPair pairs[] = { { ANN, BOB }, { EVE, ANN }, { BOB, ANN }, { ANN, BOB } };
  const gint64 expected[] = { CHAT_NOW + 9, 0, CHAT_NOW + 6, CHAT_NOW + 9 };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) times = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *moved = NULL;

  assert_mark (fixture, ANN, BOB, CHAT_NOW, "");
  write_in_turns (fixture, 10);
  assert_mark (fixture, ANN, BOB, CHAT_NOW, "");
  assert_mark (fixture, ANN, BOB, CHAT_NOW + 3, "0<-1:3 ");
  assert_mark (fixture, ANN, BOB, CHAT_NOW + 4, "");
  assert_mark (fixture, ANN, BOB, CHAT_NOW + 1, "");
  assert_mark (fixture, ANN, BOB, G_MAXINT64, "0<-1:9 ");
  assert_mark (fixture, ANN, BOB, G_MAXINT64, "");
  moved = mark (fixture, several, G_N_ELEMENTS (several));
  g_assert_cmpstr (moved, ==, "1<-0:6 ");

  restart (fixture);
  dou_chat_store_get_marks_async (fixture->store, pairs, G_N_ELEMENTS (pairs), NULL,
                                  dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  times = dou_chat_store_get_marks_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (times->data, times->len * sizeof (gint64), expected, sizeof expected);
}

/* Test that texts of every kind come back as they went in. */
static void
test_texts (Fixture *fixture, gconstpointer data)
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
  receipts = add (fixture, batch, CHAT_NOW);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_receipt (receipts, i, FIRST_ID + i, ANN, CHAT_NOW + i, TRUE);

  pages = get (fixture, &query, 1);
  page = g_ptr_array_index (pages, 0);
  g_assert_cmpuint (page->len, ==, G_N_ELEMENTS (texts));
  for (guint i = 0; i < page->len; i++)
    {
      DouMessage *message = g_ptr_array_index (page, i);

      g_assert_cmpstr (message->text, ==, texts[i]);
      ((DouMessage *) g_ptr_array_index (batch, i))->id += 1000;
    }

  again = add (fixture, batch, CHAT_NOW);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_receipt (again, i, FIRST_ID + i, ANN, CHAT_NOW + i, FALSE);
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
print_cost_of_sending (Fixture *fixture, gint64 first_id, guint size, gboolean named)
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
      receipts = add (fixture, batch, CHAT_NOW + i);
    }

  g_test_minimized_result (get_us (start, get_n_rounds () * size),
                           "message in batches of %u, %s request ids: %.1f us", size,
                           named ? "with" : "without", get_us (start, get_n_rounds () * size));
}

static void
print_cost_of_reading (Fixture *fixture, const char *what, gint64 after, guint n, guint limit)
{
  g_autofree DouChatQuery *queries = g_new (DouChatQuery, n);
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < get_n_rounds (); i++)
    {
      g_autoptr (GPtrArray) pages = NULL;

      for (guint j = 0; j < n; j++)
        queries[j] = (DouChatQuery){ 1 + (i + j) % 100, 2 + (i + j) % 100, after, FALSE, limit };
      pages = get (fixture, queries, n);
    }

  g_test_minimized_result (get_us (start, get_n_rounds () * n), "%s, by %u: %.2f us", what, n,
                           get_us (start, get_n_rounds () * n));
}

/* Prints what sending and reading cost. Run with -m perf. */
static void
test_cost (Fixture *fixture, gconstpointer data)
{
  print_cost_of_sending (fixture, FIRST_ID, 64, FALSE);
  print_cost_of_sending (fixture, FIRST_ID + 200000, 64, TRUE);
  print_cost_of_sending (fixture, FIRST_ID + 400000, 1, FALSE);
  print_cost_of_reading (fixture, "poll that finds nothing", CHAT_NOW + 1000000, 1, 500);
  print_cost_of_reading (fixture, "poll that finds nothing", CHAT_NOW + 1000000, 64, 500);
  print_cost_of_reading (fixture, "newest 30 of a conversation", 0, 1, 30);
}

/* The conversations of a page as text: the sender of the latest message (as its distance from the
 * largest id), its id, and how many are unread. */
static char *
list (Fixture *fixture, gint64 reader, gint64 below, guint limit)
{
  const DouChatListQuery queries[] = { { -1, 0, 10 }, { reader, below, limit } };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) pages = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  GArray *page;

  dou_chat_store_list_async (fixture->store, queries, G_N_ELEMENTS (queries), NULL,
                             dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  pages = dou_chat_store_list_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pages->len, ==, G_N_ELEMENTS (queries));
  page = g_ptr_array_index (pages, 0);
  g_assert_cmpuint (page->len, ==, 0);
  page = g_ptr_array_index (pages, 1);
  for (guint i = 0; i < page->len; i++)
    {
      const DouChatConversation *conversation = &g_array_index (page, DouChatConversation, i);

      g_string_append_printf (text, "%d:%d:%u ", (int) (DOU_ID_MAX - conversation->latest->sender),
                              (int) (conversation->latest->id - FIRST_ID), conversation->n_unread);
    }

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
assert_list (Fixture *fixture, gint64 reader, gint64 below, guint limit, const char *expected)
{
  g_autofree char *text = list (fixture, reader, below, limit);

  g_assert_cmpstr (text, ==, expected);
}

/* Test that conversations are listed for both users with the latest message, and what is unread in
 * them. */
static void
test_list (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  assert_list (fixture, ANN, 0, 10, "");
  assert_added (fixture, FIRST_ID + 1, BOB, ANN, CHAT_NOW, CHAT_NOW);
  assert_added (fixture, FIRST_ID + 2, BOB, ANN, CHAT_NOW, CHAT_NOW + 1);
  assert_added (fixture, FIRST_ID + 3, EVE, ANN, CHAT_NOW, CHAT_NOW);
  assert_list (fixture, ANN, 0, 10, "2:3:1 1:2:2 ");
  assert_list (fixture, BOB, 0, 10, "1:2:0 ");

  /* Read, or answered. */
  assert_mark (fixture, ANN, BOB, CHAT_NOW, "0<-1:0 ");
  assert_list (fixture, ANN, 0, 10, "2:3:1 1:2:1 ");
  assert_added (fixture, FIRST_ID + 4, ANN, BOB, CHAT_NOW, CHAT_NOW + 2);
  assert_list (fixture, ANN, 0, 10, "0:4:0 2:3:1 ");
  assert_list (fixture, BOB, 0, 10, "0:4:1 ");

  /* Several of one conversation in one batch, in both directions. */
  chat_batch_put (batch, FIRST_ID + 6, BOB, ANN, "text", NULL);
  chat_batch_put (batch, FIRST_ID + 7, ANN, BOB, "text", NULL);
  chat_batch_put (batch, FIRST_ID + 8, BOB, ANN, "text", NULL);
  chat_batch_put (batch, FIRST_ID + 9, EVE, BOB, "text", NULL);
  receipts = add (fixture, batch, CHAT_NOW);
  restart (fixture);
  assert_list (fixture, ANN, 0, 10, "1:8:1 2:3:1 ");
  assert_list (fixture, BOB, 0, 10, "2:9:1 1:8:0 ");

  /* Pages. */
  assert_list (fixture, ANN, 0, 1, "1:8:1 ");
  assert_list (fixture, ANN, FIRST_ID + 8, 1, "2:3:1 ");
  assert_list (fixture, ANN, FIRST_ID + 3, 1, "");
}

/* Test that no more unread messages are counted than are shown. */
static void
test_list_many (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  for (guint i = 0; i < DOU_CHAT_UNREAD_MAX + 20; i++)
    chat_batch_put (batch, FIRST_ID + i, BOB, ANN, "text", NULL);
  receipts = add (fixture, batch, CHAT_NOW);
  assert_list (fixture, ANN, 0, 10, "1:119:100 ");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/chat/store/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("not-a-database", test_not_a_database);
  ADD ("closed", test_closed);
  ADD ("taken-id", test_taken_id);
  ADD ("again", test_again);
  ADD ("free-id", test_free_id);
  ADD ("times", test_times);
  ADD ("get", test_get);
  ADD ("get-many", test_get_many);
  ADD ("get-too-much", test_get_too_much);
  ADD ("latest", test_latest);
  ADD ("marks", test_marks);
  ADD ("list", test_list);
  ADD ("list-many", test_list_many);
  ADD ("texts", test_texts);
  ADD ("cost", test_cost);
#undef ADD

  return g_test_run ();
}
