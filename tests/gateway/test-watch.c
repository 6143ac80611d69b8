/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-test-services.h"

typedef struct
{
  DouTestServices services; /* must be first */
  GArray *heard[DOU_N_WATCH_TOPICS]; /* (owned) (element-type DouWatchItem) */
  guint n_heard[DOU_N_WATCH_TOPICS];
} Fixture;

/* What one listener is for. */
typedef struct
{
  Fixture *fixture; /* (unowned) */
  DouWatchTopic topic;
} Ear;

static Ear ears[DOU_N_WATCH_TOPICS];

static void
heard_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  Ear *ear = user_data;

  ear->fixture->n_heard[ear->topic]++;
  if (n_items > 0)
    g_array_append_vals (ear->fixture->heard[ear->topic], items, (guint) n_items);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  dou_test_services_set_up (&fixture->services, data);
  for (guint topic = 0; topic < DOU_N_WATCH_TOPICS; topic++)
    {
      ears[topic] = (Ear){ fixture, (DouWatchTopic) topic };
      fixture->heard[topic] = g_array_new (FALSE, FALSE, sizeof (DouWatchItem));
      dou_watch_listen (fixture->services.watch, (DouWatchTopic) topic, heard_cb, &ears[topic]);
    }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint topic = 0; topic < DOU_N_WATCH_TOPICS; topic++)
    {
      dou_watch_forget (fixture->services.watch, &ears[topic]);
      g_array_unref (fixture->heard[topic]);
    }
  dou_test_services_tear_down (&fixture->services, data);
}

static void
assert_heard (Fixture *fixture, DouWatchTopic topic, guint n, gint64 a, gint64 b, gint64 c)
{
  const GArray *heard = fixture->heard[topic];
  const DouWatchItem *last = &g_array_index (heard, DouWatchItem, heard->len - 1);

  g_assert_cmpuint (heard->len, ==, n);
  g_assert_cmpint (last->a, ==, a);
  g_assert_cmpint (last->b, ==, b);
  g_assert_cmpint (last->c, ==, c);
}

/* Test that a signal of another form than the documented one tells nothing. */
static void
test_other_form (Fixture *fixture, gconstpointer data)
{
  g_test_expect_message ("doutok", G_LOG_LEVEL_CRITICAL, "*unknown arguments*");
  dou_test_services_emit (&fixture->services, "Social", "FollowsChanged", "([int64 1],)");
  g_test_assert_expected_messages ();
  g_assert_cmpuint (fixture->n_heard[DOU_WATCH_FOLLOWS], ==, 0);
}

/* Test that a service that resets counts as lost, and that why it does not hear other nodes is known as long
 * as that is so. */
static void
test_reset (Fixture *fixture, gconstpointer data)
{
  DouTestServices *services = &fixture->services;
  DouWatch *watch = services->watch;
  guint n_user = fixture->n_heard[DOU_WATCH_USER_LOST];
  guint n_social = fixture->n_heard[DOU_WATCH_SOCIAL_LOST];

  g_assert_null (dou_watch_get_trouble (watch));
  dou_test_services_emit (services, "User", "Reset", "(@as [], true)");
  g_assert_cmpuint (fixture->n_heard[DOU_WATCH_USER_LOST], ==, n_user + 1);
  g_assert_null (dou_watch_get_trouble (watch));

  dou_test_services_emit (services, "User", "Reset", "(['one', 'two'], false)");
  dou_test_services_emit (services, "Social", "Reset", "(['three'], false)");
  g_assert_cmpuint (fixture->n_heard[DOU_WATCH_USER_LOST], ==, n_user + 2);
  g_assert_cmpuint (fixture->n_heard[DOU_WATCH_SOCIAL_LOST], ==, n_social + 1);
  g_assert_cmpstr (dou_watch_get_trouble (watch), ==, "one");

  dou_test_services_emit (services, "User", "Reset", "(@as [], true)");
  g_assert_cmpstr (dou_watch_get_trouble (watch), ==, "three");
  dou_test_services_emit (services, "Social", "Reset", "(@as [], true)");
  g_assert_null (dou_watch_get_trouble (watch));

  g_test_expect_message ("doutok", G_LOG_LEVEL_CRITICAL, "*unknown arguments*");
  dou_test_services_emit (services, "Social", "Reset", "(int64 1,)");
  g_test_assert_expected_messages ();
}

/* Test that nobody but a service is heard. */
static void
test_stranger (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_dbus_connection_emit_signal (fixture->services.connection, NULL, "/org/doutok/User",
                                 "org.doutok.User1", "Changed",
                                 g_variant_new_parsed ("([int64 1],)"), &error);
  g_assert_no_error (error);
  g_dbus_connection_flush_sync (fixture->services.connection, NULL, &error);
  g_assert_no_error (error);
  dou_test_services_emit (&fixture->services, "User", "Changed", "([int64 2],)");
  assert_heard (fixture, DOU_WATCH_USERS, 1, 2, 0, 0);
}

/* Test that each signal arrives with its items, and an empty one without. */
static void
test_topics (Fixture *fixture, gconstpointer data)
{
  DouTestServices *services = &fixture->services;

  dou_test_services_emit (services, "User", "Changed", "([int64 1, 2],)");
  assert_heard (fixture, DOU_WATCH_USERS, 2, 2, 0, 0);
  dou_test_services_emit (services, "User", "GenerationsChanged", "([(int64 1, int64 7)],)");
  assert_heard (fixture, DOU_WATCH_GENERATIONS, 1, 1, 7, 0);
  dou_test_services_emit (services, "Video", "Changed", "([int64 3],)");
  assert_heard (fixture, DOU_WATCH_VIDEOS, 1, 3, 0, 0);
  dou_test_services_emit (services, "Video", "WorkCountsChanged", "([int64 4],)");
  assert_heard (fixture, DOU_WATCH_WORK_COUNTS, 1, 4, 0, 0);
  dou_test_services_emit (services, "Social", "VideosChanged", "([int64 5],)");
  assert_heard (fixture, DOU_WATCH_VIDEO_COUNTS, 1, 5, 0, 0);
  dou_test_services_emit (services, "Social", "UsersChanged", "([int64 6],)");
  assert_heard (fixture, DOU_WATCH_USER_COUNTS, 1, 6, 0, 0);
  dou_test_services_emit (services, "Social", "FavoritesChanged",
                          "([(int64 1, int64 2, true), (int64 3, int64 4, false)],)");
  assert_heard (fixture, DOU_WATCH_FAVORITES, 2, 3, 4, 0);
  dou_test_services_emit (services, "Social", "FollowsChanged", "([(int64 1, int64 2, true)],)");
  assert_heard (fixture, DOU_WATCH_FOLLOWS, 1, 1, 2, 1);
  dou_test_services_emit (services, "Chat", "MessagesSent",
                          "([(int64 9, int64 1, int64 2, 'hello', int64 55)],)");
  assert_heard (fixture, DOU_WATCH_MESSAGES, 1, 1, 2, 55);
  dou_test_services_emit (services, "Social", "UsersChanged", "(@ax [],)");
  assert_heard (fixture, DOU_WATCH_USER_COUNTS, 1, 6, 0, 0);
}

/* Test that the end of a service is heard, after all that it has told. */
static void
test_lost (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (fixture->n_heard[DOU_WATCH_USER_LOST], ==, 0);
  dou_test_services_restart (&fixture->services);
  for (guint topic = DOU_WATCH_USER_LOST; topic <= DOU_WATCH_CHAT_LOST; topic++)
    g_assert_cmpuint (fixture->n_heard[topic], >, 0);

  dou_test_services_emit (&fixture->services, "User", "Changed", "([int64 1],)");
  assert_heard (fixture, DOU_WATCH_USERS, 1, 1, 0, 0);
}

static void
deaf_cb (DouWatch *watch, gpointer user_data)
{
  (*(guint *) user_data)++;
}

/* Test that without the bus everything counts as lost, again and again, and that it is said once. */
static void
test_deaf (void)
{
  g_autoptr (DouTestBus) bus = dou_test_bus_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DouWatch) watch = dou_watch_new (dou_test_bus_get_address (bus), &error);
  Fixture fixture = { .n_heard = { 0 } };
  Ear ear = { &fixture, DOU_WATCH_VIDEO_LOST };
  guint n_deaf = 0;

  g_assert_no_error (error);
  dou_watch_listen (watch, DOU_WATCH_VIDEO_LOST, heard_cb, &ear);
  g_signal_connect (watch, "deaf", G_CALLBACK (deaf_cb), &n_deaf);
  dou_watch_catch_up (watch);
  g_assert_cmpuint (fixture.n_heard[DOU_WATCH_VIDEO_LOST], ==, 0);

  dou_test_bus_kill (bus);
  while (n_deaf == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (fixture.n_heard[DOU_WATCH_VIDEO_LOST], ==, 1);
  dou_watch_catch_up (watch);
  g_assert_cmpuint (fixture.n_heard[DOU_WATCH_VIDEO_LOST], ==, 2);
  g_assert_cmpuint (n_deaf, ==, 1);
}

/* Test that there is no watch where there is no bus. */
static void
test_no_bus (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_watch_new ("unix:path=/nonexistent/bus", &error));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/gateway/watch/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("other-form", test_other_form);
  ADD ("stranger", test_stranger);
  ADD ("topics", test_topics);
  ADD ("reset", test_reset);
  ADD ("lost", test_lost);
  g_test_add_func ("/gateway/watch/deaf", test_deaf);
  g_test_add_func ("/gateway/watch/no-bus", test_no_bus);

  return g_test_run ();
}
