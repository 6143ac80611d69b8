/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <libsoup/soup.h>

#include "lib/dou-test-wait.h"
#include "lib/dou-test-websocket.h"

struct _DouTestWebsocket
{
  SoupSession *session;                /* (owned) */
  SoupWebsocketConnection *connection; /* (owned) */
  GQueue texts;                        /* (owned) (element-type GBytes) */
  gboolean is_closed;
};

static void
message_cb (SoupWebsocketConnection *connection, SoupWebsocketDataType type, GBytes *message,
            gpointer user_data)
{
  DouTestWebsocket *self = user_data;

  g_assert_cmpint (type, ==, SOUP_WEBSOCKET_DATA_TEXT);
  g_queue_push_tail (&self->texts, g_bytes_ref (message));
}

static void
closed_cb (SoupWebsocketConnection *connection, gpointer user_data)
{
  ((DouTestWebsocket *) user_data)->is_closed = TRUE;
}

/**
 * dou_test_websocket_new:
 * @url: of a server that accepts WebSockets there; it is asked in English
 *
 * Returns: (transfer full): a client that is connected
 */
DouTestWebsocket *
dou_test_websocket_new (const char *url)
{
  DouTestWebsocket *self = g_new0 (DouTestWebsocket, 1);
  g_autoptr (SoupMessage) message = soup_message_new (SOUP_METHOD_GET, url);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_queue_init (&self->texts);
  self->session = soup_session_new ();
  soup_message_headers_append (soup_message_get_request_headers (message), "Accept-Language", "en");
  soup_session_websocket_connect_async (self->session, message, NULL, NULL, G_PRIORITY_DEFAULT,
                                        NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  self->connection = soup_session_websocket_connect_finish (self->session, result, &error);
  g_assert_no_error (error);
  g_signal_connect (self->connection, "message", G_CALLBACK (message_cb), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (closed_cb), self);
  return self;
}

/**
 * dou_test_websocket_free:
 * @self: (transfer full): a client, which says good-bye unless it is closed
 */
void
dou_test_websocket_free (DouTestWebsocket *self)
{
  if (soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->connection, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  dou_test_websocket_wait_closed (self);
  g_signal_handlers_disconnect_by_data (self->connection, self);
  g_object_unref (self->connection);
  g_object_unref (self->session);
  g_queue_clear_full (&self->texts, (GDestroyNotify) g_bytes_unref);
  g_free (self);
}

void
dou_test_websocket_say (DouTestWebsocket *self, const char *text)
{
  soup_websocket_connection_send_text (self->connection, text);
}

static gboolean
has_text (gpointer data)
{
  return ((DouTestWebsocket *) data)->texts.length > 0;
}

/**
 * dou_test_websocket_hear:
 * @self: a client
 *
 * Returns: (transfer full): what the server says next
 */
JsonObject *
dou_test_websocket_hear (DouTestWebsocket *self)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GBytes) text = NULL;
  g_autoptr (GError) error = NULL;

  dou_test_wait_until (has_text, self);
  text = g_queue_pop_head (&self->texts);
  json_parser_load_from_data (parser, g_bytes_get_data (text, NULL),
                              (gssize) g_bytes_get_size (text), &error);
  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

/**
 * dou_test_websocket_get_n_heard:
 * @self: a client
 *
 * Returns: how many texts are there already
 */
guint
dou_test_websocket_get_n_heard (DouTestWebsocket *self)
{
  return self->texts.length;
}

gboolean
dou_test_websocket_is_closed (DouTestWebsocket *self)
{
  return self->is_closed;
}

static gboolean
is_closed (gpointer data)
{
  return dou_test_websocket_is_closed (data);
}

/**
 * dou_test_websocket_wait_closed:
 * @self: a client
 *
 * Returns: the code with which the server said good-bye, or 0
 */
gushort
dou_test_websocket_wait_closed (DouTestWebsocket *self)
{
  dou_test_wait_until (is_closed, self);
  return soup_websocket_connection_get_close_code (self->connection);
}
