/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-websocket-handshake.h"

typedef struct
{
  DouWebsocketHandshake *handshake; /* (owned) */
  SoupMessageHeaders *asked;        /* (owned) */
  SoupMessageHeaders *answer;       /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->handshake = dou_websocket_handshake_new ();
  fixture->asked = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  fixture->answer = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  soup_message_headers_append (fixture->asked, "Host", "a");
  soup_message_headers_append (fixture->asked, "Upgrade", "websocket");
  soup_message_headers_append (fixture->asked, "Connection", "keep-alive, Upgrade");
  soup_message_headers_append (fixture->asked, "Sec-WebSocket-Version", "13");
  /* The example of RFC 6455, section 1.3. */
  soup_message_headers_append (fixture->asked, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->handshake);
  soup_message_headers_unref (fixture->asked);
  soup_message_headers_unref (fixture->answer);
}

static void
assert_answer (Fixture *fixture, gboolean expected)
{
  soup_message_headers_clear (fixture->answer);
  g_assert_cmpint (
      dou_websocket_handshake_answer (fixture->handshake, fixture->asked, fixture->answer), ==, expected);
  g_assert_cmpstr (soup_message_headers_get_one (fixture->answer, "Sec-WebSocket-Accept"), ==,
                   expected ? "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" : NULL);
  g_assert_cmpstr (soup_message_headers_get_one (fixture->answer, "Upgrade"), ==,
                   expected ? "websocket" : NULL);
}

/* Test the answer to each of several clients. */
static void
test_answer (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    assert_answer (fixture, TRUE);
}

/* Test that what is no handshake is refused, and that the next one is answered. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *name;
    const char *value;
  } bad[] = {
    { "Upgrade", NULL },
    { "Upgrade", "h2c" },
    { "Connection", "close" },
    { "Sec-WebSocket-Version", "8" },
    { "Sec-WebSocket-Version", NULL },
    { "Sec-WebSocket-Key", NULL },
    { "Host", "a/b" },
    { "Host", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *good = g_strdup (soup_message_headers_get_one (fixture->asked, bad[i].name));

      g_test_message ("%s: %s", bad[i].name, bad[i].value);
      soup_message_headers_remove (fixture->asked, bad[i].name);
      if (bad[i].value != NULL)
        soup_message_headers_append (fixture->asked, bad[i].name, bad[i].value);
      assert_answer (fixture, FALSE);
      soup_message_headers_replace (fixture->asked, bad[i].name, good);
      assert_answer (fixture, TRUE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/gateway/websocket-handshake/answer", Fixture, NULL, set_up, test_answer, tear_down);
  g_test_add ("/gateway/websocket-handshake/refused", Fixture, NULL, set_up, test_refused, tear_down);

  return g_test_run ();
}
