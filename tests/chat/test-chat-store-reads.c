/* SPDX-License-Identifier: Apache-2.0 */

/* What is read of a conversation and of all, and what was read of it. */

#include "config.h"

#include "chat-store-fixture.h"
#include "lib/dou-test-wait.h"

/* Marks, and describes what moved: reader, other, time, each counted from a base. */
static char *
mark (ChatStoreFixture *fixture, const DouChatMark *marks, guint n_marks)
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
assert_mark (ChatStoreFixture *fixture, gint64 reader, gint64 other, gint64 time, const char *expected)
{
  const DouChatMark one = { reader, other, time };
  g_autofree char *moved = mark (fixture, &one, 1);

  g_assert_cmpstr (moved, ==, expected);
}

/* Ann and Bob write in turns, Ann first, each a millisecond after the other. */
static void
write_in_turns (ChatStoreFixture *fixture, guint n)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  for (guint i = 0; i < n; i++)
    chat_batch_put (batch, FIRST_ID + i, i % 2 == 0 ? ANN : BOB, i % 2 == 0 ? BOB : ANN, "text",
                    NULL);
  receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW);
  for (guint i = 0; i < n; i++)
    chat_store_fixture_assert_receipt (receipts, i, FIRST_ID + i, i % 2 == 0 ? ANN : BOB,
                                       CHAT_NOW + i, TRUE);
}

/* Test what is read: nothing of others, the newest without a time, the oldest with one, and both
 * directions where they are wanted. */
static void
test_get (ChatStoreFixture *fixture, gconstpointer data)
{
  chat_store_fixture_assert_page (fixture, ANN, BOB, 0, TRUE, 10, "");
  write_in_turns (fixture, 10);
  chat_store_fixture_assert_added (fixture, FIRST_ID + 100, ANN, EVE, CHAT_NOW, CHAT_NOW);
  chat_store_fixture_assert_added (fixture, FIRST_ID + 101, EVE, BOB, CHAT_NOW, CHAT_NOW);

  chat_store_fixture_assert_page (fixture, ANN, BOB, 0, FALSE, 500, "0 1 2 3 4 5 6 7 8 9");
  chat_store_fixture_assert_page (fixture, BOB, ANN, 0, FALSE, 500, "0 1 2 3 4 5 6 7 8 9");
  chat_store_fixture_assert_page (fixture, ANN, BOB, 0, FALSE, 4, "6 7 8 9");
  chat_store_fixture_assert_page (fixture, ANN, BOB, 0, FALSE, 1, "9");
  chat_store_fixture_assert_page (fixture, ANN, EVE, 0, FALSE, 500, "100");
  chat_store_fixture_assert_page (fixture, EVE, ANN, CHAT_NOW - 1, FALSE, 500, "100");

  chat_store_fixture_assert_page (fixture, ANN, BOB, 1, FALSE, 500, "1 3 5 7 9");
  chat_store_fixture_assert_page (fixture, BOB, ANN, 1, FALSE, 500, "0 2 4 6 8");
  chat_store_fixture_assert_page (fixture, ANN, BOB, CHAT_NOW + 3, FALSE, 500, "5 7 9");
  chat_store_fixture_assert_page (fixture, ANN, BOB, CHAT_NOW + 4, FALSE, 500, "5 7 9");
  chat_store_fixture_assert_page (fixture, ANN, BOB, CHAT_NOW + 4, FALSE, 2, "5 7");
  chat_store_fixture_assert_page (fixture, ANN, BOB, CHAT_NOW + 9, FALSE, 500, "");
  chat_store_fixture_assert_page (fixture, BOB, ANN, CHAT_NOW + 8, FALSE, 500, "");
  chat_store_fixture_assert_page (fixture, BOB, ANN, G_MAXINT64, TRUE, 500, "");

  chat_store_fixture_assert_page (fixture, ANN, BOB, CHAT_NOW + 4, TRUE, 500, "5 6 7 8 9");
  chat_store_fixture_assert_page (fixture, BOB, ANN, CHAT_NOW + 4, TRUE, 3, "5 6 7");
  chat_store_fixture_assert_page (fixture, BOB, ANN, CHAT_NOW + 8, TRUE, 3, "9");
}

/* Test that many who ask in one call get their own each, whatever the others want. */
static void
test_get_many (ChatStoreFixture *fixture, gconstpointer data)
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
  receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW);

  for (guint i = 0; i < n; i++)
    {
      queries[4 * i] = (DouChatQuery){ ANN, i + 1, CHAT_NOW + 2, TRUE, 500 };
      queries[4 * i + 1] = (DouChatQuery){ ANN, i + 1, 0, FALSE, 1 + i % 3 };
      queries[4 * i + 2] = (DouChatQuery){ i + 1, i, CHAT_NOW, TRUE, 500 };
      queries[4 * i + 3] = (DouChatQuery){ ANN, i + 1, 1, i % 2 == 1, 2 + i % 2 };
    }

  pages = chat_store_fixture_get (fixture, queries, 4 * n);
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
          ids = chat_store_fixture_describe (page);
          g_assert_cmpstr (ids, ==, expected[j]);
        }
    }
}

/* Test that one call brings home only so much, that nobody gets a part of what there is, that who
 * got nothing gets it next time, and that this keeps nobody from knowing that there is nothing. */
static void
test_get_too_much (ChatStoreFixture *fixture, gconstpointer data)
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
      receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW);
      queries[i] = (DouChatQuery){ ANN, i + 1, i % 2 == 0 ? 0 : 1, FALSE, 500 };
    }
  queries[n_users] = (DouChatQuery){ ANN, EVE, 0, FALSE, 500 };

  while (n_left > 0)
    {
      g_autoptr (GPtrArray) pages = chat_store_fixture_get (fixture, queries, n_users + 1);
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
test_latest (ChatStoreFixture *fixture, gconstpointer data)
{
  const DouChatPair pairs[] = { { ANN, BOB }, { EVE, BOB }, { BOB, ANN }, { ANN, ANN }, { 0, -1 } };
  const gint64 expected[] = { FIRST_ID + 9, FIRST_ID + 20, FIRST_ID + 9, 0, 0 };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) messages = NULL;
  g_autoptr (GError) error = NULL;

  write_in_turns (fixture, 10);
  chat_store_fixture_assert_added (fixture, FIRST_ID + 20, EVE, BOB, CHAT_NOW + 5, CHAT_NOW + 5);

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
test_marks (ChatStoreFixture *fixture, gconstpointer data)
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

  chat_store_fixture_restart (fixture);
  dou_chat_store_get_marks_async (fixture->store, pairs, G_N_ELEMENTS (pairs), NULL,
                                  dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  times = dou_chat_store_get_marks_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (times->data, times->len * sizeof (gint64), expected, sizeof expected);
}

/* The conversations of a page as text: the sender of the latest message (as its distance from the
 * largest id), its id, and how many are unread. */
static char *
list (ChatStoreFixture *fixture, gint64 reader, gint64 below, guint limit)
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
assert_list (ChatStoreFixture *fixture, gint64 reader, gint64 below, guint limit, const char *expected)
{
  g_autofree char *text = list (fixture, reader, below, limit);

  g_assert_cmpstr (text, ==, expected);
}

/* Test that conversations are listed for both users with the latest message, and what is unread in
 * them. */
static void
test_list (ChatStoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  assert_list (fixture, ANN, 0, 10, "");
  chat_store_fixture_assert_added (fixture, FIRST_ID + 1, BOB, ANN, CHAT_NOW, CHAT_NOW);
  chat_store_fixture_assert_added (fixture, FIRST_ID + 2, BOB, ANN, CHAT_NOW, CHAT_NOW + 1);
  chat_store_fixture_assert_added (fixture, FIRST_ID + 3, EVE, ANN, CHAT_NOW, CHAT_NOW);
  assert_list (fixture, ANN, 0, 10, "2:3:1 1:2:2 ");
  assert_list (fixture, BOB, 0, 10, "1:2:0 ");

  /* Read, or answered. */
  assert_mark (fixture, ANN, BOB, CHAT_NOW, "0<-1:0 ");
  assert_list (fixture, ANN, 0, 10, "2:3:1 1:2:1 ");
  chat_store_fixture_assert_added (fixture, FIRST_ID + 4, ANN, BOB, CHAT_NOW, CHAT_NOW + 2);
  assert_list (fixture, ANN, 0, 10, "0:4:0 2:3:1 ");
  assert_list (fixture, BOB, 0, 10, "0:4:1 ");

  /* Several of one conversation in one batch, in both directions. */
  chat_batch_put (batch, FIRST_ID + 6, BOB, ANN, "text", NULL);
  chat_batch_put (batch, FIRST_ID + 7, ANN, BOB, "text", NULL);
  chat_batch_put (batch, FIRST_ID + 8, BOB, ANN, "text", NULL);
  chat_batch_put (batch, FIRST_ID + 9, EVE, BOB, "text", NULL);
  receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW);
  chat_store_fixture_restart (fixture);
  assert_list (fixture, ANN, 0, 10, "1:8:1 2:3:1 ");
  assert_list (fixture, BOB, 0, 10, "2:9:1 1:8:0 ");

  /* Pages. */
  assert_list (fixture, ANN, 0, 1, "1:8:1 ");
  assert_list (fixture, ANN, FIRST_ID + 8, 1, "2:3:1 ");
  assert_list (fixture, ANN, FIRST_ID + 3, 1, "");
}

/* Test that no more unread messages are counted than are shown. */
static void
test_list_many (ChatStoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) receipts = NULL;

  for (guint i = 0; i < DOU_CHAT_UNREAD_MAX + 20; i++)
    chat_batch_put (batch, FIRST_ID + i, BOB, ANN, "text", NULL);
  receipts = chat_store_fixture_add (fixture, batch, CHAT_NOW);
  assert_list (fixture, ANN, 0, 10, "1:119:100 ");
}

void
chat_store_test_add_reads (void)
{
#define ADD(name, func)                                                                            \
  g_test_add ("/chat/store/" name, ChatStoreFixture, NULL, chat_store_fixture_set_up, func,       \
              chat_store_fixture_tear_down)
  ADD ("get", test_get);
  ADD ("get-many", test_get_many);
  ADD ("get-too-much", test_get_too_much);
  ADD ("latest", test_latest);
  ADD ("marks", test_marks);
  ADD ("list", test_list);
  ADD ("list-many", test_list_many);
#undef ADD
}
