/* SPDX-License-Identifier: Apache-2.0 */

/* The same in a process of its own for each locale that a service may be started in. */

#include "config.h"

#include <locale.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "gateway/dou-status-messages.h"

static const char *const locales[] = { "C", "C.UTF-8", "POSIX", "en_US.UTF-8", "nonsense" };

static char *
get_message (DouStatus status, DouLanguage language)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  JsonObject *object;
  gsize length;
  const char *opening = dou_status_messages_get_opening (status, language, &length);

  g_assert_cmpuint (strlen (opening), ==, length);
  text = g_strconcat (opening, "}", NULL);
  json_parser_load_from_data (parser, text, -1, &error);
  g_assert_no_error (error);

  object = json_node_get_object (json_parser_get_root (parser));
  g_assert_cmpuint (json_object_get_size (object), ==, 2);
  g_assert_cmpint (json_object_get_int_member (object, "status_code"), ==,
                   dou_status_get_info (status)->status_code);
  return g_strdup (json_object_get_string_member (object, "status_msg"));
}

static void
assert_all_messages (void)
{
  for (guint i = 0; i < DOU_N_STATUSES; i++)
    {
      DouStatus status = (DouStatus) i;
      g_autofree char *chinese = get_message (status, DOU_LANGUAGE_ZH_CN);
      g_autofree char *english = get_message (status, DOU_LANGUAGE_EN);

      g_assert_cmpstr (english, ==, dou_status_get_info (status)->message);
      g_assert_cmpstr (chinese, !=, english);
      g_assert_false (g_str_is_ascii (chinese));
    }
}

/* Test that every status has a Chinese and an English text, whatever locale the process was started
 * in, and that the process's own language is left alone. */
static void
test_locale (gconstpointer data)
{
  const char *locale = data;
  g_autofree char *chinese = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  g_setenv ("LC_ALL", locale, TRUE);
  g_setenv ("LANGUAGE", "de", TRUE);
  setlocale (LC_ALL, "");
  dou_status_messages_init ();
  dou_status_messages_init ();

  assert_all_messages ();
  chinese = get_message (DOU_STATUS_OK, DOU_LANGUAGE_ZH_CN);
  g_assert_cmpstr (chinese, ==, "成功");
  g_assert_cmpstr (g_getenv ("LANGUAGE"), ==, "de");
}

/* Test that a status which this gateway does not know reads as an internal error. */
static void
test_unknown (void)
{
  gsize length, expected_length;
  const char *opening, *expected;

  dou_status_messages_init ();
  opening = dou_status_messages_get_opening ((DouStatus) 9999, DOU_LANGUAGE_EN, &length);
  expected
      = dou_status_messages_get_opening (DOU_STATUS_INTERNAL, DOU_LANGUAGE_EN, &expected_length);

  g_assert_true (opening == expected);
  g_assert_cmpuint (length, ==, expected_length);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/status-messages/unknown", test_unknown);
  for (gsize i = 0; i < G_N_ELEMENTS (locales); i++)
    {
      g_autofree char *path = g_strconcat ("/gateway/status-messages/locale/", locales[i], NULL);

      g_test_add_data_func (path, locales[i], test_locale);
    }

  return g_test_run ();
}
