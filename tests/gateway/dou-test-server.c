/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include <json-glib/json-glib.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "gateway/dou-status-messages.h"
#include "gateway/dou-test-server.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"

static void
hello_handler (DouRequest *request, gpointer user_data)
{
  DouTestServer *self = user_data;

  self->n_handled++;
  dou_request_reply_status (request, DOU_STATUS_OK);
}

static void
write_member (DouJsonWriter *writer, const char *name, const char *value)
{
  dou_json_writer_name (writer, name);
  dou_json_writer_string (writer, value != NULL ? value : "(none)");
}

static void
echo_handler (DouRequest *request, gpointer user_data)
{
  DouTestServer *self = user_data;
  g_auto (DouJsonWriter) writer = { NULL };

  self->n_handled++;
  dou_request_begin_reply (request, DOU_STATUS_OK, &writer);
  write_member (&writer, "a", dou_request_get_parameter (request, "a"));
  write_member (&writer, "b", dou_request_get_parameter (request, "b"));
  write_member (&writer, "path", dou_request_get_path (request));
  write_member (&writer, "token", dou_request_get_token (request));
  write_member (&writer, "origin", dou_request_get_origin (request));
  dou_request_end_reply (request, DOU_STATUS_OK, &writer);
}

static void
later_handler (DouRequest *request, gpointer user_data)
{
  DouTestServer *self = user_data;

  self->n_handled++;
  g_queue_push_tail (&self->pending, g_object_ref (request));
}

static void
big_handler (DouRequest *request, gpointer user_data)
{
  DouTestServer *self = user_data;
  guint8 *data = g_malloc (self->big_size);
  g_autoptr (GBytes) body = NULL;

  self->n_handled++;
  for (gsize i = 0; i < self->big_size; i++)
    data[i] = (guint8) (i * 7 + i / 251);
  body = g_bytes_new_take (data, self->big_size);
  dou_request_reply_bytes (request, 200, "application/octet-stream", body);
}

static void
drop_handler (DouRequest *request, gpointer user_data)
{
}

static gpointer
sink_open (DouRequest *request, gpointer user_data, DouStatus *status)
{
  DouTestServer *self = user_data;

  *status = self->open_status;
  if (*status != DOU_STATUS_OK)
    return NULL;

  self->n_sinks++;
  return self;
}

static DouStatus
sink_write (gpointer sink, const guint8 *data, gsize length)
{
  DouTestServer *self = sink;

  self->n_written += length;
  self->n_last_write = length;
  for (gsize i = 0; i < length; i++)
    self->checksum ^= data[i];

  return self->n_written > self->write_limit ? self->write_status : DOU_STATUS_OK;
}

static DouStatus
sink_close (gpointer sink)
{
  DouTestServer *self = sink;

  return self->close_status;
}

static void
sink_free (gpointer sink)
{
  DouTestServer *self = sink;

  self->n_sinks--;
}

static const DouBodySinkClass sink_class = { sink_open, sink_write, sink_close, sink_free, 0 };
static const DouBodySinkClass small_sink_class
    = { sink_open, sink_write, sink_close, sink_free, 10 };

static const DouRoute routes[] = {
  { "/hello", DOU_METHOD_GET | DOU_METHOD_HEAD, hello_handler },
  { "/echo", DOU_METHOD_GET | DOU_METHOD_POST, echo_handler },
  { "/files/*", DOU_METHOD_GET | DOU_METHOD_HEAD, echo_handler },
  { "/later", DOU_METHOD_GET | DOU_METHOD_POST, later_handler },
  { "/big", DOU_METHOD_GET | DOU_METHOD_HEAD, big_handler },
  { "/drop", DOU_METHOD_GET, drop_handler },
  { "/upload", DOU_METHOD_POST, echo_handler, &sink_class },
  { "/small", DOU_METHOD_POST, echo_handler, &small_sink_class },
};

void
dou_test_server_set_up (DouTestServer *self, gconstpointer data)
{
  dou_status_messages_init ();
  self->directory = dou_test_dir_new ();
  self->config = dou_config_new ();
  g_assert_true (dou_config_set (self->config, DOU_CONFIG_RATE_LIMITS, "off", NULL));
  self->router = dou_router_new ();
  dou_router_add (self->router, routes, G_N_ELEMENTS (routes), self);
  g_queue_init (&self->pending);
  self->big_size = 1000;
}

/**
 * dou_test_server_tear_down:
 * @self: a server whose requests are all answered or given up
 * @data: not used
 *
 * Nothing may be left of it.
 */
void
dou_test_server_tear_down (DouTestServer *self, gconstpointer data)
{
  g_queue_clear_full (&self->pending, g_object_unref);
  if (self->server != NULL)
    g_assert_finalize_object (self->server);
  g_assert_finalize_object (self->router);
  g_assert_finalize_object (self->config);
  g_assert_cmpuint (self->n_sinks, ==, 0);
  dou_test_dir_remove (self->directory);
}

/**
 * dou_test_server_start:
 * @self: a fixture that is set up
 *
 * Makes the server, which listens on a free port of 127.0.0.1.
 */
void
dou_test_server_start (DouTestServer *self)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autofree char *rates_path = g_build_filename (self->directory, "rates", NULL);
  g_autoptr (DouRateLimiter) limiter = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, length));
  g_assert_no_errno (listen (fd, SOMAXCONN));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) &address, &length));
  self->port = ntohs (address.sin_port);

  limiter = dou_rate_limiter_new (self->config, rates_path, &error);
  g_assert_no_error (error);
  self->server = dou_server_new (self->config, self->router, limiter, &error);
  g_assert_no_error (error);
  g_assert_true (dou_server_add_listener (self->server, fd, &error));
  g_assert_no_error (error);
}

DouTestClient *
dou_test_server_connect (DouTestServer *self)
{
  if (self->server == NULL)
    dou_test_server_start (self);

  return dou_test_client_new (self->port);
}

/**
 * dou_test_server_exchange:
 * @self: a server
 * @request: all of one request
 *
 * Returns: (transfer full): its answer, over a connection of its own
 */
DouTestAnswer *
dou_test_server_exchange (DouTestServer *self, const char *request)
{
  g_autoptr (DouTestClient) client = dou_test_server_connect (self);

  dou_test_client_send (client, request);
  return dou_test_client_receive (client);
}

/* What is waited for. */
typedef struct
{
  DouTestServer *server;
  guint n;
} Count;

static gboolean
has_requests (gpointer data)
{
  Count *count = data;

  return dou_server_get_n_requests (count->server->server) == count->n;
}

static gboolean
has_connections (gpointer data)
{
  Count *count = data;

  return dou_server_get_n_connections (count->server->server) == count->n;
}

static gboolean
has_pending (gpointer data)
{
  Count *count = data;

  return count->server->pending.length == count->n;
}

void
dou_test_server_wait_requests (DouTestServer *self, guint n)
{
  Count count = { self, n };

  dou_test_wait_until (has_requests, &count);
}

void
dou_test_server_wait_connections (DouTestServer *self, guint n)
{
  Count count = { self, n };

  dou_test_wait_until (has_connections, &count);
}

void
dou_test_server_wait_pending (DouTestServer *self, guint n)
{
  Count count = { self, n };

  dou_test_wait_until (has_pending, &count);
}

/**
 * dou_test_assert_status:
 * @answer: of a server
 * @http_code: the HTTP code that it should have
 * @status: what the envelope should say
 */
void
dou_test_assert_status (DouTestAnswer *answer, guint http_code, DouStatus status)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *type = dou_test_answer_get_header (answer, "Content-Type");
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  g_assert_cmpuint (answer->code, ==, http_code);
  g_assert_cmpstr (type, ==, "application/json; charset=utf-8");
  json_parser_load_from_data (parser, answer->body, (gssize) answer->length, &error);
  g_assert_no_error (error);

  object = json_node_get_object (json_parser_get_root (parser));
  g_assert_cmpint (json_object_get_int_member (object, "status_code"), ==,
                   dou_status_get_info (status)->status_code);
  g_assert_cmpstr (json_object_get_string_member (object, "status_msg"), !=, "");
}

/**
 * dou_test_count_descriptors:
 *
 * Returns: how many descriptors this process has open
 */
guint
dou_test_count_descriptors (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (directory) != NULL)
    n++;

  return n;
}
