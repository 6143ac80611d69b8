/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>

#include "chat/dou-chat-impl.h"
#include "lib/dou-manual-clock.h"
#include "lib/dou-test-bus.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-service.h"
#include "lib/dou-test-wait.h"

#define BUS_NAME "org.doutok.Chat"
#define OBJECT_PATH "/org/doutok/Chat"
#define INTERFACE "org.doutok.Chat1"

/* Of calls and of waiting for the service, in ms. */
#define TIMEOUT 20000

/* What the clock shows. */
#define NOW G_GINT64_CONSTANT (1000)

typedef struct
{
  DouDatabaseAddress *address; /* (owned) */
  char *directory;       /* (owned) */
  DouTestBus *bus;       /* (owned) */
  DouService *service;   /* (owned) the connection of the service's process */
  DouChatStore *store;   /* (owned) */
  DouChatImpl *impl;     /* (owned) */
  GDBusConnection *peer; /* (owned) the connection of a client's process */
} Fixture;

static void
start_call (GDBusConnection *connection, const char *method, GVariant *arguments,
            GAsyncReadyCallback callback, gpointer user_data)
{
  g_dbus_connection_call (connection, BUS_NAME, OBJECT_PATH, INTERFACE, method, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NONE, TIMEOUT, NULL, callback, user_data);
}

static GVariant *
call (Fixture *fixture, const char *method, GVariant *arguments, GError **error)
{
  return dou_test_service_call (fixture->peer, BUS_NAME, INTERFACE, method, arguments, NULL, error);
}

static void
assert_reply (Fixture *fixture, const char *method, const char *arguments, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call (fixture, method, g_variant_new_parsed (arguments), &error);

  dou_test_service_assert_reply (reply, error, expected);
}

static gboolean
is_true (gpointer data)
{
  return *(gboolean *) data;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouManualClock) clock = dou_manual_clock_new (NOW);
  g_autoptr (DouChatManager) manager = NULL;
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->bus = dou_test_bus_new ();
  fixture->service = dou_test_service_new (fixture->bus);
  fixture->peer = dou_test_bus_connect (fixture->bus);

  fixture->address = dou_test_engine_create (fixture->directory, "chat");
  fixture->store = dou_chat_store_open (fixture->address, &error);
  g_assert_no_error (error);
  manager = dou_chat_manager_new (fixture->store, DOU_CLOCK (clock), &error);
  g_assert_no_error (error);
  fixture->impl = dou_chat_impl_new (fixture->service, manager);
  g_assert_true (dou_service_export (fixture->service, G_DBUS_INTERFACE_SKELETON (fixture->impl),
                                     OBJECT_PATH, BUS_NAME, &error));

  dou_test_service_await (fixture->peer, BUS_NAME);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (g_dbus_interface_skeleton_get_connection (G_DBUS_INTERFACE_SKELETON (fixture->impl)) != NULL)
    g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (fixture->impl));
  dou_test_bus_disconnect (fixture->peer);
  g_clear_object (&fixture->service);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->impl);
  g_assert_finalize_object (fixture->store);
  dou_test_bus_free (fixture->bus);
  dou_test_engine_remove (fixture->address);
  dou_test_dir_remove (fixture->directory);
}

/* Test that a message with more items than one call may have is refused as a whole. */
static void
test_too_many_items (Fixture *fixture, gconstpointer data)
{
  const struct
  {
    const char *method;
    const char *item;
  } cases[] = {
    { "SendMessages", "(int64 1, int64 2, int64 3, 'text', '')" },
    { "GetMessages", "(int64 1, int64 2, int64 0, false, uint32 1)" },
    { "GetLatestMessages", "(int64 1, int64 2)" },
    { "MarkRead", "(int64 1, int64 2, int64 3)" },
    { "GetReadMarks", "(int64 1, int64 2)" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GVariant) item = g_variant_ref_sink (g_variant_new_parsed (cases[i].item));
      g_autofree GVariant **items = g_new (GVariant *, DOU_CHAT_ITEMS_MAX + 1);
      g_autoptr (GVariant) reply = NULL;
      g_autoptr (GError) error = NULL;

      for (guint j = 0; j <= DOU_CHAT_ITEMS_MAX; j++)
        items[j] = item;
      reply
          = call (fixture, cases[i].method,
                  g_variant_new ("(@*)", g_variant_new_array (NULL, items, DOU_CHAT_ITEMS_MAX + 1)),
                  &error);
      g_assert_null (reply);
      dou_test_service_assert_error (error, "org.doutok.Error.TooLarge");
    }
}

/* Test that arguments of another type, and methods that do not exist, are refused by the bus. */
static void
test_wrong_arguments (Fixture *fixture, gconstpointer data)
{
  const struct
  {
    const char *method;
    const char *arguments;
    const char *error;
  } cases[] = {
    { "SendMessages", "([(int64 1, int64 2, int64 3, 'text')],)",
      "org.freedesktop.DBus.Error.InvalidArgs" },
    { "SendMessages", "@() ()", "org.freedesktop.DBus.Error.InvalidArgs" },
    { "GetMessages", "([(int64 1, int64 2, int64 0, false, 1)],)",
      "org.freedesktop.DBus.Error.InvalidArgs" },
    { "GetLatestMessages", "([int64 1, 2],)", "org.freedesktop.DBus.Error.InvalidArgs" },
    { "MarkRead", "([(int64 1, int64 2)],)", "org.freedesktop.DBus.Error.InvalidArgs" },
    { "GetReadMarks", "('x',)", "org.freedesktop.DBus.Error.InvalidArgs" },
    { "Drop", "@() ()", "org.freedesktop.DBus.Error.UnknownMethod" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply
          = call (fixture, cases[i].method, g_variant_new_parsed (cases[i].arguments), &error);

      g_assert_null (reply);
      dou_test_service_assert_error (error, cases[i].error);
    }
}

/* Test that texts of a megabyte harm nobody. */
static void
test_huge_texts (Fixture *fixture, gconstpointer data)
{
  g_autofree char *huge = g_strnfill (1000000, 'x');
  GVariantBuilder messages = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxxss)"));
  g_autoptr (GVariant) reply = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_variant_builder_add (&messages, "(xxxss)", (gint64) 1, (gint64) 10, (gint64) 20, huge, "");
  g_variant_builder_add (&messages, "(xxxss)", (gint64) 2, (gint64) 10, (gint64) 20, "a", huge);
  g_variant_builder_add (&messages, "(xxxss)", (gint64) 3, (gint64) 10, (gint64) 20, "b", "");
  reply = call (fixture, "SendMessages", g_variant_new ("(a(xxxss))", &messages), &error);
  g_assert_no_error (error);
  text = g_variant_print (reply, FALSE);
  g_assert_cmpstr (text, ==, "([(28, 0, 0), (3, 0, 0), (0, 3, 1000)],)");
}

/* Test that a call fails with one of our errors when the database is gone. */
static void
test_no_database (Fixture *fixture, gconstpointer data)
{
  const char *calls[][2]
      = { { "SendMessages", "([(int64 1, int64 10, int64 20, 'text', '')],)" },
          { "GetMessages", "([(int64 10, int64 20, int64 0, false, uint32 1)],)" },
          { "GetLatestMessages", "([(int64 10, int64 20)],)" },
          { "GetConversations", "([(int64 10, int64 0, uint32 1)],)" },
          { "MarkRead", "([(int64 10, int64 20, int64 30)],)" },
          { "GetReadMarks", "([(int64 10, int64 20)],)" } };

  dou_chat_store_close (fixture->store);
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply
          = call (fixture, calls[i][0], g_variant_new_parsed (calls[i][1]), &error);

      g_assert_null (reply);
      dou_test_service_assert_error (error, "org.doutok.Error.Unavailable");
    }
}

/* Test the methods, each item with its own result. */
static void
test_methods (Fixture *fixture, gconstpointer data)
{
  assert_reply (fixture, "SendMessages",
                "([(int64 1, int64 10, int64 20, '你好', 'r'), (2, 20, 10, 'hi', ''),"
                "  (3, 10, 10, 'me', ''), (4, 10, 20, ' ', ''), (5, 10, 20, '你好', 'r'),"
                "  (6, 10, 30, 'x', ''), (1, 20, 10, 'y', '')],)",
                "([(0, 1, 1000), (0, 2, 1001), (9, 0, 0), (28, 0, 0), (0, 1, 1000), (0, 6, 1000), "
                "(3, 0, 0)],)");
  assert_reply (fixture, "GetMessages",
                "([(int64 10, int64 20, int64 0, false, uint32 500), (10, 20, 1000, false, 500),"
                "  (10, 20, 1001, true, 500), (10, 10, 0, true, 500), (20, 10, 1, true, 1)],)",
                "([(0, [(1, 10, 20, '你好', 1000), (2, 20, 10, 'hi', 1001)]), "
                "(0, [(2, 20, 10, 'hi', 1001)]), (0, []), (3, []), "
                "(0, [(1, 10, 20, '你好', 1000)])],)");
  assert_reply (fixture, "GetLatestMessages", "([(int64 10, int64 20), (30, 20), (30, 10)],)",
                "([(2, 20, 10, 'hi', 1001), (0, 0, 0, '', 0), (6, 10, 30, 'x', 1000)],)");
  assert_reply (fixture, "GetConversations",
                "([(int64 10, int64 0, uint32 10), (0, 0, 10), (10, 6, 1), (10, -1, 10),"
                "  (20, 0, 5000)],)",
                "([(0, [(6, 10, 30, 'x', 1000, 0), (2, 20, 10, 'hi', 1001, 1)]), (3, []), "
                "(0, [(2, 20, 10, 'hi', 1001, 1)]), (3, []), (0, [(2, 20, 10, 'hi', 1001, 0)])],)");
  assert_reply (fixture, "MarkRead",
                "([(int64 20, int64 10, int64 5000), (20, 20, 1), (10, 20, 1)],)", "([0, 3, 0],)");
  assert_reply (fixture, "GetReadMarks", "([(int64 20, int64 10), (10, 20), (7, 7)],)",
                "([1000, 0, 0],)");

  assert_reply (fixture, "SendMessages", "(@a(xxxss) [],)", "([],)");
  assert_reply (fixture, "GetMessages", "(@a(xxxbu) [],)", "([],)");
  assert_reply (fixture, "GetLatestMessages", "(@a(xx) [],)", "([],)");
  assert_reply (fixture, "GetConversations", "(@a(xxu) [],)", "([],)");
  assert_reply (fixture, "MarkRead", "(@a(xxx) [],)", "([],)");
  assert_reply (fixture, "GetReadMarks", "(@a(xx) [],)", "([],)");
}

/* Signals and replies in the order in which they come. */
typedef struct
{
  GString *order; /* (owned) */
  gboolean replied;
} Record;

static void
signal_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *arguments, gpointer user_data)
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

/* Test that who sends and who reads hears of it before the reply, once. */
static void
test_signals_before_reply (Fixture *fixture, gconstpointer data)
{
  const struct
  {
    const char *method;
    const char *arguments;
    const char *expected;
  } cases[] = {
    { "SendMessages",
      "([(int64 1, int64 10, int64 20, 'a', 'r'), (2, 10, 20, '', ''), "
      "(3, 20, 10, 'b', ''), (4, 10, 20, 'a', 'r')],)",
      "MessagesSent ([(1, 10, 20, 'a', 1000), (3, 20, 10, 'b', 1001)],) reply" },
    { "SendMessages", "([(int64 5, int64 10, int64 20, 'a', 'r'), (3, 20, 10, 'b', '')],)",
      "reply" },
    { "MarkRead", "([(int64 20, int64 10, int64 5000), (20, 20, 1), (20, 10, 7000)],)",
      "MessagesRead ([(20, 10, 1000)],) reply" },
    { "MarkRead", "([(int64 20, int64 10, int64 9000)],)", "reply" },
    { "GetMessages", "([(int64 20, int64 10, int64 0, false, uint32 9)],)", "reply" },
  };
  Record record = { g_string_new (NULL), FALSE };
  guint subscription = g_dbus_connection_signal_subscribe (
      fixture->peer, BUS_NAME, INTERFACE, NULL, OBJECT_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
      signal_cb, &record, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_string_truncate (record.order, 0);
      record.replied = FALSE;
      start_call (fixture->peer, cases[i].method, g_variant_new_parsed (cases[i].arguments),
                  replied_cb, &record);
      dou_test_wait_until (is_true, &record.replied);
      g_assert_cmpstr (record.order->str, ==, cases[i].expected);
    }

  g_dbus_connection_signal_unsubscribe (fixture->peer, subscription);
  g_string_free (record.order, TRUE);
}

static GVariant *
get_property (Fixture *fixture, const char *name)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) boxed = NULL;
  g_autoptr (GError) error = NULL;

  g_dbus_connection_call (fixture->peer, BUS_NAME, OBJECT_PATH, "org.freedesktop.DBus.Properties",
                          "Get", g_variant_new ("(ss)", INTERFACE, name), NULL,
                          G_DBUS_CALL_FLAGS_NONE, TIMEOUT, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  reply = g_dbus_connection_call_finish (fixture->peer, result, &error);
  g_assert_no_error (error);
  boxed = g_variant_get_child_value (reply, 0);
  return g_variant_get_variant (boxed);
}

/* Test the properties, and that the number of messages follows what happens. */
static void
test_properties (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GVariant) version = get_property (fixture, "Version");
  g_autoptr (GVariant) engine = get_property (fixture, "Engine");
  g_autoptr (GVariant) schema = get_property (fixture, "SchemaVersion");
  g_autoptr (GVariant) start = get_property (fixture, "StartTime");
  g_autoptr (GVariant) before = get_property (fixture, "MessageCount");
  g_autoptr (GVariant) after = NULL;
  gint64 now = g_get_real_time () / 1000;

  g_assert_cmpstr (g_variant_get_string (version, NULL), ==, DOU_VERSION);
  g_assert_true (g_str_has_prefix (g_variant_get_string (engine, NULL),
                                   dou_test_engine_get_title ()));
  g_assert_cmpuint (g_variant_get_uint32 (schema), ==, 3);
  g_assert_cmpint (g_variant_get_int64 (start), <=, now);
  g_assert_cmpint (g_variant_get_int64 (start), >, now - 3600000);
  g_assert_cmpint (g_variant_get_int64 (before), ==, 0);

  assert_reply (fixture, "SendMessages",
                "([(int64 1, int64 10, int64 20, 'a', ''), (2, 20, 10, 'b', '')],)",
                "([(0, 1, 1000), (0, 2, 1001)],)");
  after = get_property (fixture, "MessageCount");
  g_assert_cmpint (g_variant_get_int64 (after), ==, 2);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a;
  gint64 right = *(const gint64 *) b;

  return left < right ? -1 : left > right;
}

/* Test that of 64 messages which two send each other at once, over two connections while the clock
 * stands still, no two have the same time. */
static void
test_race (Fixture *fixture, gconstpointer data)
{
  GDBusConnection *other = dou_test_bus_connect (fixture->bus);
  GAsyncResult *waited[64] = { NULL };
  gint64 times[G_N_ELEMENTS (waited)];

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    start_call (i % 2 == 0 ? fixture->peer : other, "SendMessages",
                g_variant_new_parsed ("([(%x, %x, %x, 'text', '')],)", (gint64) i + 1,
                                      (gint64) 10 + i % 2, (gint64) 11 - i % 2),
                dou_test_wait_result_cb, &waited[i]);

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&waited[i]);
      g_autoptr (GVariant) reply = NULL;
      g_autoptr (GVariant) outcomes = NULL;
      gint32 status;
      gint64 id;

      reply = g_dbus_connection_call_finish (i % 2 == 0 ? fixture->peer : other, result, NULL);
      outcomes = g_variant_get_child_value (reply, 0);
      g_variant_get_child (outcomes, 0, "(ixx)", &status, &id, &times[i]);
      g_assert_cmpint (status, ==, DOU_STATUS_OK);
      g_assert_cmpint (id, ==, i + 1);
    }

  qsort (times, G_N_ELEMENTS (times), sizeof times[0], compare_times);
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    g_assert_cmpint (times[i], ==, NOW + i);
  dou_test_bus_disconnect (other);
}

/* Test that a client which hangs up in mid-call leaves nothing behind, and its call is done. */
static void
test_client_gone (Fixture *fixture, gconstpointer data)
{
  GDBusConnection *other = dou_test_bus_connect (fixture->bus);

  start_call (other, "SendMessages",
              g_variant_new_parsed ("([(int64 1, int64 10, int64 20, 'text', '')],)"), NULL, NULL);
  g_assert_true (g_dbus_connection_flush_sync (other, NULL, NULL));
  dou_test_bus_disconnect (other);

  while (TRUE)
    {
      g_autoptr (GVariant) count = get_property (fixture, "MessageCount");

      if (g_variant_get_int64 (count) == 1)
        break;
    }
  assert_reply (fixture, "GetLatestMessages", "([(int64 10, int64 20)],)",
                "([(1, 10, 20, 'text', 1000)],)");
}

static gboolean
handle_cb (DouDBusChat1 *object, GDBusMethodInvocation *invocation, GVariant *argument,
           gpointer user_data)
{
  (*(guint *) user_data)++;
  return FALSE;
}

static gboolean
is_not_zero (gpointer data)
{
  return *(guint *) data > 0;
}

/* Test that all calls under way are answered when the process is told to end, and that it ends
 * then. */
static void
test_drain (Fixture *fixture, gconstpointer data)
{
  const guint n = 32;
  GAsyncResult **waited = g_newa0 (GAsyncResult *, n);
  guint n_handled = 0;
  guint n_answered = 0;
  gulong handler = g_signal_connect (fixture->impl, "handle-send-messages", G_CALLBACK (handle_cb),
                                     &n_handled);

  for (guint i = 0; i < n; i++)
    start_call (fixture->peer, "SendMessages",
                g_variant_new_parsed ("([(%x, int64 10, int64 20, 'text', '')],)", (gint64) i + 1),
                dou_test_wait_result_cb, &waited[i]);
  dou_test_wait_until (is_not_zero, &n_handled);

  dou_service_quit (fixture->service, EXIT_SUCCESS);
  g_assert_cmpint (dou_service_run (fixture->service), ==, EXIT_SUCCESS);
  g_signal_handler_disconnect (fixture->impl, handler);
  /* What has not been handled yet would be by a process that is gone. */
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (fixture->impl));
  dou_chat_store_close (fixture->store);
  g_clear_object (&fixture->service);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&waited[i]);
      g_autoptr (GVariant) reply = g_dbus_connection_call_finish (fixture->peer, result, NULL);
      g_autofree char *text = NULL;
      g_autofree char *expected = NULL;

      if (reply == NULL)
        continue;
      text = g_variant_print (reply, FALSE);
      expected = g_strdup_printf ("([(0, %u, %u)],)", i + 1, 1000 + i);
      g_assert_cmpstr (text, ==, expected);
      n_answered++;
    }
  g_assert_cmpuint (n_answered, ==, n_handled);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/chat/impl/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("too-many-items", test_too_many_items);
  ADD ("wrong-arguments", test_wrong_arguments);
  ADD ("huge-texts", test_huge_texts);
  ADD ("no-database", test_no_database);
  ADD ("methods", test_methods);
  ADD ("signals-before-reply", test_signals_before_reply);
  ADD ("properties", test_properties);
  ADD ("race", test_race);
  ADD ("client-gone", test_client_gone);
  ADD ("drain", test_drain);
#undef ADD

  return g_test_run ();
}
