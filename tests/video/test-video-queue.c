/* SPDX-License-Identifier: Apache-2.0 */

/* The queue that nodes share, in Debian's redis-server. That time goes by is told to Redis. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "common/dou-status.h"
#include "lib/dou-test-redis.h"
#include "lib/dou-test-wait.h"
#include "video/dou-video-queue.h"

#define KEY "doutok@0:transcodes"
#define N_NODES 2
/* Milliseconds: longer than any test. */
#define LEASE 3600000
#define LONGER "7200000"

/* More than Redis looks at in one call. */
#define MANY 35

/* What the README says that the user in Redis needs for it. */
#define COMMANDS                                                                                   \
  "+ping +select +xadd +xack +xdel +xclaim +xautoclaim +xreadgroup +xrange +xgroup|create"

typedef struct
{
  DouTestRedis *server;         /* (owned) */
  DouRedis *redis[N_NODES];     /* (owned) */
  DouVideoQueue *queue[N_NODES]; /* (owned) */
  DouRedis *admin;              /* (owned) */
  guint n_changes;              /* told of the first queue */
} Fixture;

static void
changed_cb (DouVideoQueue *queue, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_changes++;
}

static gboolean
is_there (gpointer data)
{
  return dou_redis_get_trouble (data) == NULL;
}

static DouRedis *
open_redis (Fixture *fixture, const char *login)
{
  g_autofree char *url = login != NULL ? dou_test_redis_make_url (fixture->server, login)
                                       : dou_test_redis_get_url (fixture->server);
  g_autoptr (DouRedisAddress) address = dou_redis_address_parse (url);
  DouRedis *redis = dou_redis_new (address, NULL);

  dou_test_wait_until (is_there, redis);
  return redis;
}

/* @login: (nullable): who they are */
static void
open_queues (Fixture *fixture, const char *login)
{
  fixture->admin = open_redis (fixture, login != NULL ? "" : NULL);
  for (guint i = 0; i < N_NODES; i++)
    {
      g_autofree char *name = g_strdup_printf ("node-%u", i);

      fixture->redis[i] = open_redis (fixture, login);
      fixture->queue[i] = dou_video_queue_new (fixture->redis[i], KEY, name, LEASE);
    }
  g_signal_connect (fixture->queue[0], "changed", G_CALLBACK (changed_cb), fixture);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_redis_new (NULL);
  open_queues (fixture, NULL);
}

static void
set_up_user (Fixture *fixture, gconstpointer data)
{
  g_autofree char *config = g_strdup_printf ("user nodes on >secret ~doutok@* %s\n",
                                             (const char *) data);

  fixture->server = dou_test_redis_new_on_port (config);
  open_queues (fixture, "nodes:secret@");
}

static GVariant *
command (Fixture *fixture, const char *first, ...)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *answer;
  va_list list;

  va_start (list, first);
  for (const char *word = first; word != NULL; word = va_arg (list, const char *))
    g_ptr_array_add (words, (char *) word);
  va_end (list);
  g_ptr_array_add (words, NULL);

  dou_redis_command_async (fixture->admin, (const char *const *) words->pdata,
                           dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  answer = dou_redis_command_finish (fixture->admin, result, &error);
  g_assert_no_error (error);
  return answer;
}

static gint64
get_length (Fixture *fixture)
{
  g_autoptr (GVariant) length = command (fixture, "XLEN", KEY, NULL);

  return g_variant_get_int64 (length);
}

/* Returns: (transfer full) (nullable): the entry */
static char *
take (Fixture *fixture, guint node, gint64 *id, GError **error)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_video_queue_take_async (fixture->queue[node], dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  return dou_video_queue_take_finish (fixture->queue[node], result, id, error);
}

/* Takes what must be @id, or nothing if that is 0. */
static char *
assert_takes (Fixture *fixture, guint node, gint64 expected)
{
  g_autoptr (GError) error = NULL;
  gint64 id;
  g_autofree char *entry = take (fixture, node, &id, &error);

  g_assert_no_error (error);
  g_assert_cmpint (id, ==, expected);
  g_assert_true ((entry != NULL) == (expected != 0));
  return g_steal_pointer (&entry);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_redis_signal (fixture->server, SIGCONT);
  for (guint i = 0; i < N_NODES; i++)
    {
      g_assert_finalize_object (g_steal_pointer (&fixture->queue[i]));
      g_assert_finalize_object (g_steal_pointer (&fixture->redis[i]));
    }
  g_assert_finalize_object (g_steal_pointer (&fixture->admin));
  dou_test_redis_free (fixture->server);
  g_test_assert_expected_messages ();
}

/* As if a node had been silent about @entry. */
static void
let_time_go_by (Fixture *fixture, const char *node, const char *entry)
{
  g_autoptr (GVariant) answer = command (fixture, "XCLAIM", KEY, "nodes", node, "0", entry, "IDLE",
                                         LONGER, "JUSTID", NULL);

  g_assert_cmpuint (g_variant_n_children (answer), ==, 1);
}

/* Test that what was added is handed out in order, each to one node, and is gone when it is done. */
static void
test_order (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;

  g_assert_null (assert_takes (fixture, 1, 0));
  for (gint64 id = 11; id <= 13; id++)
    dou_video_queue_add (fixture->queue[0], id);
  first = assert_takes (fixture, 0, 11);
  second = assert_takes (fixture, 1, 12);
  third = assert_takes (fixture, 0, 13);
  g_assert_null (assert_takes (fixture, 0, 0));
  g_assert_null (assert_takes (fixture, 1, 0));
  g_assert_cmpint (get_length (fixture), ==, 3);

  dou_video_queue_drop (fixture->queue[0], first);
  dou_video_queue_drop (fixture->queue[0], third);
  dou_video_queue_drop (fixture->queue[1], second);
  g_assert_null (assert_takes (fixture, 0, 0));
  g_assert_null (assert_takes (fixture, 1, 0));
  g_assert_cmpint (get_length (fixture), ==, 0);
}

/* Test that what a node is silent about is another's, and what it keeps is not. */
static void
test_left (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *own = NULL;
  g_autofree char *again = NULL;

  dou_video_queue_add (fixture->queue[0], 11);
  dou_video_queue_add (fixture->queue[0], 12);
  first = assert_takes (fixture, 0, 11);
  second = assert_takes (fixture, 0, 12);
  let_time_go_by (fixture, "node-0", first);
  let_time_go_by (fixture, "node-0", second);

  dou_video_queue_keep (fixture->queue[0], first);
  own = assert_takes (fixture, 0, 12);
  let_time_go_by (fixture, "node-0", second);
  again = assert_takes (fixture, 1, 12);
  g_assert_cmpstr (again, ==, second);
  g_assert_null (assert_takes (fixture, 1, 0));
}

/* Test that one that was left is found behind many that were not. */
static void
test_left_behind (Fixture *fixture, gconstpointer data)
{
  g_autofree char *last = NULL;
  g_autofree char *found = NULL;

  for (gint64 id = 1; id <= MANY; id++)
    {
      dou_video_queue_add (fixture->queue[0], id);
      g_free (last);
      last = assert_takes (fixture, 0, id);
    }
  g_assert_null (assert_takes (fixture, 1, 0));
  let_time_go_by (fixture, "node-0", last);
  found = assert_takes (fixture, 1, MANY);
  g_assert_cmpstr (found, ==, last);
}

static guint
restock (Fixture *fixture, gint64 first, gint64 last)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 before = get_length (fixture);
  g_autofree char *none = NULL;

  for (gint64 id = first; id <= last; id++)
    g_array_append_val (ids, id);
  dou_video_queue_restock (fixture->queue[0], ids);
  /* Two answers on the same connection: that of the list, and then that of what it has led to. */
  for (guint i = 0; i < 2; i++)
    {
      const char *const words[] = { "PING", NULL };
      GAsyncResult *pending = NULL;
      g_autoptr (GAsyncResult) result = NULL;

      dou_redis_command_async (fixture->redis[0], words, dou_test_wait_result_cb, &pending);
      result = dou_test_wait_result (&pending);
    }

  return (guint) (get_length (fixture) - before);
}

/* Test that what Redis has forgotten is noticed, and put in again, once. */
static void
test_wiped (Fixture *fixture, gconstpointer data)
{
  g_autofree char *entry = NULL;
  g_autofree char *again = NULL;
  g_autoptr (GVariant) wiped = NULL;
  guint n_changes;

  for (gint64 id = 11; id <= 13; id++)
    dou_video_queue_add (fixture->queue[0], id);
  entry = assert_takes (fixture, 0, 11);
  g_assert_cmpuint (restock (fixture, 11, 13), ==, 0);

  wiped = command (fixture, "FLUSHALL", NULL);
  n_changes = fixture->n_changes;
  dou_video_queue_keep (fixture->queue[0], entry);
  dou_video_queue_drop (fixture->queue[0], entry);
  g_assert_null (assert_takes (fixture, 0, 0));
  g_assert_cmpuint (fixture->n_changes, ==, n_changes + 1);
  g_assert_cmpuint (restock (fixture, 11, 13), ==, 3);
  g_assert_cmpuint (restock (fixture, 11, 14), ==, 1);
  again = assert_takes (fixture, 1, 11);
}

/* Test that what somebody else has put there is thrown away. */
static void
test_foreign (Fixture *fixture, gconstpointer data)
{
  static const char *const values[] = { "", "0", "-1", "x", "9007199254740993", "12 " };
  g_autofree char *entry = NULL;
  g_autoptr (GVariant) added = command (fixture, "XADD", KEY, "*", "other", "5", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr (GVariant) answer = command (fixture, "XADD", KEY, "*", "video", values[i], NULL);

      g_assert_nonnull (answer);
    }
  dou_video_queue_add (fixture->queue[0], 11);
  for (gsize i = 0; i <= G_N_ELEMENTS (values); i++)
    g_assert_null (assert_takes (fixture, 0, 0));
  entry = assert_takes (fixture, 0, 11);
  g_assert_cmpint (get_length (fixture), ==, 1);
}

static gboolean
is_up (gpointer data)
{
  return dou_video_queue_is_up (data);
}

/* Test that a Redis that hangs is not waited for by who adds something, and not for ever by who asks; and
 * that all is well when it goes on. */
static void
test_hung (Fixture *fixture, gconstpointer data)
{
  g_autofree char *entry = NULL;
  g_autoptr (GError) error = NULL;
  gint64 id;

  dou_video_queue_add (fixture->queue[0], 11);
  entry = assert_takes (fixture, 0, 11);
  dou_test_redis_signal (fixture->server, SIGSTOP);
  for (guint i = 0; i <= N_NODES; i++)
    g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Redis at * is away: *");
  for (guint i = 0; i <= N_NODES; i++)
    g_test_expect_message ("doutok", G_LOG_LEVEL_MESSAGE, "Redis at * is back");
  dou_video_queue_add (fixture->queue[0], 12);
  g_assert_null (take (fixture, 0, &id, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_false (dou_video_queue_is_up (fixture->queue[0]));
  for (guint i = 0; i < N_NODES; i++)
    while (dou_video_queue_is_up (fixture->queue[i]))
      g_main_context_iteration (NULL, TRUE);
  while (dou_redis_get_trouble (fixture->admin) == NULL)
    g_main_context_iteration (NULL, TRUE);

  dou_test_redis_signal (fixture->server, SIGCONT);
  dou_test_wait_until (is_up, fixture->queue[0]);
  dou_test_wait_until (is_up, fixture->queue[1]);
  dou_test_wait_until (is_there, fixture->admin);
  dou_video_queue_add (fixture->queue[0], 13);
  for (id = 0; id != 13;)
    {
      g_autofree char *next = take (fixture, 1, &id, NULL);

      g_assert_nonnull (next);
    }
}

/* Test that a Redis that refuses is told of once, and left alone. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id;

  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "Nodes cannot share *NOPERM*");
  g_assert_null (take (fixture, 0, &id, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
  g_assert_false (dou_video_queue_is_up (fixture->queue[0]));
  g_clear_error (&error);
  g_assert_null (take (fixture, 0, &id, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/video/queue/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("order", test_order);
  ADD ("left", test_left);
  ADD ("left-behind", test_left_behind);
  ADD ("wiped", test_wiped);
  ADD ("foreign", test_foreign);
  ADD ("hung", test_hung);
#undef ADD
  g_test_add ("/video/queue/user/order", Fixture, COMMANDS, set_up_user, test_order, tear_down);
  g_test_add ("/video/queue/user/wiped", Fixture, COMMANDS, set_up_user, test_wiped, tear_down);
  g_test_add ("/video/queue/user/refused", Fixture, "+ping +select +xadd", set_up_user, test_refused,
              tear_down);

  return g_test_run ();
}
