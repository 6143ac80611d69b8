/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "common/dou-log.h"

/* 2026-11-28 07:00:00.123 UTC */
#define A_TIME (G_GINT64_CONSTANT (1795849200123) * 1000)

static void
assert_level (const char *text, const char *part, DouLogLevel expected)
{
  DouLogLevel level;

  g_assert_true (dou_log_levels_parse (text, part, &level));
  g_assert_cmpint (level, ==, expected);
}

/* Test that what makes no sense is refused as a whole. */
static void
test_bad_levels (void)
{
  static const char *const bad[] = { "", "loud", "info,", "info,,debug", "film=debug", "video=", "=debug",
                                     "video=loud", "info video=debug", "video=debug=info", "INFO" };
  DouLogLevel level;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    if (dou_log_levels_parse (bad[i], "video", &level))
      g_error ("“%s” was taken", bad[i]);
}

/* Test that the level of a part holds for that part alone, wherever it stands. */
static void
test_levels (void)
{
  assert_level ("warning", NULL, DOU_LOG_WARNING);
  assert_level ("warning", "video", DOU_LOG_WARNING);
  assert_level ("video=debug", "video", DOU_LOG_DEBUG);
  assert_level ("video=debug", "user", DOU_LOG_INFO);
  assert_level ("warning, video = debug", "video", DOU_LOG_DEBUG);
  assert_level ("warning, video=debug", "gateway", DOU_LOG_WARNING);
  assert_level ("video=debug; warning", "video", DOU_LOG_DEBUG);
  assert_level ("video=debug,warning", NULL, DOU_LOG_WARNING);
}

/* Test that nobody who chooses what is logged can make a line, or move the cursor. */
static void
test_text (void)
{
  static const char message[] = "Refused: a\nb\r\033[2J\xc2\x9b\xff" "é";
  const GLogField fields[] = { { "PRIORITY", "4", -1 },
                               { "DOUTOK_REQUEST", "a1\nb", -1 },
                               { "MESSAGE", message, -1 },
                               { "CODE_FILE", "secret.c", -1 } };
  g_autofree char *line = dou_log_format_line (DOU_LOG_FORMAT_TEXT, "video", A_TIME,
                                               G_LOG_LEVEL_WARNING, fields, G_N_ELEMENTS (fields));

  g_assert_nonnull (strstr (line, ".123 video["));
  g_assert_nonnull (strstr (line, "] warning: Refused: a\\x0ab\\x0d\\x1b[2J\\x9b\xef\xbf\xbd" "é "));
  g_assert_true (g_str_has_suffix (line, " request=a1\\x0ab\n"));
  g_assert_true (strchr (line, '\n') == line + strlen (line) - 1);
  g_assert_null (strstr (line, "secret.c"));
}

/* Test that a line of JSON has every member, and the message as it was. */
static void
test_json (void)
{
  const GLogField fields[] = { { "MESSAGE", "a\n\"b\"\\", -1 }, { "DOUTOK_REQUEST", "a1 and more", 2 } };
  g_autofree char *line = dou_log_format_line (DOU_LOG_FORMAT_JSON, "chat", A_TIME, G_LOG_LEVEL_DEBUG,
                                               fields, G_N_ELEMENTS (fields));
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = json_from_string (line, &error);
  JsonObject *object;

  g_assert_no_error (error);
  object = json_node_get_object (root);
  g_assert_cmpstr (json_object_get_string_member (object, "time"), ==, "2026-11-28T07:00:00.123Z");
  g_assert_cmpstr (json_object_get_string_member (object, "level"), ==, "debug");
  g_assert_cmpstr (json_object_get_string_member (object, "part"), ==, "chat");
  g_assert_cmpint (json_object_get_int_member (object, "pid"), >, 1);
  g_assert_cmpstr (json_object_get_string_member (object, "message"), ==, "a\n\"b\"\\");
  g_assert_cmpstr (json_object_get_string_member (object, "request"), ==, "a1");
  g_assert_true (strchr (line, '\n') == line + strlen (line) - 1);
}

/* Test that a value is cut before it becomes a file. */
static void
test_long (void)
{
  g_autofree char *message = g_strnfill (1000000, 'x');
  const GLogField fields[] = { { "MESSAGE", message, -1 } };
  g_autofree char *line = dou_log_format_line (DOU_LOG_FORMAT_TEXT, "chat", A_TIME, G_LOG_LEVEL_INFO,
                                               fields, G_N_ELEMENTS (fields));

  g_assert_cmpuint (strlen (line), <, 5000);
  g_assert_cmpuint (strlen (line), >, 4000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/log/bad-levels", test_bad_levels);
  g_test_add_func ("/log/levels", test_levels);
  g_test_add_func ("/log/text", test_text);
  g_test_add_func ("/log/json", test_json);
  g_test_add_func ("/log/long", test_long);
  return g_test_run ();
}
