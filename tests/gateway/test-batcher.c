/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-status.h"
#include "gateway/dou-batcher.h"
#include "lib/dou-test-bus.h"

#define NAME "org.doutok.Test"
#define PATH "/org/doutok/Test"

/* Milliseconds: longer than a test may take. */
#define LONG 3600000

#define LIMITS .max_items = 10, .max_queue = 25, .timeout = 20000
static const DouBatcherLimits plain = { LIMITS, .max_in_flight = 1 };
static const DouBatcherLimits lingering = { LIMITS, .max_in_flight = 1, .linger = LONG };
static const DouBatcherLimits lingering_shortly = { LIMITS, .max_in_flight = 1, .linger = 1 };
static const DouBatcherLimits patient = { LIMITS, .max_in_flight = 2, .patience = LONG };
static const DouBatcherLimits impatient = { LIMITS, .max_in_flight = 2, .patience = 1 };
#undef LIMITS

/* A service that doubles numbers, and keeps its calls until the test lets them go. */
static const char interface_xml[] = "<node><interface name='org.doutok.Test1'>"
                                    "<method name='Double'>"
                                    "<arg type='ax' direction='in'/><arg type='ax' direction='out'/>"
                                    "</method></interface></node>";

typedef struct
{
  DouTestBus *bus;             /* (owned) */
  GDBusConnection *client;     /* (owned) */
  GDBusConnection *services[3]; /* (owned) each owns the name, or waits in the queue for it */
  GDBusProxy *proxy;           /* (owned) */
  DouBatcher *batcher;         /* (owned) */
  GDBusNodeInfo *info;         /* (owned) */
  GPtrArray *calls;            /* (owned) (element-type GDBusMethodInvocation) not answered yet */
  guint n_calls;
  guint n_done;
  guint n_failed;
  DouStatus status; /* of the last failure */
} Fixture;

static void
called_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *method, GVariant *parameters, GDBusMethodInvocation *invocation,
           gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_calls++;
  g_ptr_array_add (fixture->calls, invocation);
}

static const GDBusInterfaceVTable vtable = { .method_call = called_cb };

static void
add_service (Fixture *fixture, guint index)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;

  fixture->services[index] = dou_test_bus_connect (fixture->bus);
  g_dbus_connection_register_object (fixture->services[index], PATH, fixture->info->interfaces[0],
                                     &vtable, fixture, NULL, &error);
  g_assert_no_error (error);
  reply = g_dbus_connection_call_sync (
      fixture->services[index], "org.freedesktop.DBus", "/org/freedesktop/DBus",
      "org.freedesktop.DBus", "RequestName", g_variant_new ("(su)", NAME, 0), NULL,
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  (void) DOU_ERROR;
  fixture->bus = dou_test_bus_new ();
  fixture->info = g_dbus_node_info_new_for_xml (interface_xml, NULL);
  fixture->calls = g_ptr_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (fixture->services); i++)
    add_service (fixture, i);

  fixture->client = dou_test_bus_connect (fixture->bus);
  fixture->proxy = g_dbus_proxy_new_sync (fixture->client,
                                          G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NULL, NAME,
                                          PATH, "org.doutok.Test1", NULL, &error);
  g_assert_no_error (error);
  fixture->batcher = dou_batcher_new (fixture->proxy, "Double", "x", data);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_test_assert_expected_messages ();
  g_assert_cmpuint (fixture->calls->len, ==, 0);
  g_assert_finalize_object (fixture->batcher);
  g_clear_object (&fixture->proxy);
  for (guint i = 0; i < G_N_ELEMENTS (fixture->services); i++)
    if (fixture->services[i] != NULL)
      dou_test_bus_disconnect (fixture->services[i]);
  dou_test_bus_disconnect (fixture->client);
  g_ptr_array_unref (fixture->calls);
  g_dbus_node_info_unref (fixture->info);
  dou_test_bus_free (fixture->bus);
}

static void
wait_for_calls (Fixture *fixture, guint n_calls)
{
  while (fixture->n_calls < n_calls)
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_for_answers (Fixture *fixture, guint n)
{
  while (fixture->n_done + fixture->n_failed < n)
    g_main_context_iteration (NULL, TRUE);
}

/* Answers the oldest call; returns how many items it had. */
static gsize
answer (Fixture *fixture)
{
  GDBusMethodInvocation *invocation = g_ptr_array_steal_index (fixture->calls, 0);
  g_autoptr (GVariant) items = g_variant_get_child_value (
      g_dbus_method_invocation_get_parameters (invocation), 0);
  gsize n_items;
  const gint64 *numbers = g_variant_get_fixed_array (items, &n_items, sizeof (gint64));
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("ax"));
  for (gsize i = 0; i < n_items; i++)
    g_variant_builder_add (&builder, "x", 2 * numbers[i]);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(ax)", &builder));
  return n_items;
}

typedef struct
{
  Fixture *fixture; /* (unowned) */
  gint64 first;
  gsize n;
} Expectation;

static void
submitted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Expectation *expected = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);

  if (results == NULL)
    {
      expected->fixture->n_failed++;
      expected->fixture->status = dou_status_from_error (error);
      return;
    }

  g_assert_cmpuint (dou_batch_results_get_n (results), ==, expected->n);
  for (gsize i = 0; i < expected->n; i++)
    {
      g_autoptr (GVariant) doubled = dou_batch_results_get (results, i);

      g_assert_cmpint (g_variant_get_int64 (doubled), ==, 2 * (expected->first + (gint64) i));
    }
  expected->fixture->n_done++;
}

static void
submit (Fixture *fixture, gint64 first, gsize n, GCancellable *cancellable)
{
  g_autofree GVariant **items = g_new (GVariant *, n);
  Expectation *expected = g_new (Expectation, 1);

  *expected = (Expectation){ fixture, first, n };
  for (gsize i = 0; i < n; i++)
    items[i] = g_variant_new_int64 (first + (gint64) i);
  dou_batcher_submit_async (fixture->batcher, items, n, cancellable, submitted_cb, expected);
}

/* Test that the service's error reaches every submitter as what it was. */
static void
test_error (Fixture *fixture, gconstpointer data)
{
  submit (fixture, 1, 1, NULL);
  wait_for_calls (fixture, 1);
  g_dbus_method_invocation_return_error (g_ptr_array_steal_index (fixture->calls, 0), DOU_ERROR,
                                         DOU_STATUS_UNAVAILABLE, "full");
  wait_for_answers (fixture, 1);
  g_assert_cmpint (fixture->status, ==, DOU_STATUS_UNAVAILABLE);
}

/* Test that a reply of the wrong length is nobody's result. */
static void
test_wrong_length (Fixture *fixture, gconstpointer data)
{
  const gint64 numbers[] = { 2, 4 };

  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Double: *");
  submit (fixture, 1, 1, NULL);
  wait_for_calls (fixture, 1);
  g_dbus_method_invocation_return_value (
      g_ptr_array_steal_index (fixture->calls, 0),
      g_variant_new ("(@ax)", g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, numbers, 2,
                                                         sizeof (gint64))));
  wait_for_answers (fixture, 1);
  g_assert_cmpint (fixture->status, ==, DOU_STATUS_SERVICE);
}

/* Test that the queue is bounded: what does not fit is refused at once, the rest is served. */
static void
test_full (Fixture *fixture, gconstpointer data)
{
  submit (fixture, 0, 1, NULL);
  for (guint i = 0; i < 30; i++)
    submit (fixture, i, 1, NULL);
  wait_for_answers (fixture, 5);
  g_assert_cmpuint (fixture->n_failed, ==, 5);
  g_assert_cmpint (fixture->status, ==, DOU_STATUS_UNAVAILABLE);

  for (guint i = 1; i <= 4; i++)
    {
      wait_for_calls (fixture, i);
      answer (fixture);
    }
  wait_for_answers (fixture, 31);
  g_assert_cmpuint (fixture->n_done, ==, 26);
}

/* Test that an idle batcher sends at once, and what comes meanwhile shares calls. */
static void
test_coalescing (Fixture *fixture, gconstpointer data)
{
  submit (fixture, 0, 1, NULL);
  for (guint i = 1; i <= 20; i++)
    submit (fixture, 100 * i, 1, NULL);

  wait_for_calls (fixture, 1);
  g_assert_cmpuint (answer (fixture), ==, 1);
  wait_for_calls (fixture, 2);
  g_assert_cmpuint (answer (fixture), ==, 10);
  wait_for_calls (fixture, 3);
  g_assert_cmpuint (answer (fixture), ==, 10);
  wait_for_answers (fixture, 21);
  g_assert_cmpuint (fixture->n_done, ==, 21);
  g_assert_cmpuint (fixture->n_calls, ==, 3);
}

/* Test that a submission of several items is never split, and that each gets its own results. */
static void
test_several_items (Fixture *fixture, gconstpointer data)
{
  submit (fixture, 0, 1, NULL);
  submit (fixture, 10, 7, NULL);
  submit (fixture, 20, 7, NULL);

  wait_for_calls (fixture, 1);
  g_assert_cmpuint (answer (fixture), ==, 1);
  wait_for_calls (fixture, 2);
  g_assert_cmpuint (answer (fixture), ==, 7);
  wait_for_calls (fixture, 3);
  g_assert_cmpuint (answer (fixture), ==, 7);
  wait_for_answers (fixture, 3);
  g_assert_cmpuint (fixture->n_done, ==, 3);
}

/* Test that a client which hung up while waiting is left out of the call. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  submit (fixture, 0, 1, NULL);
  submit (fixture, 1, 1, cancellable);
  submit (fixture, 2, 1, NULL);
  g_cancellable_cancel (cancellable);

  wait_for_calls (fixture, 1);
  answer (fixture);
  wait_for_calls (fixture, 2);
  g_assert_cmpuint (answer (fixture), ==, 1);
  wait_for_answers (fixture, 3);
  g_assert_cmpuint (fixture->n_failed, ==, 1);
}

/* Test that after a call of several the next one waits until those who were answered have come again, and
 * leaves at that moment. */
static void
test_lingering (Fixture *fixture, gconstpointer data)
{
  submit (fixture, 0, 1, NULL);
  for (guint i = 1; i <= 3; i++)
    submit (fixture, 100 * i, 1, NULL);
  wait_for_calls (fixture, 1);
  answer (fixture);
  wait_for_calls (fixture, 2);

  submit (fixture, 400, 1, NULL);
  g_assert_cmpuint (answer (fixture), ==, 3);
  wait_for_answers (fixture, 4);
  submit (fixture, 500, 1, NULL);
  submit (fixture, 600, 1, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (fixture->n_calls, ==, 2);

  submit (fixture, 700, 1, NULL);
  wait_for_calls (fixture, 3);
  g_assert_cmpuint (answer (fixture), ==, 4);
  wait_for_answers (fixture, 8);
}

/* Test that nobody waits for those who do not come again for longer than the limit. */
static void
test_lingering_in_vain (Fixture *fixture, gconstpointer data)
{
  submit (fixture, 0, 1, NULL);
  submit (fixture, 1, 1, NULL);
  submit (fixture, 2, 1, NULL);
  wait_for_calls (fixture, 1);
  answer (fixture);
  wait_for_calls (fixture, 2);

  submit (fixture, 3, 1, NULL);
  g_assert_cmpuint (answer (fixture), ==, 2);
  wait_for_calls (fixture, 3);
  g_assert_cmpuint (answer (fixture), ==, 1);
  wait_for_answers (fixture, 4);
}

/* Test that whoever is alone never waits. */
static void
test_lingering_alone (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      submit (fixture, i, 1, NULL);
      wait_for_calls (fixture, i + 1);
      g_assert_cmpuint (answer (fixture), ==, 1);
      wait_for_answers (fixture, i + 1);
    }
}

/* Test that what comes while a call is under way waits for it, unless it fills a call of its own. */
static void
test_patience (Fixture *fixture, gconstpointer data)
{
  submit (fixture, 0, 1, NULL);
  wait_for_calls (fixture, 1);
  submit (fixture, 100, 5, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (fixture->n_calls, ==, 1);
  submit (fixture, 200, 5, NULL);
  wait_for_calls (fixture, 2);
  submit (fixture, 300, 1, NULL);

  g_assert_cmpuint (answer (fixture), ==, 1);
  wait_for_calls (fixture, 3);
  g_assert_cmpuint (answer (fixture), ==, 10);
  g_assert_cmpuint (answer (fixture), ==, 1);
  wait_for_answers (fixture, 4);
}

/* Test that a call which is slow does not hold up the others. */
static void
test_patience_ends (Fixture *fixture, gconstpointer data)
{
  submit (fixture, 0, 1, NULL);
  submit (fixture, 1, 1, NULL);
  wait_for_calls (fixture, 2);
  submit (fixture, 2, 1, NULL);

  answer (fixture);
  wait_for_calls (fixture, 3);
  answer (fixture);
  answer (fixture);
  wait_for_answers (fixture, 3);
}

static void
lose_service (Fixture *fixture, guint index)
{
  g_object_unref (g_ptr_array_steal_index (fixture->calls, 0));
  dou_test_bus_disconnect (g_steal_pointer (&fixture->services[index]));
}

/* Test that a batch whose service died is sent to the next one, and answered. */
static void
test_lost_once (Fixture *fixture, gconstpointer data)
{
  g_test_expect_message ("doutok", G_LOG_LEVEL_INFO, "*sending the batch again");
  submit (fixture, 5, 3, NULL);
  wait_for_calls (fixture, 1);
  lose_service (fixture, 0);
  wait_for_calls (fixture, 2);
  g_assert_cmpuint (answer (fixture), ==, 3);
  wait_for_answers (fixture, 1);
  g_assert_cmpuint (fixture->n_done, ==, 1);
}

/* Test that a batch is not sent a third time. */
static void
test_lost_twice (Fixture *fixture, gconstpointer data)
{
  g_test_expect_message ("doutok", G_LOG_LEVEL_INFO, "*sending the batch again");
  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Double: *");
  submit (fixture, 5, 1, NULL);
  wait_for_calls (fixture, 1);
  lose_service (fixture, 0);
  wait_for_calls (fixture, 2);
  lose_service (fixture, 1);
  wait_for_answers (fixture, 1);
  g_assert_cmpint (fixture->status, ==, DOU_STATUS_UNAVAILABLE);
  g_assert_cmpuint (fixture->n_calls, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD_WITH(name, func, limits) \
  g_test_add ("/gateway/batcher/" name, Fixture, &(limits), set_up, func, tear_down)
#define ADD(name, func) ADD_WITH (name, func, plain)
  ADD ("error", test_error);
  ADD ("wrong-length", test_wrong_length);
  ADD ("full", test_full);
  ADD ("coalescing", test_coalescing);
  ADD ("several-items", test_several_items);
  ADD ("cancelled", test_cancelled);
  ADD ("lost-once", test_lost_once);
  ADD ("lost-twice", test_lost_twice);
  ADD_WITH ("lingering", test_lingering, lingering);
  ADD_WITH ("lingering-in-vain", test_lingering_in_vain, lingering_shortly);
  ADD_WITH ("lingering-alone", test_lingering_alone, lingering);
  ADD_WITH ("patience", test_patience, patient);
  ADD_WITH ("patience-ends", test_patience_ends, impatient);
#undef ADD
#undef ADD_WITH

  return g_test_run ();
}
