/* SPDX-License-Identifier: Apache-2.0 */

/* Nothing here blocks: while the socket has nothing to give or no room, the main context is
 * iterated, and the server in it goes on. */

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/dou-test-client.h"
#include "lib/dou-test-wait.h"

struct _DouTestClient
{
  int fd;         /* (owned) */
  GString *input; /* (owned) received and not yet taken */
  gboolean has_ended;
  DouTestEnd end;
  gsize wanted; /* bytes of input that are waited for */
};

/**
 * dou_test_client_new:
 * @port: of a server on 127.0.0.1
 *
 * Returns: (transfer full): a client whose connection is made, though perhaps not accepted yet
 */
DouTestClient *
dou_test_client_new (guint16 port)
{
  DouTestClient *self = g_new0 (DouTestClient, 1);
  const struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons (port),
                                       .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };

  self->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (self->fd, >=, 0);
  g_assert_no_errno (connect (self->fd, (const struct sockaddr *) &address, sizeof address));
  g_assert_true (g_unix_set_fd_nonblocking (self->fd, TRUE, NULL));
  self->input = g_string_new (NULL);
  return self;
}

void
dou_test_client_free (DouTestClient *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_string_free (self->input, TRUE);
  g_free (self);
}

int
dou_test_client_get_fd (DouTestClient *self)
{
  return self->fd;
}

static gboolean
ignore_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* The socket is watched, too: the server may be done before its bytes have come over. */
static void
dou_test_client_wait (DouTestClient *self, GIOCondition events, DouTestCondition condition)
{
  g_autoptr (GSource) source = g_unix_fd_source_new (self->fd, events);

  g_source_set_callback (source, G_SOURCE_FUNC (ignore_cb), NULL, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  dou_test_wait_until (condition, self);
  g_source_destroy (source);
}

/**
 * dou_test_client_send_some:
 * @self: a client
 * @data: bytes
 * @length: how many
 *
 * Returns: how many of them found room, 0 also if the server broke off
 */
gsize
dou_test_client_send_some (DouTestClient *self, const void *data, gsize length)
{
  gssize n = send (self->fd, data, length, MSG_NOSIGNAL);

  return (gsize) MAX (n, 0);
}

static gboolean
has_room (gpointer data)
{
  DouTestClient *self = data;
  GPollFD poll = { self->fd, G_IO_OUT, 0 };

  return g_poll (&poll, 1, 0) > 0;
}

/**
 * dou_test_client_send_all:
 * @self: a client
 * @data: bytes
 * @length: how many
 *
 * Sends all of them; the server must take them.
 */
void
dou_test_client_send_all (DouTestClient *self, const void *data, gsize length)
{
  const guint8 *rest = data;

  while (length > 0)
    {
      gsize n;

      dou_test_client_wait (self, G_IO_OUT, has_room);
      n = dou_test_client_send_some (self, rest, length);
      g_assert_cmpuint (n, >, 0);
      rest += n;
      length -= n;
    }
}

void
dou_test_client_send (DouTestClient *self, const char *text)
{
  dou_test_client_send_all (self, text, strlen (text));
}

void
dou_test_client_shut_down (DouTestClient *self)
{
  g_assert_no_errno (shutdown (self->fd, SHUT_WR));
}

/**
 * dou_test_client_reset:
 * @self: a client
 *
 * Breaks off, as a phone does that is switched off.
 */
void
dou_test_client_reset (DouTestClient *self)
{
  const struct linger at_once = { 1, 0 };

  setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close (self->fd);
  self->fd = -1;
}

static void
dou_test_client_read (DouTestClient *self)
{
  char buffer[65536];
  gssize n;

  while (!self->has_ended && (n = recv (self->fd, buffer, sizeof buffer, 0)) != 0)
    {
      if (n < 0 && errno == EAGAIN)
        return;
      if (n < 0)
        {
          self->has_ended = TRUE;
          self->end = DOU_TEST_END_RESET;
          return;
        }
      g_string_append_len (self->input, buffer, n);
      if (self->input->len >= self->wanted && self->wanted > 0)
        return;
    }

  self->has_ended = TRUE;
}

/**
 * dou_test_client_has_input:
 * @self: a client
 *
 * Returns: whether something has come that was not received yet
 */
gboolean
dou_test_client_has_input (DouTestClient *self)
{
  dou_test_client_read (self);
  return self->input->len > 0;
}

static gboolean
has_head (gpointer data)
{
  DouTestClient *self = data;

  dou_test_client_read (self);
  return self->has_ended || strstr (self->input->str, "\r\n\r\n") != NULL;
}

static gboolean
has_wanted (gpointer data)
{
  DouTestClient *self = data;

  if (self->input->len < self->wanted)
    dou_test_client_read (self);
  return self->has_ended || self->input->len >= self->wanted;
}

/**
 * dou_test_client_receive_head:
 * @self: a client
 *
 * Returns: (transfer full): the next answer, without its body if it should have one
 */
DouTestAnswer *
dou_test_client_receive_head (DouTestClient *self)
{
  DouTestAnswer *answer;
  const char *end;
  gsize length;

  dou_test_client_wait (self, G_IO_IN, has_head);
  end = strstr (self->input->str, "\r\n\r\n");
  g_assert_nonnull (end);
  length = (gsize) (end - self->input->str) + strlen ("\r\n\r\n");

  answer = g_new0 (DouTestAnswer, 1);
  answer->head = g_strndup (self->input->str, length);
  g_assert_true (g_str_has_prefix (answer->head, "HTTP/1.1 "));
  answer->code = (guint) g_ascii_strtoull (answer->head + strlen ("HTTP/1.1 "), NULL, 10);
  g_string_erase (self->input, 0, (gssize) length);
  return answer;
}

/**
 * dou_test_client_receive:
 * @self: a client
 *
 * Returns: (transfer full): the next answer, whole
 */
DouTestAnswer *
dou_test_client_receive (DouTestClient *self)
{
  DouTestAnswer *answer = dou_test_client_receive_head (self);
  g_autofree char *length = dou_test_answer_get_header (answer, "Content-Length");

  answer->length = length != NULL ? (gsize) g_ascii_strtoull (length, NULL, 10) : 0;
  self->wanted = answer->length;
  if (self->wanted > 0)
    dou_test_client_wait (self, G_IO_IN, has_wanted);
  self->wanted = 0;

  g_assert_cmpuint (self->input->len, >=, answer->length);
  answer->body = g_malloc (answer->length + 1);
  memcpy (answer->body, self->input->str, answer->length);
  answer->body[answer->length] = '\0';
  g_string_erase (self->input, 0, (gssize) answer->length);
  return answer;
}

static gboolean
has_ended (gpointer data)
{
  DouTestClient *self = data;

  dou_test_client_read (self);
  return self->has_ended;
}

/**
 * dou_test_client_wait_end:
 * @self: a client that has received all of its answers
 *
 * Returns: how the server ended the connection
 */
DouTestEnd
dou_test_client_wait_end (DouTestClient *self)
{
  dou_test_client_wait (self, G_IO_IN, has_ended);
  g_assert_cmpstr (self->input->str, ==, "");
  return self->end;
}

void
dou_test_answer_free (DouTestAnswer *self)
{
  g_free (self->head);
  g_free (self->body);
  g_free (self);
}

/**
 * dou_test_client_request:
 * @self: a client
 * @method: of a request without a body
 * @path: with parameters
 * @headers: more of them, each with its CRLF
 *
 * Returns: (transfer full): the answer
 */
DouTestAnswer *
dou_test_client_request (DouTestClient *self, const char *method, const char *path, const char *headers)
{
  g_autofree char *text
      = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: example.org\r\n%s\r\n", method, path, headers);

  dou_test_client_send (self, text);
  return g_str_equal (method, "HEAD") ? dou_test_client_receive_head (self) : dou_test_client_receive (self);
}

/**
 * dou_test_answer_get_header:
 * @self: an answer
 * @name: of a header that is there once at most
 *
 * Returns: (transfer full) (nullable): its value
 */
char *
dou_test_answer_get_header (DouTestAnswer *self, const char *name)
{
  g_autofree char *line = g_strconcat ("\r\n", name, ": ", NULL);
  const char *value = strstr (self->head, line);

  if (value == NULL)
    return NULL;

  value += strlen (line);
  g_assert_null (strstr (value, line));
  return g_strndup (value, strcspn (value, "\r"));
}

/**
 * dou_test_answer_assert_header:
 * @self: an answer
 * @name: of a header that is there once at most
 * @expected: (nullable): its value
 */
void
dou_test_answer_assert_header (DouTestAnswer *self, const char *name, const char *expected)
{
  g_autofree char *value = dou_test_answer_get_header (self, name);

  g_assert_cmpstr (value, ==, expected);
}
