/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-websocket-command.h"

/* Test that what is no command is refused, and answered with the reference if there is one. */
static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    DouStatus status;
    const char *ref;
  } cases[] = {
    { "", DOU_STATUS_BAD_REQUEST, "null" },
    { "null", DOU_STATUS_BAD_REQUEST, "null" },
    { "7", DOU_STATUS_BAD_REQUEST, "null" },
    { "\"send\"", DOU_STATUS_BAD_REQUEST, "null" },
    { "{", DOU_STATUS_BAD_REQUEST, "null" },
    { "[]", DOU_STATUS_BAD_REQUEST, "null" },
    { "[{}]", DOU_STATUS_BAD_REQUEST, "null" },
    { "{\"ref\":1,\"type\":\"send\",\"to_user_id\":{}}", DOU_STATUS_BAD_REQUEST, "null" },
    { "{\"ref\":1,\"type\":\"send\",\"to_user_id\":[7]}", DOU_STATUS_BAD_REQUEST, "null" },
    { "{}{}", DOU_STATUS_BAD_REQUEST, "null" },
    { "{}", DOU_STATUS_BAD_PARAMETER, "null" },
    { "{\"ref\":1}", DOU_STATUS_BAD_PARAMETER, "1" },
    { "{\"ref\":true,\"type\":\"send\",\"to_user_id\":7}", DOU_STATUS_BAD_PARAMETER, "null" },
    { "{\"ref\":1.5,\"type\":\"send\",\"to_user_id\":7}", DOU_STATUS_BAD_PARAMETER, "null" },
    { "{\"ref\":\"a\",\"type\":\"shout\",\"to_user_id\":7}", DOU_STATUS_BAD_PARAMETER, "\"a\"" },
    { "{\"ref\":\"a\",\"type\":1,\"to_user_id\":7}", DOU_STATUS_BAD_PARAMETER, "\"a\"" },
    { "{\"ref\":2,\"type\":\"send\"}", DOU_STATUS_BAD_PARAMETER, "2" },
    { "{\"ref\":2,\"type\":\"send\",\"to_user_id\":null}", DOU_STATUS_BAD_PARAMETER, "2" },
    { "{\"ref\":2,\"type\":\"send\",\"to_user_id\":true}", DOU_STATUS_BAD_PARAMETER, "2" },
    { "{\"ref\":2,\"type\":\"send\",\"to_user_id\":7.5}", DOU_STATUS_BAD_PARAMETER, "2" },
    { "{\"ref\":2,\"type\":\"send\",\"to_user_id\":1e300}", DOU_STATUS_BAD_PARAMETER, "2" },
    { "{\"ref\":2,\"type\":\"send\",\"to_user_id\":\"7x\"}", DOU_STATUS_BAD_PARAMETER, "2" },
    { "{\"ref\":2,\"type\":\"read\",\"user_id\":7}", DOU_STATUS_BAD_PARAMETER, "2" },
    { "{\"ref\":2,\"type\":\"read\",\"time\":7}", DOU_STATUS_BAD_PARAMETER, "2" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (DouWebsocketCommand) command = { 0 };

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (
          dou_websocket_command_parse (&command, cases[i].text, strlen (cases[i].text)), ==,
          cases[i].status);
      g_assert_cmpstr (command.ref, ==, cases[i].ref);
    }
}

/* Test that a reference is of bounded length. */
static void
test_long_ref (void)
{
  for (guint n = 64; n <= 65; n++)
    {
      g_autofree char *ref = g_strnfill (n, 'r');
      g_autofree char *text
          = g_strdup_printf ("{\"ref\":\"%s\",\"type\":\"send\",\"to_user_id\":7}", ref);
      g_auto (DouWebsocketCommand) command = { 0 };

      g_assert_cmpint (dou_websocket_command_parse (&command, text, strlen (text)), ==,
                       n == 64 ? DOU_STATUS_OK : DOU_STATUS_BAD_PARAMETER);
    }
}

/* Test that text with thousands of brackets is refused before it is looked into. */
static void
test_deep (void)
{
  g_autofree char *arrays = g_strnfill (100000, '[');
  g_autofree char *objects = g_strnfill (100000, '{');
  const char *openings[] = { "", "{\"a\":", "/*\"*/", "{'\"':", "#\"\n", "//\"\n", "{\"\\\\\":" };

  for (gsize i = 0; i < G_N_ELEMENTS (openings); i++)
    for (guint j = 0; j < 2; j++)
      {
        g_autofree char *text = g_strconcat (openings[i], j == 0 ? arrays : objects, NULL);
        g_auto (DouWebsocketCommand) command = { 0 };

        g_assert_cmpint (dou_websocket_command_parse (&command, text, strlen (text)), ==,
                         DOU_STATUS_BAD_REQUEST);
      }
}

static void
assert_send (const char *text, const char *ref, gint64 user, const char *content,
             const char *request_id)
{
  g_auto (DouWebsocketCommand) command = { 0 };

  g_assert_cmpint (dou_websocket_command_parse (&command, text, strlen (text)), ==, DOU_STATUS_OK);
  g_assert_cmpint (command.verb, ==, DOU_WEBSOCKET_SEND);
  g_assert_cmpstr (command.ref, ==, ref);
  g_assert_cmpint (command.user, ==, user);
  g_assert_cmpstr (command.content, ==, content);
  g_assert_cmpstr (command.request_id, ==, request_id);
}

/* Test messages, with numbers as clients write them. */
static void
test_send (void)
{
  assert_send ("{\"ref\":1,\"type\":\"send\",\"to_user_id\":7,\"content\":\"hi\"}", "1", 7, "hi",
               "");
  assert_send ("{\"type\":\"send\",\"to_user_id\":\"7\",\"content\":\" \\n[{\\\"抖音\\\\\"}",
               "null", 7, " \n[{\"抖音\\", "");
  assert_send ("{\"ref\":\"<\",\"type\":\"send\",\"to_user_id\":7.123456789012345e+15,"
               "\"content\":\"\\ud83d\\ude00\",\"request_id\":\"r\"}",
               "\"\\u003c\"", G_GINT64_CONSTANT (7123456789012345), "😀", "r");
  assert_send ("{\"ref\":null,\"type\":\"send\",\"to_user_id\":9007199254740991,\"more\":true}",
               "null", G_GINT64_CONSTANT (9007199254740991), "", "");
}

/* Test marks. */
static void
test_read (void)
{
  const char *text
      = "{\"ref\":-3,\"type\":\"read\",\"user_id\":7,\"time\":1750000000000,\"content\":1}";
  g_auto (DouWebsocketCommand) command = { 0 };

  g_assert_cmpint (dou_websocket_command_parse (&command, text, strlen (text)), ==, DOU_STATUS_OK);
  g_assert_cmpint (command.verb, ==, DOU_WEBSOCKET_READ);
  g_assert_cmpstr (command.ref, ==, "-3");
  g_assert_cmpint (command.user, ==, 7);
  g_assert_cmpint (command.time, ==, G_GINT64_CONSTANT (1750000000000));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/websocket-command/refused", test_refused);
  g_test_add_func ("/gateway/websocket-command/long-ref", test_long_ref);
  g_test_add_func ("/gateway/websocket-command/deep", test_deep);
  g_test_add_func ("/gateway/websocket-command/send", test_send);
  g_test_add_func ("/gateway/websocket-command/read", test_read);

  return g_test_run ();
}
