/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdarg.h>
#include <string.h>

#include <gio/gio.h>

#include "lib/dou-test-gateway.h"
#include "lib/dou-test-http.h"

/* Connections that may be needed to have one to each gateway. */
#define MAX_TRIES 200

struct _DouTestGateway
{
  GSocketConnection *connection; /* (owned) */
  GDataInputStream *input;       /* (owned) */
};

/**
 * dou_test_gateway_new:
 * @server: a server that runs
 *
 * Returns: (transfer full): a connection to one of its gateways
 */
DouTestGateway *
dou_test_gateway_new (DouTestDaemon *server)
{
  g_autoptr (GSocketClient) socket = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  DouTestGateway *self = g_new0 (DouTestGateway, 1);

  self->connection = g_socket_client_connect_to_uri (socket, dou_test_daemon_get_url (server), 0,
                                                     NULL, &error);
  g_assert_no_error (error);
  self->input = g_data_input_stream_new (
      g_io_stream_get_input_stream (G_IO_STREAM (self->connection)));
  g_data_input_stream_set_newline_type (self->input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  return self;
}

void
dou_test_gateway_free (DouTestGateway *self)
{
  g_object_unref (self->input);
  g_object_unref (self->connection);
  g_free (self);
}

/* Reads an answer with a length. */
static JsonObject *
receive (DouTestGateway *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *body = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gsize length = 0;

  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (self->input, NULL, NULL, &error);

      g_assert_no_error (error);
      g_assert_nonnull (line);
      if (*line == '\0')
        break;
      if (g_ascii_strncasecmp (line, "Content-Length:", strlen ("Content-Length:")) == 0)
        length = (gsize) g_ascii_strtoull (line + strlen ("Content-Length:"), NULL, 10);
    }

  body = g_malloc (length);
  g_input_stream_read_all (G_INPUT_STREAM (self->input), body, length, NULL, NULL, &error);
  g_assert_no_error (error);
  bytes = g_bytes_new_take (g_steal_pointer (&body), length);
  return dou_test_http_parse (bytes);
}

static JsonObject *
call (DouTestGateway *self, const char *method, const char *format, va_list arguments)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *target = g_strdup_vprintf (format, arguments);
  g_autofree char *head = g_strdup_printf (
      "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", method, target);

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)), head,
                             strlen (head), NULL, NULL, &error);
  g_assert_no_error (error);
  return receive (self);
}

/**
 * dou_test_gateway_call:
 * @self: a connection
 * @method: GET or POST
 * @format: of the path with its query
 * @...: what @format takes
 *
 * Returns: (transfer full): the answer, which is a success
 */
JsonObject *
dou_test_gateway_call (DouTestGateway *self, const char *method, const char *format, ...)
{
  JsonObject *answer;
  va_list arguments;

  va_start (arguments, format);
  answer = call (self, method, format, arguments);
  va_end (arguments);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return answer;
}

/**
 * dou_test_gateway_get_status:
 * @self: a connection
 * @method: GET or POST
 * @format: of the path with its query
 * @...: what @format takes
 *
 * Returns: the `status_code` of the answer
 */
gint64
dou_test_gateway_get_status (DouTestGateway *self, const char *method, const char *format, ...)
{
  g_autoptr (JsonObject) answer = NULL;
  va_list arguments;

  va_start (arguments, format);
  answer = call (self, method, format, arguments);
  va_end (arguments);
  return dou_test_http_get_status (answer);
}

/* The inode of the socket that the server has for a client's port. */
static char *
find_inode (guint16 port, guint16 client_port)
{
  g_autofree char *pattern
      = g_strdup_printf ("0100007F:%04X 0100007F:%04X 01 ", port, client_port);
  g_autofree char *table = NULL;
  g_autofree char *line = NULL;
  g_auto (GStrv) fields = NULL;
  const char *found;

  g_assert_true (g_file_get_contents ("/proc/net/tcp", &table, NULL, NULL));
  found = strstr (table, pattern);
  if (found == NULL)
    return NULL;

  line = g_strndup (found, strcspn (found, "\n"));
  /* What follows is queues, timer, retransmissions, user, timeout and inode. */
  fields = g_regex_split_simple (" +", line, 0, 0);
  g_assert_cmpuint (g_strv_length (fields), >, 9);
  return g_strdup (fields[8]);
}

static gboolean
has_socket (GPid pid, const char *inode)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", pid);
  g_autofree char *wanted = g_strdup_printf ("socket:[%s]", inode);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      g_autofree char *target = g_file_read_link (file, NULL);

      if (g_strcmp0 (target, wanted) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Which of @pids has the other end of @gateway, after it was answered there; their number if /proc, which
 * is no snapshot, does not show it. */
static guint
find_gateway (DouTestDaemon *server, DouTestGateway *gateway, GArray *pids)
{
  g_autoptr (GSocketAddress) address
      = g_socket_connection_get_local_address (gateway->connection, NULL);
  guint16 port = (guint16) g_ascii_strtoull (strrchr (dou_test_daemon_get_url (server), ':') + 1,
                                             NULL, 10);
  g_autofree char *inode
      = find_inode (port, g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));

  for (guint i = 0; i < pids->len && inode != NULL; i++)
    if (has_socket (g_array_index (pids, GPid, i), inode))
      return i;

  return pids->len;
}

/**
 * dou_test_gateway_connect_all:
 * @server: a server that runs
 * @gateways: (out) (array length=n): a connection to each of its gateways
 * @n: how many gateways it has
 */
void
dou_test_gateway_connect_all (DouTestDaemon *server, DouTestGateway **gateways, guint n)
{
  g_autoptr (GArray) pids = dou_test_daemon_get_child_pids (server, "doutok-gateway");
  guint n_connected = 0;

  g_assert_cmpuint (pids->len, ==, n);
  memset (gateways, 0, n * sizeof *gateways);
  for (guint i = 0; i < MAX_TRIES && n_connected < n; i++)
    {
      DouTestGateway *gateway = dou_test_gateway_new (server);
      g_autoptr (JsonObject) answer = dou_test_gateway_call (gateway, "GET", "/ping");
      guint index = find_gateway (server, gateway, pids);

      if (index == pids->len || gateways[index] != NULL)
        {
          dou_test_gateway_free (gateway);
          continue;
        }
      gateways[index] = gateway;
      n_connected++;
    }
  g_assert_cmpuint (n_connected, ==, n);
}
