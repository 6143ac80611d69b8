/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "common/dou-trace-exporter.h"
#include "common/dou-trace-json.h"
#include "common/dou-trace.h"

/* The examples of the recommendation. */
#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define A_PARENT "00-" TRACE "-" PARENT "-01"

/* Test that whatever is not right is nothing, and leaves what was there. */
static void
test_bad (void)
{
  static const char *const bad[] = {
    "",
    "00",
    "00-" TRACE "-" PARENT,
    "00-" TRACE "-" PARENT "-",
    "00-" TRACE "-" PARENT "-1",
    "00-" TRACE "-" PARENT "-0g",
    "00-" TRACE "-" PARENT "-010",
    "00-" TRACE "-" PARENT "-01-",
    "00-" TRACE "-" PARENT "-01-more",
    "00-" TRACE "-" PARENT "-01 ",
    " " A_PARENT,
    "0-" TRACE "-" PARENT "-01",
    "ff-" TRACE "-" PARENT "-01",
    "0x-" TRACE "-" PARENT "-01",
    "01-" TRACE "-" PARENT "-01more",
    "01-" TRACE "-" PARENT "-01.more",
    "00_" TRACE "_" PARENT "_01",
    "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
    "00-" TRACE "-00F067AA0BA902B7-01",
    "00-" TRACE "-" PARENT "-0A",
    "00-00000000000000000000000000000000-" PARENT "-01",
    "00-" TRACE "-0000000000000000-01",
    "00-" TRACE "0-" PARENT "-01",
    "00-4bf92f3577b34da6a3ce929d0e0e473-" PARENT "-01",
    "00-+bf92f3577b34da6a3ce929d0e0e4736-" PARENT "-01",
    A_PARENT ", " A_PARENT,
    A_PARENT "," A_PARENT,
  };
  DouTraceContext context = { { 1, 2 }, 3, 4, FALSE };

  g_assert_false (dou_trace_context_parse (NULL, &context));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    if (dou_trace_context_parse (bad[i], &context))
      g_error ("“%s” was taken", bad[i]);

  g_assert_cmpuint (context.trace[0], ==, 1);
  g_assert_cmpuint (context.span, ==, 3);
  g_assert_false (context.is_sampled);
}

/* Test that what is right is read to the last digit, of versions to come, too, and written as it was. */
static void
test_good (void)
{
  static const struct
  {
    const char *text;
    gboolean is_sampled;
  } good[] = {
    { A_PARENT, TRUE },
    { "00-" TRACE "-" PARENT "-00", FALSE },
    { "00-" TRACE "-" PARENT "-02", FALSE },
    { "00-" TRACE "-" PARENT "-ff", TRUE },
    { "01-" TRACE "-" PARENT "-01", TRUE },
    { "cc-" TRACE "-" PARENT "-01-what the future will be like", TRUE },
    { "fe-" TRACE "-" PARENT "-01-", TRUE },
  };
  char text[DOU_TRACE_PARENT_LENGTH + 1];

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      DouTraceContext context;

      g_assert_true (dou_trace_context_parse (good[i].text, &context));
      g_assert_cmphex (context.trace[0], ==, G_GUINT64_CONSTANT (0x4bf92f3577b34da6));
      g_assert_cmphex (context.trace[1], ==, G_GUINT64_CONSTANT (0xa3ce929d0e0e4736));
      g_assert_cmphex (context.span, ==, G_GUINT64_CONSTANT (0x00f067aa0ba902b7));
      g_assert_cmpint (context.is_sampled, ==, good[i].is_sampled);
      dou_trace_context_format (&context, text);
      g_assert_cmpstr (text, ==, good[i].is_sampled ? A_PARENT : "00-" TRACE "-" PARENT "-00");
    }
}

/* Test that without an endpoint there is no span, nor a place in a trace. */
static void
test_off (void)
{
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autoptr (GError) error = NULL;
  DouTraceContext context, kept;

  g_assert_true (dou_trace_open ("test", config, &error));
  g_assert_no_error (error);
  g_assert_false (dou_trace_is_on ());
  g_assert_null (dou_trace_begin_request (A_PARENT, "a"));
  g_assert_true (dou_trace_context_parse (A_PARENT, &context));
  g_assert_null (dou_trace_begin (&context, DOU_SPAN_CLIENT, "a"));
  dou_trace_keep (&kept);
  g_assert_null (dou_trace_enter_kept (&kept));
  g_assert_null (dou_trace_get_current ());
  dou_trace_end (NULL);
  dou_trace_close ();
}

/* Test that what a thread works for is kept for later, and belongs to that thread. */
static gpointer
get_current_func (gpointer data)
{
  return (gpointer) dou_trace_get_current ();
}

static void
test_current (void)
{
  DouTraceContext context, kept;

  g_assert_true (dou_trace_context_parse (A_PARENT, &context));
  g_assert_null (dou_trace_enter (&context));
  g_assert_null (g_thread_join (g_thread_new ("other", get_current_func, NULL)));
  dou_trace_keep (&kept);
  g_assert_true (dou_trace_enter (NULL) == &context);
  g_assert_null (dou_trace_enter_kept (&kept));
  g_assert_true (dou_trace_get_current () == &kept);
  g_assert_cmphex (kept.span, ==, context.span);
  dou_trace_enter (NULL);
}

/* Test that nothing that is left out, or too much, does harm. */
static void
test_limits (void)
{
  DouTraceContext context;
  g_autoptr (DouSpan) span = NULL;

  dou_span_add_text (NULL, "a", "b");
  dou_span_add_number (NULL, "a", 1);
  dou_span_fail (NULL, "a");
  dou_span_take_name (NULL, g_strdup ("a"));
  g_assert_null (dou_span_get_context (NULL));
  dou_span_free (NULL);

  g_assert_true (dou_trace_context_parse (A_PARENT, &context));
  dou_span_add_link (NULL, &context);
  span = dou_span_new (NULL, DOU_SPAN_SERVER, "a");
  for (guint i = 0; i < 100; i++)
    {
      dou_span_add_number (span, "a", i);
      dou_span_add_text (span, "a", "b");
      dou_span_add_text (span, "a", NULL);
      dou_span_add_link (span, &context);
    }
  g_assert_cmpuint (span->n_attributes, ==, DOU_SPAN_ATTRIBUTES_MAX);
  g_assert_cmpuint (span->n_links, ==, DOU_SPAN_LINKS_MAX);
}

/* The first of an array, which is an object. */
static JsonObject *
get_first (JsonObject *object, const char *name)
{
  return json_array_get_object_element (json_object_get_array_member (object, name), 0);
}

/* Test that the JSON is what OTLP says, whatever names and values are. */
static void
test_json (void)
{
  DouTraceContext context;
  g_autoptr (DouSpan) span = NULL;
  g_autofree char *json = NULL;
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *resource, *scope, *object, *value;
  gsize length;

  g_assert_true (dou_trace_context_parse (A_PARENT, &context));
  span = dou_span_new (&context, DOU_SPAN_CLIENT, "a \"name\"\n");
  span->begun = G_GINT64_CONSTANT (1795849200123456);
  span->duration = 1;
  dou_span_add_number (span, "number", G_MININT64);
  dou_span_add_text (span, "text", "");
  context.span = 10;
  dou_span_add_link (span, &context);
  dou_span_fail (span, "no \\ good");
  json = dou_trace_json_write ("a service", &span, 1, &length);
  g_assert_cmpuint (strlen (json), ==, length);

  root = json_from_string (json, &error);
  g_assert_no_error (error);
  resource = get_first (json_node_get_object (root), "resourceSpans");
  object = get_first (json_object_get_object_member (resource, "resource"), "attributes");
  g_assert_cmpstr (json_object_get_string_member (object, "key"), ==, "service.name");
  value = json_object_get_object_member (object, "value");
  g_assert_cmpstr (json_object_get_string_member (value, "stringValue"), ==, "a service");

  scope = get_first (resource, "scopeSpans");
  object = get_first (scope, "spans");
  g_assert_cmpstr (json_object_get_string_member (object, "traceId"), ==, TRACE);
  g_assert_cmpuint (strlen (json_object_get_string_member (object, "spanId")), ==, 16);
  g_assert_cmpstr (json_object_get_string_member (object, "parentSpanId"), ==, PARENT);
  g_assert_cmpstr (json_object_get_string_member (object, "name"), ==, "a \"name\"\n");
  g_assert_cmpint (json_object_get_int_member (object, "kind"), ==, 3);
  g_assert_cmpstr (json_object_get_string_member (object, "startTimeUnixNano"), ==,
                   "1795849200123456000");
  g_assert_cmpstr (json_object_get_string_member (object, "endTimeUnixNano"), ==,
                   "1795849200123457000");
  value = json_object_get_object_member (get_first (object, "attributes"), "value");
  g_assert_cmpstr (json_object_get_string_member (value, "intValue"), ==, "-9223372036854775808");
  value = get_first (object, "links");
  g_assert_cmpstr (json_object_get_string_member (value, "traceId"), ==, TRACE);
  g_assert_cmpstr (json_object_get_string_member (value, "spanId"), ==, "000000000000000a");
  value = json_object_get_object_member (object, "status");
  g_assert_cmpint (json_object_get_int_member (value, "code"), ==, 2);
  g_assert_cmpstr (json_object_get_string_member (value, "message"), ==, "no \\ good");
}

/* Test that a place where no collector can be is refused. */
static void
test_endpoints (void)
{
  static const char *const bad[]
      = { "collector", "/v1/traces", "ftp://a/", "http://", "http:///v1/traces", "http://a:b@c/", "" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (dou_trace_exporter_new (bad[i], "test", &error));
      g_assert_nonnull (error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/trace/bad", test_bad);
  g_test_add_func ("/trace/good", test_good);
  g_test_add_func ("/trace/off", test_off);
  g_test_add_func ("/trace/current", test_current);
  g_test_add_func ("/trace/limits", test_limits);
  g_test_add_func ("/trace/json", test_json);
  g_test_add_func ("/trace/endpoints", test_endpoints);
  return g_test_run ();
}
