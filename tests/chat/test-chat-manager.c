/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "chat-fixture.h"
#include "common/dou-id-minter.h"
#include "lib/dou-test-wait.h"

#define ANN 1
#define BOB 2
#define EVE 3

/* Of the test of polling: messages that are on their way at one time, and the most that a poll
 * brings, which is so few that polls fall behind. */
#define IN_FLIGHT 16
#define POLL_LIMIT 3

static void
assert_outcome (GArray *outcomes, guint i, DouStatus status, gint64 id, gint64 time)
{
  const DouChatOutcome *outcome = &g_array_index (outcomes, DouChatOutcome, i);

  g_assert_cmpint (outcome->status, ==, status);
  g_assert_cmpint (outcome->id, ==, id);
  g_assert_cmpint (outcome->time, ==, time);
}

static void
assert_sent (ChatFixture *fixture, gint64 id, gint64 sender, gint64 receiver, const char *text,
             DouStatus status, gint64 time)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) outcomes = NULL;

  chat_batch_put (batch, id, sender, receiver, text, NULL);
  outcomes = chat_fixture_send (fixture, batch);
  assert_outcome (outcomes, 0, status, status == DOU_STATUS_OK ? id : 0, time);
}

static GPtrArray *
get_page (ChatFixture *fixture, DouChatQuery query)
{
  g_autoptr (GArray) pages = chat_fixture_get (fixture, &query, 1);

  g_assert_cmpint (g_array_index (pages, DouChatPage, 0).status, ==, DOU_STATUS_OK);
  return g_ptr_array_ref (g_array_index (pages, DouChatPage, 0).messages);
}

/* @n characters of four bytes each. */
static char *
make_long_text (guint n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append (text, "😀");

  return g_string_free (text, FALSE);
}

/* Test that bad messages are refused each for its own reason, and that nothing comes of them. */
static void
test_refused (ChatFixture *fixture, gconstpointer data)
{
  const gint64 too_large = DOU_ID_MAX + 1;
  g_autofree char *long_text = make_long_text (DOU_MESSAGE_TEXT_MAX + 1);
  g_autofree char *long_name = g_strnfill (DOU_REQUEST_ID_MAX + 1, 'r');
  const struct
  {
    gint64 id, sender, receiver;
    const char *text;
    const char *request_id;
    DouStatus status;
  } cases[] = {
    { 1, ANN, BOB, "", NULL, DOU_STATUS_BAD_TEXT },
    { 1, ANN, BOB, " \t\n\xe3\x80\x80 ", NULL, DOU_STATUS_BAD_TEXT },
    { 1, ANN, BOB, "a\rb", NULL, DOU_STATUS_BAD_TEXT },
    { 1, ANN, BOB, "a\x7f", NULL, DOU_STATUS_BAD_TEXT },
    { 1, ANN, BOB, "a\xc2\x85", NULL, DOU_STATUS_BAD_TEXT },
    { 1, ANN, BOB, "\xff", NULL, DOU_STATUS_BAD_TEXT },
    { 1, ANN, BOB, "\xed\xa0\xbd", NULL, DOU_STATUS_BAD_TEXT },
    { 1, ANN, BOB, long_text, NULL, DOU_STATUS_BAD_TEXT },
    { 1, ANN, ANN, "text", NULL, DOU_STATUS_NOT_PERMITTED },
    { 1, ANN, 0, "text", NULL, DOU_STATUS_BAD_PARAMETER },
    { 1, 0, BOB, "text", NULL, DOU_STATUS_BAD_PARAMETER },
    { 1, -1, BOB, "text", NULL, DOU_STATUS_BAD_PARAMETER },
    { 1, ANN, too_large, "text", NULL, DOU_STATUS_BAD_PARAMETER },
    { 0, ANN, BOB, "text", NULL, DOU_STATUS_BAD_PARAMETER },
    { too_large, ANN, BOB, "text", NULL, DOU_STATUS_BAD_PARAMETER },
    { G_MININT64, ANN, BOB, "text", NULL, DOU_STATUS_BAD_PARAMETER },
    { 1, ANN, BOB, "text", long_name, DOU_STATUS_BAD_PARAMETER },
    { 1, ANN, BOB, "text", "\xff", DOU_STATUS_BAD_PARAMETER },
  };
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) outcomes = NULL;
  g_autoptr (GPtrArray) page = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    chat_batch_put (batch, cases[i].id, cases[i].sender, cases[i].receiver, cases[i].text,
                    cases[i].request_id);
  outcomes = chat_fixture_send (fixture, batch);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_outcome (outcomes, i, cases[i].status, 0, 0);

  chat_fixture_assert_signals (fixture, "");
  page = get_page (fixture, (DouChatQuery){ ANN, BOB, 0, TRUE, 500 });
  g_assert_cmpuint (page->len, ==, 0);
  g_assert_cmpint (dou_chat_manager_get_message_count (fixture->manager), ==, 0);
}

/* Test that queries and marks which make no sense are told apart from those that find nothing. */
static void
test_bad_queries (ChatFixture *fixture, gconstpointer data)
{
  const DouChatQuery queries[] = { { ANN, ANN, 0, FALSE, 500 },
                                   { 0, BOB, 0, FALSE, 500 },
                                   { ANN, -1, 0, FALSE, 500 },
                                   { ANN, BOB, -1, FALSE, 500 },
                                   { ANN, EVE, 0, TRUE, 500 } };
  const DouChatMark marks[] = { { ANN, ANN, CHAT_NOW },
                                { ANN, BOB, 0 },
                                { ANN, BOB, -1 },
                                { ANN, DOU_ID_MAX + 1, CHAT_NOW },
                                { BOB, ANN, CHAT_NOW } };
  g_autoptr (GArray) pages = NULL;
  g_autoptr (GArray) statuses = NULL;

  assert_sent (fixture, 1, ANN, BOB, "text", DOU_STATUS_OK, CHAT_NOW);
  chat_fixture_assert_signals (fixture, "1:1->2:text@0 ");

  pages = chat_fixture_get (fixture, queries, G_N_ELEMENTS (queries));
  statuses = chat_fixture_mark_read (fixture, marks, G_N_ELEMENTS (marks));
  for (guint i = 0; i < 5; i++)
    {
      DouStatus expected = i < 4 ? DOU_STATUS_BAD_PARAMETER : DOU_STATUS_OK;
      const DouChatPage *page = &g_array_index (pages, DouChatPage, i);

      g_assert_cmpint (page->status, ==, expected);
      g_assert_true ((page->messages != NULL) == (i == 4));
      g_assert_cmpint (g_array_index (statuses, DouStatus, i), ==, expected);
    }
  chat_fixture_assert_signals (fixture, "2<-1@0 ");
}

/* Test that calls without items return at once, and that all fail when the store is closed. */
static void
test_closed (ChatFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) none = chat_fixture_send (fixture, batch);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  chat_batch_put (batch, 1, ANN, BOB, "text", NULL);
  dou_chat_store_close (fixture->store);
  dou_chat_manager_send_async (fixture->manager, batch, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  g_assert_null (dou_chat_manager_send_finish (fixture->manager, result, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  chat_fixture_assert_signals (fixture, "");
}

/* Test that somebody whose turn did not come is told so, and may ask again. */
static void
test_too_much (ChatFixture *fixture, gconstpointer data)
{
  const guint n_users = 9;
  g_autofree char *text = make_long_text (DOU_MESSAGE_TEXT_MAX);
  g_autofree DouChatQuery *queries = g_new (DouChatQuery, n_users);
  g_autoptr (GArray) first = NULL;
  g_autoptr (GPtrArray) second = NULL;

  for (guint i = 0; i < n_users; i++)
    {
      g_autoptr (GPtrArray) batch = chat_batch_new ();
      g_autoptr (GArray) outcomes = NULL;

      for (guint j = 1; j <= 280; j++)
        chat_batch_put (batch, i * 280 + j, BOB + i, ANN, text, NULL);
      outcomes = chat_fixture_send (fixture, batch);
      queries[i] = (DouChatQuery){ ANN, BOB + i, 0, FALSE, 500 };
    }

  first = chat_fixture_get (fixture, queries, n_users);
  g_assert_cmpint (g_array_index (first, DouChatPage, 0).status, ==, DOU_STATUS_OK);
  g_assert_cmpuint (g_array_index (first, DouChatPage, 0).messages->len, ==, 280);
  g_assert_cmpint (g_array_index (first, DouChatPage, n_users - 1).status, ==,
                   DOU_STATUS_UNAVAILABLE);
  g_assert_null (g_array_index (first, DouChatPage, n_users - 1).messages);
  second = get_page (fixture, queries[n_users - 1]);
  g_assert_cmpuint (second->len, ==, 280);
}

/* Test that what comes again is answered as at first, announced once, and counted once, and that
 * the id of somebody else's message is refused. */
static void
test_again (ChatFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();

  chat_batch_put (batch, 1, ANN, BOB, "one", "r");
  chat_batch_put (batch, 2, ANN, BOB, "two", NULL);
  chat_batch_put (batch, 3, ANN, BOB, "", NULL);
  chat_batch_put (batch, 4, ANN, BOB, "one", "r");
  chat_batch_put (batch, 2, ANN, BOB, "two", NULL);
  chat_batch_put (batch, 1, BOB, ANN, "three", NULL);
  chat_batch_put (batch, 5, BOB, ANN, "four", "r");

  for (guint round = 0; round < 3; round++)
    {
      g_autoptr (GArray) outcomes = chat_fixture_send (fixture, batch);

      assert_outcome (outcomes, 0, DOU_STATUS_OK, 1, CHAT_NOW);
      assert_outcome (outcomes, 1, DOU_STATUS_OK, 2, CHAT_NOW + 1);
      assert_outcome (outcomes, 2, DOU_STATUS_BAD_TEXT, 0, 0);
      assert_outcome (outcomes, 3, DOU_STATUS_OK, 1, CHAT_NOW);
      assert_outcome (outcomes, 4, DOU_STATUS_OK, 2, CHAT_NOW + 1);
      assert_outcome (outcomes, 5, DOU_STATUS_BAD_PARAMETER, 0, 0);
      assert_outcome (outcomes, 6, DOU_STATUS_OK, 5, CHAT_NOW + 2);
      chat_fixture_assert_signals (fixture,
                                   round == 0 ? "1:1->2:one@0 2:1->2:two@1 5:2->1:four@2 " : "");
      g_assert_cmpint (dou_chat_manager_get_message_count (fixture->manager), ==, 3);
      if (round == 1)
        chat_fixture_restart (fixture);
    }
}

/* Test that the number of messages is known from the start, and follows. */
static void
test_count (ChatFixture *fixture, gconstpointer data)
{
  for (gint64 id = 1; id < 6; id++)
    {
      g_assert_cmpint (dou_chat_manager_get_message_count (fixture->manager), ==, id - 1);
      assert_sent (fixture, id, ANN, BOB, "more", DOU_STATUS_OK, CHAT_NOW + id - 1);
      g_assert_cmpint (dou_chat_manager_get_message_count (fixture->manager), ==, id);
      chat_fixture_restart (fixture);
    }
}

/* Test that times grow whatever the clock does, and jump forward with it. */
static void
test_clock (ChatFixture *fixture, gconstpointer data)
{
  assert_sent (fixture, 1, ANN, BOB, "1", DOU_STATUS_OK, CHAT_NOW);
  assert_sent (fixture, 2, BOB, ANN, "2", DOU_STATUS_OK, CHAT_NOW + 1);
  dou_manual_clock_set (fixture->clock, CHAT_NOW - 3600000);
  assert_sent (fixture, 3, BOB, ANN, "3", DOU_STATUS_OK, CHAT_NOW + 2);
  assert_sent (fixture, 4, BOB, EVE, "4", DOU_STATUS_OK, CHAT_NOW - 3600000);
  chat_fixture_restart (fixture);
  assert_sent (fixture, 5, ANN, BOB, "5", DOU_STATUS_OK, CHAT_NOW + 3);
  dou_manual_clock_set (fixture->clock, CHAT_NOW + 1000);
  assert_sent (fixture, 6, ANN, BOB, "6", DOU_STATUS_OK, CHAT_NOW + 1000);
  assert_sent (fixture, 7, EVE, BOB, "7", DOU_STATUS_OK, CHAT_NOW + 1000);
}

/* Test that texts up to the limit come back byte for byte. */
static void
test_texts (ChatFixture *fixture, gconstpointer data)
{
  g_autofree char *longest = make_long_text (DOU_MESSAGE_TEXT_MAX);
  const char *texts[] = { "x",    " x\n\ty ",      "e\xcc\x81", "\xc3\xa9", "👩‍👩‍👧",
                          "שלום", "\xe2\x80\xa8x", longest };
  g_autoptr (GPtrArray) page = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_sent (fixture, 1 + i, ANN, BOB, texts[i], DOU_STATUS_OK, CHAT_NOW + i);

  page = get_page (fixture, (DouChatQuery){ BOB, ANN, 0, FALSE, 500 });
  g_assert_cmpuint (page->len, ==, G_N_ELEMENTS (texts));
  for (guint i = 0; i < page->len; i++)
    g_assert_cmpstr (((DouMessage *) g_ptr_array_index (page, i))->text, ==, texts[i]);
}

/* Test that limits are brought into their range. */
static void
test_limits (ChatFixture *fixture, gconstpointer data)
{
  const guint limits[][2]
      = { { 0, 1 }, { 1, 1 }, { 7, 7 }, { 500, 500 }, { 501, 500 }, { G_MAXUINT32, 500 } };
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) outcomes = NULL;

  for (gint64 id = 1; id <= 600; id++)
    chat_batch_put (batch, id, ANN, BOB, "text", NULL);
  outcomes = chat_fixture_send (fixture, batch);

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autoptr (GPtrArray) newest
          = get_page (fixture, (DouChatQuery){ BOB, ANN, 0, FALSE, limits[i][0] });
      g_autoptr (GPtrArray) oldest
          = get_page (fixture, (DouChatQuery){ BOB, ANN, 1, FALSE, limits[i][0] });
      guint n = limits[i][1];

      g_assert_cmpuint (newest->len, ==, n);
      g_assert_cmpuint (oldest->len, ==, n);
      g_assert_cmpint (((DouMessage *) g_ptr_array_index (newest, n - 1))->id, ==, 600);
      g_assert_cmpint (((DouMessage *) g_ptr_array_index (oldest, 0))->id, ==, 1);
    }
}

/* Test that reading is announced when it is new, and never goes back. */
static void
test_marks (ChatFixture *fixture, gconstpointer data)
{
  const DouChatMark steps[]
      = { { BOB, ANN, CHAT_NOW },     { BOB, ANN, CHAT_NOW },     { BOB, ANN, CHAT_NOW + 1 },
          { ANN, BOB, CHAT_NOW + 5 }, { BOB, ANN, CHAT_NOW - 1 }, { BOB, ANN, G_MAXINT64 },
          { BOB, ANN, CHAT_NOW + 1 } };
  const char *expected[] = { "2<-1@0 ", "", "2<-1@1 ", "1<-2@2 ", "", "2<-1@3 ", "" };
  const DouChatPair pairs[] = { { BOB, ANN }, { ANN, BOB }, { ANN, EVE } };
  const gint64 expected_times[] = { CHAT_NOW + 3, CHAT_NOW + 2, 0 };
  g_autoptr (GArray) times = NULL;

  assert_sent (fixture, 1, ANN, BOB, "1", DOU_STATUS_OK, CHAT_NOW);
  assert_sent (fixture, 2, ANN, BOB, "2", DOU_STATUS_OK, CHAT_NOW + 1);
  assert_sent (fixture, 3, BOB, ANN, "3", DOU_STATUS_OK, CHAT_NOW + 2);
  assert_sent (fixture, 4, ANN, BOB, "4", DOU_STATUS_OK, CHAT_NOW + 3);
  g_string_truncate (fixture->signals, 0);

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (GArray) statuses = chat_fixture_mark_read (fixture, &steps[i], 1);

      g_assert_cmpint (g_array_index (statuses, DouStatus, 0), ==, DOU_STATUS_OK);
      chat_fixture_assert_signals (fixture, expected[i]);
    }

  chat_fixture_restart (fixture);
  times = chat_fixture_get_marks (fixture, pairs, G_N_ELEMENTS (pairs));
  g_assert_cmpmem (times->data, times->len * sizeof (gint64), expected_times,
                   sizeof expected_times);
}

/* Somebody who polls, as the client does: from the newest that it has. */
typedef struct
{
  gint64 reader;
  gint64 other;
  gint64 newest;        /* time */
  gint64 next_id;       /* of the message that must come next */
  GAsyncResult *result; /* (owned) (nullable) of the call under way */
} Poller;

static void
poller_start (Poller *poller, DouChatManager *manager)
{
  const DouChatQuery query = { poller->reader, poller->other, poller->newest, FALSE, POLL_LIMIT };

  dou_chat_manager_get_messages_async (manager, &query, 1, NULL, dou_test_wait_result_cb,
                                       &poller->result);
}

static void
poller_finish (Poller *poller, DouChatManager *manager)
{
  g_autoptr (GAsyncResult) result = dou_test_wait_result (&poller->result);
  g_autoptr (GArray) pages = dou_chat_manager_get_messages_finish (manager, result, NULL);
  GPtrArray *messages = g_array_index (pages, DouChatPage, 0).messages;

  for (guint i = 0; i < messages->len; i++)
    {
      const DouMessage *message = g_ptr_array_index (messages, i);

      g_assert_cmpint (message->sender, ==, poller->other);
      g_assert_cmpint (message->id, ==, poller->next_id);
      g_assert_cmpint (message->time, >, poller->newest);
      poller->newest = message->time;
      poller->next_id += 2;
    }
}

/* Two who write to each other without waiting for each message to arrive. */
typedef struct
{
  gint64 n_sent[2];
  GAsyncResult *results[2][IN_FLIGHT]; /* (owned) (nullable) */
} Talk;

/* @who: 0 for Ann, whose messages have odd ids, or 1 for Bob, whose have even ones */
static void
talk_start (Talk *talk, DouChatManager *manager, guint who)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  gint64 i = talk->n_sent[who]++;

  chat_batch_put (batch, 2 * i + who + 1, who == 0 ? ANN : BOB, who == 0 ? BOB : ANN, "text", NULL);
  dou_chat_manager_send_async (manager, batch, NULL, dou_test_wait_result_cb,
                               &talk->results[who][i % IN_FLIGHT]);
}

/* Waits for the message before the last IN_FLIGHT. */
static void
talk_finish (Talk *talk, DouChatManager *manager, guint who)
{
  GAsyncResult **waited = &talk->results[who][talk->n_sent[who] % IN_FLIGHT];
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GArray) outcomes = NULL;

  if (talk->n_sent[who] < IN_FLIGHT)
    return;

  result = dou_test_wait_result (waited);
  outcomes = dou_chat_manager_send_finish (manager, result, NULL);
  g_assert_cmpint (g_array_index (outcomes, DouChatOutcome, 0).status, ==, DOU_STATUS_OK);
}

/* Test that of 500 messages each way, sent while both poll and the clock jumps about, each is seen
 * once by the other one, in the order in which they were sent. */
static void
test_polling (ChatFixture *fixture, gconstpointer data)
{
  const gint64 n = 500;
  Poller pollers[] = { { ANN, BOB, 1, 2, NULL }, { BOB, ANN, 1, 1, NULL } };
  Talk talk = { 0 };

  for (gint64 i = 0; i < n + IN_FLIGHT; i++)
    for (guint who = 0; who < 2; who++)
      {
        dou_manual_clock_set (fixture->clock, CHAT_NOW + g_test_rand_int_range (-20, 20));
        talk_finish (&talk, fixture->manager, who);
        if (i < n)
          talk_start (&talk, fixture->manager, who);
        else
          talk.n_sent[who]++;
        poller_start (&pollers[who], fixture->manager);
        poller_finish (&pollers[who], fixture->manager);
      }

  for (guint i = 0; i < 2 * n / POLL_LIMIT; i++)
    {
      poller_start (&pollers[i % 2], fixture->manager);
      poller_finish (&pollers[i % 2], fixture->manager);
    }
  g_assert_cmpint (pollers[0].next_id, ==, 2 * n + 2);
  g_assert_cmpint (pollers[1].next_id, ==, 2 * n + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/chat/manager/" name, ChatFixture, NULL, chat_fixture_set_up, func,                 \
              chat_fixture_tear_down)
  ADD ("refused", test_refused);
  ADD ("bad-queries", test_bad_queries);
  ADD ("closed", test_closed);
  ADD ("too-much", test_too_much);
  ADD ("again", test_again);
  ADD ("count", test_count);
  ADD ("clock", test_clock);
  ADD ("texts", test_texts);
  ADD ("limits", test_limits);
  ADD ("marks", test_marks);
  ADD ("polling", test_polling);
#undef ADD

  return g_test_run ();
}
