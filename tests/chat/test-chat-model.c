/* SPDX-License-Identifier: Apache-2.0 */

/* The manager against a model that is too simple to be wrong: a list of messages, searched from end
 * to end, to which calls are applied item after item. Few users, few names for requests and a clock
 * that jumps make it likely that things meet. */

#include "config.h"

#include <string.h>

#include "chat-fixture.h"

#define N_USERS 5
#define N_STEPS 400
#define MAX_BATCH 12
#define N_REQUEST_IDS 40

typedef struct
{
  GPtrArray *messages; /* (owned) (element-type DouMessage) as they were stored, one by one */
  gint64 marks[N_USERS + 1][N_USERS + 1]; /* [reader][other] */
  GString *signals;                       /* (owned) what must be announced */
  gint64 now;
  gint64 last_id;
} Model;

static void
model_init (Model *model)
{
  memset (model, 0, sizeof *model);
  model->messages = chat_batch_new ();
  model->signals = g_string_new (NULL);
  model->now = CHAT_NOW;
}

static void
model_clear (Model *model)
{
  g_ptr_array_unref (model->messages);
  g_string_free (model->signals, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Model, model_clear)

static gboolean
is_between (const DouMessage *message, gint64 user, gint64 other)
{
  return (message->sender == user && message->receiver == other)
         || (message->sender == other && message->receiver == user);
}

static DouMessage *
model_find (Model *model, const DouMessage *message)
{
  for (guint i = 0; i < model->messages->len && message->request_id != NULL; i++)
    {
      DouMessage *other = g_ptr_array_index (model->messages, i);

      if (other->sender == message->sender
          && g_strcmp0 (other->request_id, message->request_id) == 0)
        return other;
    }

  for (guint i = 0; i < model->messages->len; i++)
    {
      DouMessage *other = g_ptr_array_index (model->messages, i);

      if (other->id == message->id)
        return other;
    }

  return NULL;
}

static DouMessage *
model_find_latest (Model *model, gint64 user, gint64 other)
{
  for (guint i = model->messages->len; i > 0; i--)
    if (is_between (g_ptr_array_index (model->messages, i - 1), user, other))
      return g_ptr_array_index (model->messages, i - 1);

  return NULL;
}

/* Returns what the manager must answer. */
static DouChatOutcome
model_send (Model *model, const DouMessage *message)
{
  const DouMessage *found = model_find (model, message);
  const DouMessage *latest;
  DouMessage *stored;

  if (message->sender == message->receiver)
    return (DouChatOutcome){ DOU_STATUS_NOT_PERMITTED, 0, 0 };
  if (found != NULL && found->sender != message->sender)
    return (DouChatOutcome){ DOU_STATUS_BAD_PARAMETER, 0, 0 };
  if (found != NULL)
    return (DouChatOutcome){ DOU_STATUS_OK, found->id, found->time };

  stored = dou_message_new (message->id, message->sender, message->receiver, message->text);
  stored->request_id = g_strdup (message->request_id);
  latest = model_find_latest (model, message->sender, message->receiver);
  stored->time = MAX (model->now, latest != NULL ? latest->time + 1 : 0);
  g_ptr_array_add (model->messages, stored);
  g_string_append_printf (model->signals, "%d:%d->%d:%s@%d ", (int) stored->id,
                          (int) stored->sender, (int) stored->receiver, stored->text,
                          (int) (stored->time - CHAT_NOW));
  return (DouChatOutcome){ DOU_STATUS_OK, stored->id, stored->time };
}

static gint64
random_user (void)
{
  return g_test_rand_int_range (1, N_USERS + 1);
}

static guint
random_size (void)
{
  return (guint) g_test_rand_int_range (1, MAX_BATCH + 1);
}

/* An instant at which something was sent, or near it. */
static gint64
random_time (Model *model)
{
  const DouMessage *message;

  if (model->messages->len == 0)
    return model->now;

  message = g_ptr_array_index (model->messages,
                               g_test_rand_int_range (0, (gint32) model->messages->len));
  return message->time + g_test_rand_int_range (-2, 3);
}

static void
step_send (ChatFixture *fixture, Model *model)
{
  g_autoptr (GPtrArray) batch = chat_batch_new ();
  g_autoptr (GArray) outcomes = NULL;
  guint n = random_size ();

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = NULL;
      g_autofree char *text = g_strdup_printf ("text %u", g_test_rand_int () % 1000);
      gint64 id = ++model->last_id;

      if (g_test_rand_int_range (0, 5) == 0)
        id = g_test_rand_int_range (1, (gint32) model->last_id + 1);
      if (g_test_rand_bit ())
        name = g_strdup_printf ("%d", g_test_rand_int_range (0, N_REQUEST_IDS));
      chat_batch_put (batch, id, random_user (), random_user (), text, name);
    }

  outcomes = chat_fixture_send (fixture, batch);
  for (guint i = 0; i < n; i++)
    {
      const DouChatOutcome *actual = &g_array_index (outcomes, DouChatOutcome, i);
      DouChatOutcome expected = model_send (model, g_ptr_array_index (batch, i));

      g_assert_cmpint (actual->status, ==, expected.status);
      g_assert_cmpint (actual->id, ==, expected.id);
      g_assert_cmpint (actual->time, ==, expected.time);
    }
}

static gboolean
is_wanted (const DouMessage *message, const DouChatQuery *query)
{
  if (!is_between (message, query->reader, query->other) || message->time <= query->after)
    return FALSE;

  return query->after == 0 || query->both || message->receiver == query->reader;
}

static void
assert_page (Model *model, const DouChatQuery *query, GPtrArray *actual)
{
  g_autoptr (GPtrArray) expected = g_ptr_array_new ();
  guint n, first;

  /* The messages of two users were stored in the order of their times. */
  for (guint i = 0; i < model->messages->len; i++)
    if (is_wanted (g_ptr_array_index (model->messages, i), query))
      g_ptr_array_add (expected, g_ptr_array_index (model->messages, i));

  n = MIN (expected->len, CLAMP (query->limit, 1, DOU_MESSAGES_MAX));
  first = query->after == 0 ? expected->len - n : 0;
  g_assert_cmpuint (actual->len, ==, n);
  for (guint i = 0; i < n; i++)
    {
      const DouMessage *left = g_ptr_array_index (actual, i);
      const DouMessage *right = g_ptr_array_index (expected, first + i);

      g_assert_cmpint (left->id, ==, right->id);
      g_assert_cmpint (left->sender, ==, right->sender);
      g_assert_cmpint (left->receiver, ==, right->receiver);
      g_assert_cmpint (left->time, ==, right->time);
      g_assert_cmpstr (left->text, ==, right->text);
    }
}

static void
step_get (ChatFixture *fixture, Model *model)
{
  DouChatQuery queries[MAX_BATCH];
  g_autoptr (GArray) pages = NULL;
  guint n = random_size ();

  for (guint i = 0; i < n; i++)
    queries[i] = (DouChatQuery){ random_user (), random_user (),
                                 g_test_rand_bit () ? 0 : random_time (model), g_test_rand_bit (),
                                 g_test_rand_int () % 40 };

  pages = chat_fixture_get (fixture, queries, n);
  for (guint i = 0; i < n; i++)
    {
      const DouChatPage *page = &g_array_index (pages, DouChatPage, i);

      if (queries[i].reader == queries[i].other)
        g_assert_cmpint (page->status, ==, DOU_STATUS_BAD_PARAMETER);
      else
        assert_page (model, &queries[i], page->messages);
    }
}

static void
step_get_latest (ChatFixture *fixture, Model *model)
{
  DouChatPair pairs[MAX_BATCH];
  g_autoptr (GPtrArray) messages = NULL;
  guint n = random_size ();

  for (guint i = 0; i < n; i++)
    pairs[i] = (DouChatPair){ random_user (), random_user () };

  messages = chat_fixture_get_latest (fixture, pairs, n);
  for (guint i = 0; i < n; i++)
    {
      const DouMessage *actual = g_ptr_array_index (messages, i);
      const DouMessage *expected = model_find_latest (model, pairs[i].user, pairs[i].other);

      g_assert_cmpint (actual != NULL ? actual->id : 0, ==, expected != NULL ? expected->id : 0);
    }
}

/* Returns the time of the newest message that somebody has received up to a time, or 0. */
static gint64
model_find_received (Model *model, const DouChatMark *mark)
{
  for (guint i = model->messages->len; i > 0; i--)
    {
      const DouMessage *message = g_ptr_array_index (model->messages, i - 1);

      if (message->receiver == mark->reader && message->sender == mark->other
          && message->time <= mark->time)
        return message->time;
    }

  return 0;
}

/* Each two are announced once a call, with their last mark, in the order in which they first moved.
 * */
static void
model_mark (Model *model, const DouChatMark *marks, guint n)
{
  gboolean has_moved[N_USERS + 1][N_USERS + 1] = { { FALSE } };
  const DouChatMark *moved[MAX_BATCH];
  guint n_moved = 0;

  for (guint i = 0; i < n; i++)
    {
      gint64 *mark = &model->marks[marks[i].reader][marks[i].other];
      gint64 time = model_find_received (model, &marks[i]);

      if (time <= *mark)
        continue;

      *mark = time;
      if (!has_moved[marks[i].reader][marks[i].other])
        moved[n_moved++] = &marks[i];
      has_moved[marks[i].reader][marks[i].other] = TRUE;
    }

  for (guint i = 0; i < n_moved; i++)
    g_string_append_printf (model->signals, "%d<-%d@%d ", (int) moved[i]->reader,
                            (int) moved[i]->other,
                            (int) (model->marks[moved[i]->reader][moved[i]->other] - CHAT_NOW));
}

static void
step_mark_read (ChatFixture *fixture, Model *model)
{
  DouChatMark marks[MAX_BATCH];
  g_autoptr (GArray) statuses = NULL;
  guint n = random_size ();

  for (guint i = 0; i < n; i++)
    {
      gint64 reader = random_user ();

      marks[i] = (DouChatMark){ reader, reader % N_USERS + 1, random_time (model) };
    }

  statuses = chat_fixture_mark_read (fixture, marks, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (g_array_index (statuses, DouStatus, i), ==, DOU_STATUS_OK);
  model_mark (model, marks, n);
}

static void
assert_marks (ChatFixture *fixture, Model *model)
{
  for (gint64 reader = 1; reader <= N_USERS; reader++)
    {
      DouChatPair pairs[N_USERS];
      g_autoptr (GArray) times = NULL;

      for (gint64 other = 1; other <= N_USERS; other++)
        pairs[other - 1] = (DouChatPair){ reader, other };
      times = chat_fixture_get_marks (fixture, pairs, N_USERS);
      for (gint64 other = 1; other <= N_USERS; other++)
        g_assert_cmpint (g_array_index (times, gint64, other - 1), ==, model->marks[reader][other]);
    }
}

/* Test that the manager does what the model does. */
static void
test_model (ChatFixture *fixture, gconstpointer data)
{
  g_auto (Model) model = { 0 };

  model_init (&model);
  for (guint i = 0; i < N_STEPS; i++)
    {
      switch (g_test_rand_int_range (0, 12))
        {
        case 0:
        case 1:
        case 2:
        case 3:
          step_send (fixture, &model);
          break;
        case 4:
        case 5:
        case 6:
          step_get (fixture, &model);
          break;
        case 7:
          step_get_latest (fixture, &model);
          break;
        case 8:
        case 9:
          step_mark_read (fixture, &model);
          break;
        case 10:
          model.now += g_test_rand_int_range (-50, 100);
          dou_manual_clock_set (fixture->clock, model.now);
          break;
        default:
          chat_fixture_restart (fixture);
          break;
        }

      chat_fixture_assert_signals (fixture, model.signals->str);
      g_string_truncate (model.signals, 0);
    }

  assert_marks (fixture, &model);
  chat_fixture_restart (fixture);
  assert_marks (fixture, &model);
  step_get (fixture, &model);
  g_assert_cmpint (dou_chat_manager_get_message_count (fixture->manager), ==, model.messages->len);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/chat/model", ChatFixture, NULL, chat_fixture_set_up, test_model,
              chat_fixture_tear_down);

  return g_test_run ();
}
