/* SPDX-License-Identifier: Apache-2.0 */

/* Users who are no more: their conversations go, both sides of them. */

#include "config.h"

#include "chat-fixture.h"
#include "lib/dou-test-wait.h"

#define ANN 1
#define BOB 2
#define EVE 3

static void
remove_users (ChatFixture *fixture, const gint64 *users, guint n_users, const DouStatus *expected)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GError) error = NULL;

  dou_chat_manager_remove_users_async (fixture->manager, users, n_users, NULL,
                                       dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  statuses = dou_chat_manager_remove_users_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (statuses->data, statuses->len * sizeof (DouStatus), expected,
                   n_users * sizeof (DouStatus));
}

static void
send_one (ChatFixture *fixture, gint64 id, gint64 sender, gint64 receiver, DouStatus expected)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) outcomes = NULL;

  chat_batch_put (batch, id, sender, receiver, "text", NULL);
  outcomes = chat_fixture_send (fixture, batch);
  g_assert_cmpint (g_array_index (outcomes, DouChatOutcome, 0).status, ==, expected);
  g_assert_cmpint (g_array_index (outcomes, DouChatOutcome, 0).id, ==,
                   expected == DOU_STATUS_OK ? id : 0);
}

static guint
count_messages (ChatFixture *fixture, gint64 reader, gint64 other)
{
  const DouChatQuery query = { reader, other, 0, TRUE, 500 };
  g_autoptr (GArray) pages = chat_fixture_get (fixture, &query, 1);

  return g_array_index (pages, DouChatPage, 0).messages->len;
}

static guint
count_conversations (ChatFixture *fixture, gint64 reader)
{
  const DouChatListQuery query = { reader, 0, 100 };
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) pages = NULL;
  g_autoptr (GError) error = NULL;

  dou_chat_store_list_async (fixture->store, &query, 1, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  pages = dou_chat_store_list_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  return ((GArray *) g_ptr_array_index (pages, 0))->len;
}

/* Test that what is no id is refused, alone. */
static void
test_refused (ChatFixture *fixture, gconstpointer data)
{
  const gint64 users[] = { 0, -1, G_MAXINT64, ANN };
  const DouStatus expected[] = { DOU_STATUS_BAD_PARAMETER, DOU_STATUS_BAD_PARAMETER,
                                 DOU_STATUS_BAD_PARAMETER, DOU_STATUS_OK };

  remove_users (fixture, users, G_N_ELEMENTS (users), expected);
}

/* Test that both sides of all conversations go, with the marks of what was read, and those of others stay;
 * and that what comes late is refused, also by the next process. */
static void
test_remove (ChatFixture *fixture, gconstpointer data)
{
  const gint64 user = ANN;
  const DouStatus done = DOU_STATUS_OK;
  const DouChatMark marks[] = { { ANN, BOB, CHAT_NOW + 1000 }, { BOB, ANN, CHAT_NOW + 1000 },
                                { BOB, EVE, CHAT_NOW + 1000 } };
  const DouChatPair pairs[] = { { ANN, BOB }, { BOB, ANN }, { BOB, EVE } };
  g_autoptr (GArray) statuses = NULL;
  g_autoptr (GArray) times = NULL;

  send_one (fixture, 1, ANN, BOB, DOU_STATUS_OK);
  send_one (fixture, 2, BOB, ANN, DOU_STATUS_OK);
  send_one (fixture, 3, EVE, ANN, DOU_STATUS_OK);
  send_one (fixture, 4, EVE, BOB, DOU_STATUS_OK);
  statuses = chat_fixture_mark_read (fixture, marks, G_N_ELEMENTS (marks));
  remove_users (fixture, &user, 1, &done);
  remove_users (fixture, &user, 1, &done);

  g_assert_cmpuint (count_messages (fixture, BOB, ANN), ==, 0);
  g_assert_cmpuint (count_messages (fixture, EVE, ANN), ==, 0);
  g_assert_cmpuint (count_messages (fixture, BOB, EVE), ==, 1);
  g_assert_cmpuint (count_conversations (fixture, ANN), ==, 0);
  g_assert_cmpuint (count_conversations (fixture, BOB), ==, 1);
  g_assert_cmpuint (count_conversations (fixture, EVE), ==, 1);
  times = chat_fixture_get_marks (fixture, pairs, G_N_ELEMENTS (pairs));
  g_assert_cmpint (g_array_index (times, gint64, 0), ==, 0);
  g_assert_cmpint (g_array_index (times, gint64, 1), ==, 0);
  g_assert_cmpint (g_array_index (times, gint64, 2), >, 0);
  g_assert_cmpint (dou_chat_manager_get_message_count (fixture->manager), ==, 1);

  chat_fixture_restart (fixture);
  g_assert_cmpint (dou_chat_manager_get_message_count (fixture->manager), ==, 1);
  send_one (fixture, 5, ANN, BOB, DOU_STATUS_USER_NOT_FOUND);
  send_one (fixture, 6, BOB, ANN, DOU_STATUS_USER_NOT_FOUND);
  send_one (fixture, 7, BOB, EVE, DOU_STATUS_OK);
  g_assert_cmpint (dou_chat_manager_get_message_count (fixture->manager), ==, 2);
}

/* Test that what takes many steps is done, and that the one who is left of two who go is found, too. */
static void
test_many (ChatFixture *fixture, gconstpointer data)
{
  const gint64 users[] = { ANN, BOB };
  const DouStatus done[] = { DOU_STATUS_OK, DOU_STATUS_OK };
  gint64 id = 1;

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (GPtrArray) batch = chat_batch_new ();
      g_autoptr (GArray) outcomes = NULL;

      for (guint k = 0; k < 700; k++, id++)
        chat_batch_put (batch, id, k % 2 == 0 ? ANN : BOB, k % 2 == 0 ? BOB : ANN, "text", NULL);
      for (gint64 other = 0; other < 100; other++, id++)
        chat_batch_put (batch, id, EVE + other, ANN, "text", NULL);
      outcomes = chat_fixture_send (fixture, batch);
      g_assert_cmpuint (outcomes->len, ==, 800);
    }

  for (guint i = 0; dou_chat_manager_get_message_count (fixture->manager) > 0; i++)
    {
      GAsyncResult *waited = NULL;
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GArray) statuses = NULL;

      g_assert_cmpuint (i, <, 100);
      dou_chat_manager_remove_users_async (fixture->manager, users, G_N_ELEMENTS (users), NULL,
                                           dou_test_wait_result_cb, &waited);
      result = dou_test_wait_result (&waited);
      statuses = dou_chat_manager_remove_users_finish (fixture->manager, result, NULL);
      g_assert_nonnull (statuses);
      g_clear_object (&result);
      chat_fixture_restart (fixture);
    }

  remove_users (fixture, users, G_N_ELEMENTS (users), done);
  g_assert_cmpuint (count_conversations (fixture, EVE), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/chat/users/" name, ChatFixture, NULL, chat_fixture_set_up, func,                   \
              chat_fixture_tear_down)
  ADD ("refused", test_refused);
  ADD ("remove", test_remove);
  ADD ("many", test_many);
#undef ADD

  return g_test_run ();
}
