/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/dou-database-transaction.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-service.h"
#include "lib/dou-test-wait.h"

#include "service-fixture.h"

static gboolean
is_true (gpointer data)
{
  return *(gboolean *) data;
}

/* Every method that takes items, and the text of one of them. */
static const struct
{
  const char *method;
  const char *item;
  guint max;
} methods[] = {
  { "SetFavorites", "(int64 1, int64 2, int64 3, true)", DOU_SOCIAL_ITEMS_MAX },
  { "SetFollows", "(int64 1, int64 2, true)", DOU_SOCIAL_ITEMS_MAX },
  { "SetBlocks", "(int64 1, int64 2, true)", DOU_SOCIAL_ITEMS_MAX },
  { "AddComments", "(int64 1, int64 2, int64 3, int64 9, 'a', '')", DOU_SOCIAL_ITEMS_MAX },
  { "DeleteComments", "(int64 1, int64 2, int64 3, int64 4)", DOU_SOCIAL_ITEMS_MAX },
  { "SetFeelings", "(int64 1, int64 2, 1)", DOU_SOCIAL_ITEMS_MAX },
  { "GetFeelings", "(int64 1, int64 2)", DOU_SOCIAL_ITEMS_MAX },
  { "GetComments", "(int64 1, int64 0, uint32 9)", DOU_SOCIAL_LISTS_MAX },
  { "GetFavorites", "(int64 1, int64 0, uint32 9)", DOU_SOCIAL_LISTS_MAX },
  { "GetFollows", "(int64 1, int64 0, uint32 9)", DOU_SOCIAL_LISTS_MAX },
  { "GetFollowers", "(int64 1, int64 0, uint32 9)", DOU_SOCIAL_LISTS_MAX },
  { "GetFriends", "(int64 1, int64 0, uint32 9)", DOU_SOCIAL_LISTS_MAX },
  { "GetBlocks", "(int64 1, int64 0, uint32 9)", DOU_SOCIAL_LISTS_MAX },
  { "GetApart", "(int64 1, int64 0, uint32 9)", DOU_SOCIAL_LISTS_MAX },
  { "GetVideoCounts", "int64 1", DOU_SOCIAL_ITEMS_MAX },
  { "GetUserCounts", "int64 1", DOU_SOCIAL_ITEMS_MAX },
  { "AreFavorites", "(int64 1, int64 2)", DOU_SOCIAL_ITEMS_MAX },
  { "AreFollows", "(int64 1, int64 2)", DOU_SOCIAL_ITEMS_MAX },
  { "AreApart", "(int64 1, int64 2)", DOU_SOCIAL_ITEMS_MAX },
  { "RemoveVideos", "int64 1", DOU_SOCIAL_ITEMS_MAX },
};

static GVariant *
make_items (const char *item, guint n)
{
  g_autoptr (GVariant) parsed = g_variant_ref_sink (g_variant_new_parsed (item));
  g_autofree GVariant **items = g_new (GVariant *, n);

  for (guint i = 0; i < n; i++)
    items[i] = parsed;
  return g_variant_new ("(@*)", g_variant_new_array (g_variant_get_type (parsed), items, n));
}

/* Test that a message with more items than one call may have is refused as a whole, and that one
 * with as many as it may have is not. */
static void
test_too_many_items (ServiceFixture *fixture, gconstpointer data)
{
  const char *const largest[] = { "GetVideoCounts", "GetFriends" };
  const char *const items[] = { "int64 1", "(int64 1, int64 0, uint32 9)" };
  const guint max[] = { DOU_SOCIAL_ITEMS_MAX, DOU_SOCIAL_LISTS_MAX };

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    service_assert_fails (fixture, methods[i].method, make_items (methods[i].item, methods[i].max + 1),
                          "org.doutok.Error.TooLarge");

  for (gsize i = 0; i < G_N_ELEMENTS (largest); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply
          = service_call (fixture, largest[i], make_items (items[i], max[i]), &error);

      g_assert_no_error (error);
      g_assert_nonnull (reply);
    }
}

/* Test that arguments of another type, and methods that do not exist, are refused by the bus. */
static void
test_wrong_arguments (ServiceFixture *fixture, gconstpointer data)
{
  const char *invalid = "org.freedesktop.DBus.Error.InvalidArgs";

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      service_assert_fails (fixture, methods[i].method, g_variant_new_parsed ("(['a'],)"), invalid);
      service_assert_fails (fixture, methods[i].method, g_variant_new_parsed ("()"), invalid);
    }
  service_assert_fails (fixture, "Recount", g_variant_new_parsed ("(1,)"), invalid);
  service_assert_fails (fixture, "Drop", NULL, "org.freedesktop.DBus.Error.UnknownMethod");
}

/* Test that a call fails with one of our errors when the database is gone. */
static void
test_no_database (ServiceFixture *fixture, gconstpointer data)
{
  dou_social_store_close (fixture->store);
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    service_assert_fails (fixture, methods[i].method, make_items (methods[i].item, 1),
                          "org.doutok.Error.Unavailable");
  service_assert_fails (fixture, "Recount", NULL, "org.doutok.Error.Unavailable");
}

/* Test that texts of a megabyte harm nobody. */
static void
test_huge_texts (ServiceFixture *fixture, gconstpointer data)
{
  g_autofree char *huge = g_strnfill (1000000, 'x');
  GVariantBuilder drafts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxxxss)"));
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) outcomes = NULL;
  g_autoptr (GError) error = NULL;
  const gint32 expected[] = { DOU_STATUS_BAD_TEXT, DOU_STATUS_BAD_PARAMETER, DOU_STATUS_OK };

  for (gint64 id = 1; id <= 3; id++)
    g_variant_builder_add (&drafts, "(xxxxss)", id, (gint64) 1, (gint64) 20, (gint64) 9,
                           id == 1 ? huge : "a", id == 2 ? huge : "");
  reply = service_call (fixture, "AddComments", g_variant_new ("(a(xxxxss))", &drafts), &error);
  g_assert_no_error (error);
  outcomes = g_variant_get_child_value (reply, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      gint32 status;

      g_variant_get_child (outcomes, i, "(ixx)", &status, NULL, NULL);
      g_assert_cmpint (status, ==, expected[i]);
    }
}

/* Test all methods, each item with its own result. */
static void
test_methods (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) added = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *comments = NULL;
  gint64 created;

  service_assert_reply (fixture, "SetFavorites",
                        "([(int64 1, int64 20, int64 9, true), (1, 21, 9, true), (1, 0, 9, true)],)",
                        "([0, 0, 3],)");
  service_assert_reply (fixture, "SetFollows",
                        "([(int64 1, int64 2, true), (1, 1, true), (2, 1, true), (1, 3, true)],)",
                        "([0, 9, 0, 0],)");

  added = service_call (
              fixture, "AddComments",
              g_variant_new_parsed ("([(int64 11, int64 1, int64 20, int64 9, '抖音 👍', 'r')],)"), &error);
  g_assert_no_error (error);
  {
    g_autoptr (GVariant) outcomes = g_variant_get_child_value (added, 0);
    gint64 now = g_get_real_time () / 1000;

    g_variant_get_child (outcomes, 0, "(ixx)", NULL, NULL, &created);
    g_assert_cmpint (created, <=, now);
    g_assert_cmpint (created, >, now - 3600000);
  }

  service_assert_reply (fixture, "SetFeelings", "([(int64 3, int64 11, 1), (3, 12, 1), (3, 11, 7)],)",
                        "([0, 27, 3],)");
  comments = g_strdup_printf (
      "([(0, [(11, 1, '抖音 👍', %" G_GINT64_FORMAT ", 1, 0)]), (0, [])],)", created);
  service_assert_reply (fixture, "GetComments",
                        "([(int64 20, int64 0, uint32 10), (21, 0, 10)],)", comments);
  service_assert_reply (fixture, "GetFavorites", "([(int64 1, int64 0, uint32 1), (1, 2, 1), (2, 0, 1)],)",
                        "([(2, [21]), (0, [20]), (0, [])],)");
  service_assert_reply (fixture, "GetFollows", "([(int64 1, int64 0, uint32 10)],)", "([(0, [3, 2])],)");
  service_assert_reply (fixture, "GetFollowers", "([(int64 1, int64 0, uint32 10)],)", "([(0, [2])],)");
  service_assert_reply (fixture, "GetFriends", "([(int64 1, int64 0, uint32 10)],)", "([(0, [2])],)");
  service_assert_reply (fixture, "GetVideoCounts", "([int64 20, 21, 22],)", "([(1, 1), (1, 0), (0, 0)],)");
  service_assert_reply (fixture, "GetUserCounts", "([int64 1, 9],)", "([(2, 1, 0, 2), (0, 0, 2, 0)],)");
  service_assert_reply (fixture, "AreFavorites", "([(int64 1, int64 20), (2, 20)],)", "([true, false],)");
  service_assert_reply (fixture, "AreFollows", "([(int64 1, int64 3), (3, 1)],)", "([true, false],)");
  service_assert_reply (fixture, "DeleteComments",
                        "([(int64 11, int64 20, int64 9, int64 3), (11, 20, 9, 9)],)", "([9, 0],)");
  service_assert_reply (fixture, "RemoveVideos", "([int64 20],)", "([0],)");
  service_assert_reply (fixture, "GetVideoCounts", "([int64 20],)", "([(0, 0)],)");

  service_assert_reply (fixture, "SetBlocks",
                        "([(int64 1, int64 2, true), (4, 4, true), (4, 1, true), (1, 0, true)],)",
                        "([0, 9, 0, 3],)");
  service_assert_reply (fixture, "AreApart", "([(int64 1, int64 2), (2, 1), (1, 4), (2, 4)],)",
                        "([true, true, true, false],)");
  service_assert_reply (fixture, "GetBlocks", "([(int64 1, int64 0, uint32 10), (2, 0, 10)],)",
                        "([(0, [2]), (0, [])],)");
  service_assert_reply (fixture, "GetApart", "([(int64 1, int64 0, uint32 10), (2, 0, 10)],)",
                        "([(0, [4, 2]), (0, [1])],)");
  service_assert_reply (fixture, "Recount", "()", "(0,)");
}

/* Test that calls without items are answered without items. */
static void
test_no_items (ServiceFixture *fixture, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr (GVariant) reply = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;

      reply = service_call (fixture, methods[i].method, make_items (methods[i].item, 0), &error);
      g_assert_no_error (error);
      text = g_variant_print (reply, FALSE);
      g_assert_cmpstr (text, ==, "([],)");
    }
}

/* Signals and replies in the order in which they come. */
typedef struct
{
  GString *order; /* (owned) */
  gboolean replied;
} Record;

static void
changed_cb (GDBusConnection *connection, const char *sender, const char *path,
            const char *interface, const char *signal, GVariant *arguments, gpointer user_data)
{
  g_autofree char *text = g_variant_print (arguments, FALSE);
  Record *record = user_data;

  g_string_append_printf (record->order, "%s %s ", signal, text);
}

static void
replied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  Record *record = user_data;

  g_assert_nonnull (reply);
  g_string_append (record->order, "reply");
  record->replied = TRUE;
}

/* Test that who changes something hears of it before the reply, and of nothing that stays as it
 * is. */
static void
test_changed_before_reply (ServiceFixture *fixture, gconstpointer data)
{
  const char *const steps[][3] = {
    { "SetFavorites", "([(int64 1, int64 20, int64 9, true), (1, 21, 9, false)],)",
      "VideosChanged ([20],) UsersChanged ([1, 9],) FavoritesChanged ([(1, 20, true)],) reply" },
    { "SetFavorites", "([(int64 1, int64 20, int64 9, true)],)", "reply" },
    { "SetFollows", "([(int64 1, int64 2, true), (1, 1, true)],)",
      "UsersChanged ([1, 2],) FollowsChanged ([(1, 2, true)],) reply" },
    { "AddComments", "([(int64 11, int64 1, int64 20, int64 9, 'a', '')],)",
      "VideosChanged ([20],) reply" },
    { "AddComments", "([(int64 11, int64 1, int64 20, int64 9, 'a', '')],)", "reply" },
    { "SetFeelings", "([(int64 1, int64 11, 1), (1, 12, 1)],)",
      "FeelingsChanged ([(1, 11, 1)],) reply" },
    { "GetFeelings", "([(int64 1, int64 11), (2, 11)],)", "reply" },
    { "DeleteComments", "([(int64 11, int64 20, int64 9, int64 1)],)",
      "VideosChanged ([20],) reply" },
    { "DeleteComments", "([(int64 11, int64 20, int64 9, int64 1)],)", "reply" },
    { "RemoveVideos", "([int64 20],)",
      "VideosChanged ([20],) UsersChanged ([1, 9],) FavoritesChanged ([(1, 20, false)],) reply" },
    { "SetBlocks", "([(int64 2, int64 1, true), (1, 1, true)],)",
      "UsersChanged ([1, 2],) FollowsChanged ([(1, 2, false)],) BlocksChanged ([(2, 1, true)],) reply" },
    { "SetBlocks", "([(int64 2, int64 1, true)],)", "reply" },
    { "SetFollows", "([(int64 1, int64 2, true)],)", "reply" },
    { "SetBlocks", "([(int64 2, int64 1, false)],)", "BlocksChanged ([(2, 1, false)],) reply" },
    { "Recount", "()", "reply" },
  };
  Record record = { g_string_new (NULL), FALSE };
  guint subscription = g_dbus_connection_signal_subscribe (
      fixture->peer, NAME, INTERFACE, NULL, PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, changed_cb,
      &record, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_string_truncate (record.order, 0);
      record.replied = FALSE;
      g_dbus_connection_call (fixture->peer, NAME, PATH, INTERFACE, steps[i][0],
                              g_variant_new_parsed (steps[i][1]), NULL, G_DBUS_CALL_FLAGS_NONE,
                              TIMEOUT, NULL, replied_cb, &record);
      dou_test_wait_until (is_true, &record.replied);
      g_assert_cmpstr (record.order->str, ==, steps[i][2]);
    }

  g_dbus_connection_signal_unsubscribe (fixture->peer, subscription);
  g_string_free (record.order, TRUE);
}

static GVariant *
get_property (ServiceFixture *fixture, const char *name)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) boxed = NULL;
  g_autoptr (GError) error = NULL;

  service_start_call (fixture->peer, "org.freedesktop.DBus.Properties", "Get",
                      g_variant_new ("(ss)", INTERFACE, name), &waited);
  reply = service_finish_call (fixture->peer, &waited, &error);
  g_assert_no_error (error);
  boxed = g_variant_get_child_value (reply, 0);
  return g_variant_get_variant (boxed);
}

static gint64
get_count (ServiceFixture *fixture, const char *name)
{
  g_autoptr (GVariant) count = get_property (fixture, name);

  return g_variant_get_int64 (count);
}

/* Test the properties, and that the counts follow what happens. */
static void
test_properties (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) version = get_property (fixture, "Version");
  g_autoptr (GVariant) engine = get_property (fixture, "Engine");
  g_autoptr (GVariant) schema = get_property (fixture, "SchemaVersion");
  gint64 start = get_count (fixture, "StartTime");
  gint64 now = g_get_real_time () / 1000;

  g_assert_cmpstr (g_variant_get_string (version, NULL), ==, DOU_VERSION);
  g_assert_true (g_str_has_prefix (g_variant_get_string (engine, NULL),
                                   dou_test_engine_get_title ()));
  g_assert_cmpuint (g_variant_get_uint32 (schema), ==, 5);
  g_assert_cmpint (start, <=, now);
  g_assert_cmpint (start, >, now - 3600000);

  service_assert_reply (fixture, "SetFavorites",
                        "([(int64 1, int64 20, int64 9, true), (2, 20, 9, true), (3, 21, 9, true)],)",
                        "([0, 0, 0],)");
  service_assert_reply (fixture, "SetFollows", "([(int64 1, int64 2, true)],)", "([0],)");
  service_assert_reply (fixture, "SetFavorites", "([(int64 1, int64 20, int64 9, false)],)", "([0],)");
  g_assert_cmpint (get_count (fixture, "FavoriteCount"), ==, 2);
  g_assert_cmpint (get_count (fixture, "FollowCount"), ==, 1);
  g_assert_cmpint (get_count (fixture, "CommentCount"), ==, 0);
}

#define N_CONNECTIONS 8
#define N_USERS 64
#define N_STEPS 3

/* Test that many who like, unlike and like one video at once end where they must, one of them over
 * several connections, and that all counters are right. */
static void
test_race (ServiceFixture *fixture, gconstpointer data)
{
  GDBusConnection *connections[N_CONNECTIONS];
  GAsyncResult *waited[N_STEPS][N_USERS] = { { NULL } };
  gint64 n_likes;
  g_autoptr (GVariant) counts = NULL;
  g_autoptr (GVariant) shared = NULL;
  g_autofree char *expected = NULL;

  for (guint i = 0; i < N_CONNECTIONS; i++)
    connections[i] = dou_test_bus_connect (fixture->bus);

  for (guint step = 0; step < N_STEPS; step++)
    for (guint i = 0; i < N_USERS; i++)
      service_start_call (connections[i % N_CONNECTIONS], INTERFACE, "SetFavorites",
                          g_variant_new_parsed ("([(%x, int64 20, int64 9, %b), (1000, 20, 9, %b)],)",
                                                (gint64) i + 1, step % 2 == 0, (step + i) % 2 == 0),
                          &waited[step][i]);
  for (guint step = 0; step < N_STEPS; step++)
    for (guint i = 0; i < N_USERS; i++)
      {
        g_autoptr (GError) error = NULL;
        g_autoptr (GVariant) reply
            = service_finish_call (connections[i % N_CONNECTIONS], &waited[step][i], &error);
        g_autofree char *text = NULL;

        g_assert_no_error (error);
        text = g_variant_print (reply, FALSE);
        g_assert_cmpstr (text, ==, "([0, 0],)");
      }
  for (guint i = 0; i < N_CONNECTIONS; i++)
    dou_test_bus_disconnect (connections[i]);

  n_likes = get_count (fixture, "FavoriteCount");
  g_assert_true (n_likes == N_USERS || n_likes == N_USERS + 1);
  expected = g_strdup_printf ("([%s],)", n_likes > N_USERS ? "true" : "false");
  service_assert_reply (fixture, "AreFavorites", "([(int64 1000, int64 20)],)", expected);
  counts = service_call (fixture, "GetVideoCounts", g_variant_new_parsed ("([int64 20],)"), NULL);
  shared = g_variant_ref_sink (g_variant_new_parsed ("([(%x, int64 0)],)", n_likes));
  g_assert_true (g_variant_equal (counts, shared));
  service_assert_reply (fixture, "Recount", "()", "(0,)");
}

/* Test that a client which hangs up in mid-call leaves nothing behind, and its call is done. */
static void
test_client_gone (ServiceFixture *fixture, gconstpointer data)
{
  GDBusConnection *other = dou_test_bus_connect (fixture->bus);

  g_dbus_connection_call (other, NAME, PATH, INTERFACE, "SetFollows",
                          g_variant_new_parsed ("([(int64 1, int64 2, true)],)"), NULL,
                          G_DBUS_CALL_FLAGS_NONE, TIMEOUT, NULL, NULL, NULL);
  g_assert_true (g_dbus_connection_flush_sync (other, NULL, NULL));
  dou_test_bus_disconnect (other);

  while (get_count (fixture, "FollowCount") != 1)
    ;
  service_assert_reply (fixture, "AreFollows", "([(int64 1, int64 2)],)", "([true],)");
}

static gboolean
rollback_cb (gpointer user_data)
{
  dou_transaction_rollback (user_data);
  return G_SOURCE_REMOVE;
}

/* Test that a call under way is answered when the process is told to end, and that it ends then. */
static void
test_drain (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (DouTransaction) other = NULL;
  GAsyncResult *waited = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  /* Somebody else has the database, so that the call has to wait. */
  other = dou_transaction_open (fixture->address, &error);
  g_assert_no_error (error);
  dou_transaction_add_statement (other, "database-begin-write",
                                 dou_test_engine_is_server () ? "BEGIN" : "BEGIN IMMEDIATE");
  if (dou_test_engine_is_server ())
    dou_transaction_add_statement (other, "lock-writes",
                                   "SELECT id FROM social_totals WHERE id = 1 FOR UPDATE");
  dou_transaction_add_statement (other, "database-rollback",
                                 dou_test_engine_is_server () ? "ROLLBACK AND NO CHAIN" : "ROLLBACK");
  g_assert_true (dou_transaction_begin (other, TRUE, &error));
  service_start_call (fixture->peer, INTERFACE, "SetFollows",
                      g_variant_new_parsed ("([(int64 1, int64 2, true)],)"), &waited);
  service_assert_reply (fixture, "GetUserCounts", "([int64 1],)", "([(0, 0, 0, 0)],)");
  g_assert_null (waited);

  g_idle_add (rollback_cb, other);
  dou_service_quit (fixture->service, EXIT_SUCCESS);
  g_assert_cmpint (dou_service_run (fixture->service), ==, EXIT_SUCCESS);
  dou_social_store_close (fixture->store);
  g_clear_object (&fixture->service);

  reply = service_finish_call (fixture->peer, &waited, &error);
  g_assert_no_error (error);
  text = g_variant_print (reply, FALSE);
  g_assert_cmpstr (text, ==, "([0],)");
}

/* Measure likes over the bus in batches of 64, two of them under way at a time. */
static void
test_speed (ServiceFixture *fixture, gconstpointer data)
{
  const guint n_batches = 500;
  const guint n_links = 64;
  GAsyncResult *waited[2] = { NULL };
  double cost;

  g_test_timer_start ();
  for (guint batch = 0; batch < n_batches + 2; batch++)
    {
      GVariantBuilder items = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxxb)"));

      if (batch >= 2)
        {
          g_autoptr (GVariant) reply = service_finish_call (fixture->peer, &waited[batch % 2], NULL);

          g_assert_nonnull (reply);
        }
      if (batch >= n_batches)
        {
          g_variant_builder_clear (&items);
          continue;
        }

      for (guint i = 0; i < n_links; i++)
        g_variant_builder_add (&items, "(xxxb)",
                               1 + ((gint64) batch * 7919 + i * 104729) % 10007,
                               1 + (gint64) batch * n_links + i, 1 + (gint64) i, TRUE);
      service_start_call (fixture->peer, INTERFACE, "SetFavorites", g_variant_new ("(a(xxxb))", &items),
                          &waited[batch % 2]);
    }
  cost = g_test_timer_elapsed () * 1e6 / (n_batches * n_links);
  g_test_minimized_result (cost, "over the bus: %.2f us a like", cost);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/social/impl/" name, ServiceFixture, NULL, service_fixture_set_up, func,            \
              service_fixture_tear_down)
  ADD ("too-many-items", test_too_many_items);
  ADD ("wrong-arguments", test_wrong_arguments);
  ADD ("no-database", test_no_database);
  ADD ("huge-texts", test_huge_texts);
  ADD ("methods", test_methods);
  ADD ("no-items", test_no_items);
  ADD ("changed-before-reply", test_changed_before_reply);
  ADD ("properties", test_properties);
  ADD ("race", test_race);
  ADD ("client-gone", test_client_gone);
  ADD ("drain", test_drain);
  if (g_test_perf ())
    ADD ("speed", test_speed);
#undef ADD

  return g_test_run ();
}
