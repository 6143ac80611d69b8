/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <json-glib/json-glib.h>

#include "common/dou-json-writer.h"

/* Test that commas stand where they must and nowhere else. */
static void
test_structure (void)
{
  g_auto (DouJsonWriter) writer = { NULL };
  g_autofree char *text = NULL;
  gsize length;

  dou_json_writer_init (&writer, 16);
  dou_json_writer_begin_object (&writer);
  dou_json_writer_name (&writer, "empty");
  dou_json_writer_begin_array (&writer);
  dou_json_writer_end_array (&writer);
  dou_json_writer_name (&writer, "list");
  dou_json_writer_begin_array (&writer);
  dou_json_writer_int64 (&writer, 1);
  dou_json_writer_boolean (&writer, FALSE);
  dou_json_writer_begin_object (&writer);
  dou_json_writer_end_object (&writer);
  dou_json_writer_raw (&writer, "null", 4);
  dou_json_writer_end_array (&writer);
  dou_json_writer_name (&writer, "last");
  dou_json_writer_string (&writer, "x");
  dou_json_writer_end_object (&writer);
  text = dou_json_writer_steal (&writer, &length);

  g_assert_cmpstr (text, ==, "{\"empty\":[],\"list\":[1,false,{},null],\"last\":\"x\"}");
  g_assert_cmpuint (length, ==, strlen (text));
}

/* Test the ends of the range. */
static void
test_numbers (void)
{
  const gint64 numbers[] = { 0, 9, 10, -1, G_MAXINT64, G_MININT64, (G_GINT64_CONSTANT (1) << 53) - 1 };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_auto (DouJsonWriter) writer = { NULL };
      g_autofree char *expected = g_strdup_printf ("%" G_GINT64_FORMAT, numbers[i]);

      dou_json_writer_init (&writer, 0);
      dou_json_writer_int64 (&writer, numbers[i]);
      g_assert_cmpstr (writer.buffer->str, ==, expected);
    }
}

/* Test that a real parser reads every string back as it was. */
static void
test_strings (void)
{
  const char *strings[] = {
    "", "plain", "\"\\/", "a\nb\tc\r\x01\x1f\x7f", "抖音 😀 שלום", "<script>alert(1)</script>", "\\u0041",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      g_auto (DouJsonWriter) writer = { NULL };
      g_autoptr (JsonNode) node = NULL;

      dou_json_writer_init (&writer, 0);
      dou_json_writer_string (&writer, strings[i]);
      node = json_from_string (writer.buffer->str, NULL);
      g_assert_cmpstr (json_node_get_string (node), ==, strings[i]);
      g_assert_null (strchr (writer.buffer->str, '<'));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/json-writer/structure", test_structure);
  g_test_add_func ("/common/json-writer/numbers", test_numbers);
  g_test_add_func ("/common/json-writer/strings", test_strings);

  return g_test_run ();
}
