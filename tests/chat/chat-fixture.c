/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "chat-fixture.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"

static void
messages_sent_cb (DouChatManager *manager, GPtrArray *messages, gpointer user_data)
{
  GString *signals = user_data;

  for (guint i = 0; i < messages->len; i++)
    {
      const DouMessage *message = g_ptr_array_index (messages, i);

      g_string_append_printf (signals, "%d:%d->%d:%s@%d ", (int) message->id, (int) message->sender,
                              (int) message->receiver, message->text,
                              (int) (message->time - CHAT_NOW));
    }
}

static void
messages_read_cb (DouChatManager *manager, GArray *marks, gpointer user_data)
{
  GString *signals = user_data;

  for (guint i = 0; i < marks->len; i++)
    {
      const DouChatMark *mark = &g_array_index (marks, DouChatMark, i);

      g_string_append_printf (signals, "%d<-%d@%d ", (int) mark->reader, (int) mark->other,
                              (int) (mark->time - CHAT_NOW));
    }
}

static void
start (ChatFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = dou_chat_store_open (fixture->address, &error);
  g_assert_no_error (error);
  fixture->manager = dou_chat_manager_new (fixture->store, DOU_CLOCK (fixture->clock), &error);
  g_assert_no_error (error);
  g_signal_connect (fixture->manager, "messages-sent", G_CALLBACK (messages_sent_cb),
                    fixture->signals);
  g_signal_connect (fixture->manager, "messages-read", G_CALLBACK (messages_read_cb),
                    fixture->signals);
}

static void
stop (ChatFixture *fixture)
{
  dou_chat_store_close (fixture->store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->manager);
  g_assert_finalize_object (fixture->store);
}

void
chat_fixture_restart (ChatFixture *fixture)
{
  stop (fixture);
  start (fixture);
}

void
chat_fixture_set_up (ChatFixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->address = dou_test_engine_create (fixture->directory, "chat");
  fixture->clock = dou_manual_clock_new (CHAT_NOW);
  fixture->signals = g_string_new (NULL);
  start (fixture);
}

void
chat_fixture_tear_down (ChatFixture *fixture, gconstpointer data)
{
  stop (fixture);
  g_assert_finalize_object (fixture->clock);
  g_string_free (fixture->signals, TRUE);
  dou_test_dir_remove (fixture->directory);
  dou_test_engine_remove (fixture->address);
}

void
chat_fixture_assert_signals (ChatFixture *fixture, const char *expected)
{
  g_assert_cmpstr (fixture->signals->str, ==, expected);
  g_string_truncate (fixture->signals, 0);
}

GPtrArray *
chat_batch_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) dou_message_unref);
}

void
chat_batch_put (GPtrArray *batch, gint64 id, gint64 sender, gint64 receiver, const char *text,
                const char *request_id)
{
  DouMessage *message = dou_message_new (id, sender, receiver, text);

  message->request_id = g_strdup (request_id);
  g_ptr_array_add (batch, message);
}

GArray *
chat_fixture_send (ChatFixture *fixture, GPtrArray *batch)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *outcomes;

  dou_chat_manager_send_async (fixture->manager, batch, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  outcomes = dou_chat_manager_send_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcomes->len, ==, batch->len);
  return outcomes;
}

GArray *
chat_fixture_get (ChatFixture *fixture, const DouChatQuery *queries, guint n_queries)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *pages;

  dou_chat_manager_get_messages_async (fixture->manager, queries, n_queries, NULL,
                                       dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  pages = dou_chat_manager_get_messages_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pages->len, ==, n_queries);
  return pages;
}

GPtrArray *
chat_fixture_get_latest (ChatFixture *fixture, const DouChatPair *pairs, guint n_pairs)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *messages;

  dou_chat_manager_get_latest_async (fixture->manager, pairs, n_pairs, NULL,
                                     dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  messages = dou_chat_manager_get_latest_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (messages->len, ==, n_pairs);
  return messages;
}

GArray *
chat_fixture_mark_read (ChatFixture *fixture, const DouChatMark *marks, guint n_marks)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *statuses;

  dou_chat_manager_mark_read_async (fixture->manager, marks, n_marks, NULL, dou_test_wait_result_cb,
                                    &waited);
  result = dou_test_wait_result (&waited);
  statuses = dou_chat_manager_mark_read_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (statuses->len, ==, n_marks);
  return statuses;
}

GArray *
chat_fixture_get_marks (ChatFixture *fixture, const DouChatPair *pairs, guint n_pairs)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *times;

  dou_chat_manager_get_marks_async (fixture->manager, pairs, n_pairs, NULL, dou_test_wait_result_cb,
                                    &waited);
  result = dou_test_wait_result (&waited);
  times = dou_chat_manager_get_marks_finish (fixture->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (times->len, ==, n_pairs);
  return times;
}
