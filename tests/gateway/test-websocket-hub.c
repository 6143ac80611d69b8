/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libsoup/soup.h>

#include "gateway/dou-websocket-hub.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"

#define ANN 1
#define BOB 2

#define MAX_SESSIONS 12

/* Of everybody's password. */
#define GENERATION 5

/* Microseconds for which a session may go on that does not end in its test. */
#define LONG (3600 * G_TIME_SPAN_SECOND)

/* The shortest interval that libsoup has, and more than two of them. */
static const DouWebsocketLimits limits = { 1, 2500, 64 * 1024 };

typedef struct
{
  char *directory;          /* (owned) */
  DouWebsocketSlots *slots; /* (owned) */
  DouWebsocketHub *hub;     /* (owned) */
  GString *heard;           /* (owned) what clients said */
  guint64 last_session;     /* who said something last */
  gboolean is_silent;       /* nothing is answered */
} Fixture;

/* Answers what it hears, with a push to the same user before. */
static void
heard_cb (DouWebsocketHub *hub, const DouWebsocketText *text, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autofree char *copy
      = g_strndup (g_bytes_get_data (text->text, NULL), g_bytes_get_size (text->text));
  g_autofree char *echo = g_strconcat ("echo ", copy, NULL);
  g_autoptr (GBytes) push = g_bytes_new_static ("push", strlen ("push"));
  g_autoptr (GBytes) answer = g_bytes_new (echo, strlen (echo));

  g_string_append_printf (fixture->heard, "%d:%s ", (int) text->user, copy);
  fixture->last_session = text->session;
  g_assert_cmpint (text->language, ==, DOU_LANGUAGE_EN);
  if (fixture->is_silent)
    return;

  dou_websocket_hub_push (hub, text->user, push);
  dou_websocket_hub_answer (hub, text->session, answer);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  path = g_build_filename (fixture->directory, "slots", NULL);
  fixture->slots = dou_websocket_slots_new (path, &error);
  g_assert_no_error (error);
  fixture->hub = dou_websocket_hub_new (fixture->slots, &limits, MAX_SESSIONS);
  fixture->heard = g_string_new (NULL);
  dou_websocket_hub_listen (fixture->hub, heard_cb, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->hub);
  g_assert_finalize_object (fixture->slots);
  g_string_free (fixture->heard, TRUE);
  dou_test_dir_remove (fixture->directory);
}

/* Makes a session. Returns the client's socket. */
static int
open_socket (Fixture *fixture, gint64 user, gint64 lifetime)
{
  DouWebsocketTicket ticket;
  int fds[2];
  guint slot;

  g_assert_true (dou_websocket_hub_reserve (fixture->hub, user, &slot));
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  ticket = (DouWebsocketTicket){ user, slot, GENERATION, lifetime, DOU_LANGUAGE_EN };
  dou_websocket_hub_add (fixture->hub, &ticket, fds[0]);
  return fds[1];
}

/* A client, and what it got: texts, and in the end the code of the server's good-bye. */
typedef struct
{
  SoupWebsocketConnection *connection; /* (owned) */
  GString *received;                   /* (owned) */
  const char *expected;                /* what is waited for */
  gboolean is_closed;
} Client;

static void
message_cb (SoupWebsocketConnection *connection, SoupWebsocketDataType type, GBytes *message,
            gpointer user_data)
{
  Client *client = user_data;

  g_string_append_len (client->received, g_bytes_get_data (message, NULL),
                       (gssize) g_bytes_get_size (message));
  g_string_append_c (client->received, ' ');
}

static void
closed_cb (SoupWebsocketConnection *connection, gpointer user_data)
{
  ((Client *) user_data)->is_closed = TRUE;
}

static Client *
client_new (Fixture *fixture, gint64 user, gint64 lifetime)
{
  Client *client = g_new0 (Client, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GUri) uri = g_uri_parse ("ws://localhost/", G_URI_FLAGS_NONE, NULL);

  socket = g_socket_new_from_fd (open_socket (fixture, user, lifetime), &error);
  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (socket);
  client->connection = soup_websocket_connection_new (
      G_IO_STREAM (stream), uri, SOUP_WEBSOCKET_CONNECTION_CLIENT, NULL, NULL, NULL);
  client->received = g_string_new (NULL);
  g_signal_connect (client->connection, "message", G_CALLBACK (message_cb), client);
  g_signal_connect (client->connection, "closed", G_CALLBACK (closed_cb), client);
  return client;
}

static gboolean
is_closed (gpointer data)
{
  return ((Client *) data)->is_closed;
}

static void
client_free (Client *client)
{
  if (soup_websocket_connection_get_state (client->connection) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (client->connection, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  dou_test_wait_until (is_closed, client);
  g_signal_handlers_disconnect_by_data (client->connection, client);
  g_object_unref (client->connection);
  g_string_free (client->received, TRUE);
  g_free (client);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_free)

static gboolean
has_received (gpointer data)
{
  Client *client = data;

  return client->received->len >= strlen (client->expected);
}

static void
assert_received (Client *client, const char *expected)
{
  client->expected = expected;
  dou_test_wait_until (has_received, client);
  g_assert_cmpstr (client->received->str, ==, expected);
  g_string_truncate (client->received, 0);
}

static void
say (Client *client, const char *text)
{
  soup_websocket_connection_send_text (client->connection, text);
}

static void
push (Fixture *fixture, gint64 user, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  dou_websocket_hub_push (fixture->hub, user, bytes);
}

static void
assert_closed (Client *client, gushort code)
{
  dou_test_wait_until (is_closed, client);
  g_assert_cmpuint (soup_websocket_connection_get_close_code (client->connection), ==, code);
}

static gboolean
has_no_sessions (gpointer data)
{
  return dou_websocket_hub_get_n_sessions (data) == 0;
}

/* Test that no user, and no gateway, has more sessions than are allowed, and that those that were
 * reserved in vain can be had again. */
static void
test_limits (Fixture *fixture, gconstpointer data)
{
  guint slots[MAX_SESSIONS];

  for (guint i = 0; i < DOU_WEBSOCKET_SLOTS_MAX; i++)
    g_assert_true (dou_websocket_hub_reserve (fixture->hub, ANN, &slots[i]));
  g_assert_false (dou_websocket_hub_reserve (fixture->hub, ANN, &slots[0]));
  for (guint i = DOU_WEBSOCKET_SLOTS_MAX; i < MAX_SESSIONS; i++)
    g_assert_true (dou_websocket_hub_reserve (fixture->hub, BOB, &slots[i]));
  g_assert_false (dou_websocket_hub_reserve (fixture->hub, BOB, &slots[0]));

  dou_websocket_hub_cancel (fixture->hub, ANN, slots[3]);
  g_assert_false (dou_websocket_hub_has_user (fixture->hub, ANN));
  g_assert_true (dou_websocket_hub_reserve (fixture->hub, ANN, &slots[3]));
}

/* Test that what is no text, and what is too long, ends a session, with the reason if that can be
 * said. */
static void
test_bad_messages (Fixture *fixture, gconstpointer data)
{
  g_autofree char *long_text = g_strnfill (20000, 'x');
  g_autofree char *huge = g_strnfill (200000, 'x');
  g_autoptr (Client) binary = client_new (fixture, ANN, LONG);
  g_autoptr (Client) large = client_new (fixture, ANN, LONG);
  g_autoptr (Client) larger = client_new (fixture, ANN, LONG);

  soup_websocket_connection_send_binary (binary->connection, "x", 1);
  assert_closed (binary, SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA);
  say (large, long_text);
  assert_closed (large, SOUP_WEBSOCKET_CLOSE_TOO_BIG);
  say (larger, huge);
  dou_test_wait_until (is_closed, larger);
  g_assert_cmpstr (fixture->heard->str, ==, "");
}

/* Test that bytes which are no WebSocket end a session. */
static void
test_garbage (Fixture *fixture, gconstpointer data)
{
  int fd = open_socket (fixture, ANN, LONG);

  g_assert_cmpint (write (fd, "GET / HTTP/1.1\r\n\r\n", 18), ==, 18);
  dou_test_wait_until (has_no_sessions, fixture->hub);
  close (fd);
}

/* Sends it until the server has ended the session, and says how many bytes it took. */
static gsize
send_until_ended (Fixture *fixture, int fd, const guint8 *data, gsize length)
{
  gsize total = 0;

  while (!has_no_sessions (fixture->hub))
    {
      gssize n = send (fd, data + total % length, length - total % length, MSG_NOSIGNAL | MSG_DONTWAIT);

      total += (gsize) MAX (n, 0);
      g_main_context_iteration (NULL, FALSE);
      if (n < 0)
        g_usleep (1000);
    }
  close (fd);
  return total;
}

/* Test that a message in many frames is as limited as one in one. */
static void
test_fragments (Fixture *fixture, gconstpointer data)
{
  /* 60,000 bytes that are not the last. */
  static guint8 frame[8 + 60000] = { 0x00, 0xfe, 60000 >> 8, 60000 & 0xff, 0, 0, 0, 0 };
  static const guint8 first[] = { 0x01, 0x81, 0, 0, 0, 0, 'x' };
  int fd = open_socket (fixture, ANN, LONG);

  g_assert_cmpint (send (fd, first, sizeof first, MSG_NOSIGNAL), ==, sizeof first);
  g_assert_cmpuint (send_until_ended (fixture, fd, frame, sizeof frame), <, 1024 * 1024);
  g_assert_cmpstr (fixture->heard->str, ==, "");
}

/* Test that nobody has more pings answered than he takes. */
static void
test_pings (Fixture *fixture, gconstpointer data)
{
  static const guint8 ping[] = { 0x89, 0x81, 0, 0, 0, 0, 'x' };

  g_assert_cmpuint (send_until_ended (fixture, open_socket (fixture, ANN, LONG), ping, sizeof ping), >=,
                    32 * sizeof ping);
}

/* Test that who asks much more than is answered is sent away, and that one text is heard at a time.
 */
static void
test_unanswered (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) client = client_new (fixture, ANN, LONG);

  fixture->is_silent = TRUE;
  for (guint i = 0; i < 2000; i++)
    say (client, "x");
  assert_closed (client, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION);
  g_assert_cmpstr (fixture->heard->str, ==, "1:x ");
}

/* Test that 500 texts at once are answered one after the other. */
static void
test_flood (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) client = client_new (fixture, ANN, LONG);
  g_autoptr (GString) expected = g_string_new (NULL);

  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);

      say (client, text);
      g_string_append_printf (expected, "push echo %u ", i);
    }
  assert_received (client, expected->str);
}

/* Test that each is heard and answered, that what is pushed arrives before the answer, at all
 * sessions of its user and at no other's. */
static void
test_talk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) phone = client_new (fixture, ANN, LONG);
  g_autoptr (Client) tablet = client_new (fixture, ANN, LONG);
  g_autoptr (Client) other = client_new (fixture, BOB, LONG);

  g_assert_true (dou_websocket_hub_has_user (fixture->hub, ANN));
  say (phone, "hello");
  assert_received (phone, "push echo hello ");
  assert_received (tablet, "push ");
  say (other, "抖音");
  assert_received (other, "push echo 抖音 ");
  g_assert_cmpstr (fixture->heard->str, ==, "1:hello 2:抖音 ");

  push (fixture, BOB, "1");
  push (fixture, 77, "2");
  push (fixture, ANN, "3");
  assert_received (other, "1 ");
  assert_received (phone, "3 ");
  assert_received (tablet, "3 ");
}

/* Test that an answer to somebody who is gone goes nowhere. */
static void
test_late_answer (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) text = g_bytes_new_static ("late", 4);
  Client *client = client_new (fixture, ANN, LONG);

  fixture->is_silent = TRUE;
  say (client, "x");
  while (fixture->heard->len == 0)
    g_main_context_iteration (NULL, TRUE);
  client_free (client);
  dou_test_wait_until (has_no_sessions, fixture->hub);
  dou_websocket_hub_answer (fixture->hub, fixture->last_session, text);
  g_assert_false (dou_websocket_hub_has_user (fixture->hub, ANN));
}

/* Test that thousands of texts arrive, in their order, at somebody who reads. */
static void
test_many (Fixture *fixture, gconstpointer data)
{
  const guint n = 5000;
  g_autoptr (Client) client = client_new (fixture, ANN, LONG);
  g_autoptr (GString) expected = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);

      g_string_append_printf (expected, "%u ", i);
      push (fixture, ANN, text);
      client->expected = expected->str;
      if (i % 100 == 0)
        dou_test_wait_until (has_received, client);
    }
  assert_received (client, expected->str);
}

static gboolean
has_not_ann (gpointer data)
{
  return !dou_websocket_hub_has_user (data, ANN);
}

/* Test that who does not read is dropped, and soon: neither does the other side wait, nor do the
 * texts pile up; and that others do not feel it. */
static void
test_slow_reader (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (4000, 'x');
  g_autoptr (Client) other = client_new (fixture, BOB, LONG);
  int fd = open_socket (fixture, ANN, LONG);
  guint n = 0;

  while (dou_websocket_hub_has_user (fixture->hub, ANN))
    {
      push (fixture, ANN, text);
      say (other, "x");
      assert_received (other, "push echo x ");
      g_assert_cmpuint (++n, <, 1000);
    }

  dou_test_wait_until (has_not_ann, fixture->hub);
  close (fd);
}

/* Test that a client which does not answer pings is taken for dead, and one which does is not. */
static void
test_dead (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) alive = client_new (fixture, BOB, LONG);
  int fd = open_socket (fixture, ANN, LONG);

  dou_test_wait_until (has_not_ann, fixture->hub);
  say (alive, "x");
  assert_received (alive, "push echo x ");
  close (fd);
}

/* Test that a session ends with its token. */
static void
test_expired (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) soon = client_new (fixture, ANN, 1);
  g_autoptr (Client) later = client_new (fixture, ANN, LONG);

  assert_closed (soon, 4001);
  say (later, "x");
  assert_received (later, "push echo x ");
}

/* Test that sessions end with the password under which they were opened, and only those. */
static void
test_generations (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, ANN, LONG);
  g_autoptr (Client) bob = client_new (fixture, BOB, LONG);
  g_autoptr (GArray) users = dou_websocket_hub_get_users (fixture->hub);

  g_assert_cmpuint (users->len, ==, 2);
  dou_websocket_hub_end_generations (fixture->hub, ANN, GENERATION);
  say (ann, "x");
  assert_received (ann, "push echo x ");
  dou_websocket_hub_end_generations (fixture->hub, ANN, GENERATION + 1);
  assert_closed (ann, 4001);
  say (bob, "x");
  assert_received (bob, "push echo x ");
}

/* Test that who does not mind the good-bye is not heard any more. */
static void
test_deaf (Fixture *fixture, gconstpointer data)
{
  static const guint8 text[] = { 0x81, 0x81, 0, 0, 0, 0, 'x' };
  int fd = open_socket (fixture, ANN, LONG);
  char buffer[64];
  gssize n;

  dou_websocket_hub_end_generations (fixture->hub, ANN, GENERATION + 1);
  g_assert_cmpint (recv (fd, buffer, sizeof buffer, 0), >, 0);
  g_assert_cmpint (send (fd, text, sizeof text, MSG_NOSIGNAL), ==, sizeof text);
  while ((n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT)) != 0 && (n > 0 || errno == EAGAIN))
    {
      g_main_context_iteration (NULL, FALSE);
      send (fd, text, sizeof text, MSG_NOSIGNAL | MSG_DONTWAIT);
      g_usleep (10000);
    }
  close (fd);
  dou_test_wait_until (has_no_sessions, fixture->hub);
  g_assert_cmpstr (fixture->heard->str, ==, "");
}

/* Test that all are told when the server ends. */
static void
test_close_all (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Client) ann = client_new (fixture, ANN, LONG);
  g_autoptr (Client) bob = client_new (fixture, BOB, LONG);

  dou_websocket_hub_close_all (fixture->hub);
  assert_closed (ann, SOUP_WEBSOCKET_CLOSE_GOING_AWAY);
  assert_closed (bob, SOUP_WEBSOCKET_CLOSE_GOING_AWAY);
  dou_test_wait_until (has_no_sessions, fixture->hub);
}

/* Test that a hub which goes away takes its sessions with it, those too that it has not seen yet.
 */
static void
test_dispose (Fixture *fixture, gconstpointer data)
{
  char byte;
  int fds[MAX_SESSIONS];

  for (guint i = 0; i < MAX_SESSIONS; i++)
    fds[i] = open_socket (fixture, 10 + i, LONG);

  g_assert_finalize_object (fixture->hub);
  for (guint i = 0; i < MAX_SESSIONS; i++)
    {
      g_assert_cmpint (read (fds[i], &byte, 1), ==, 0);
      close (fds[i]);
    }
  fixture->hub = dou_websocket_hub_new (fixture->slots, &limits, MAX_SESSIONS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/gateway/websocket-hub/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("limits", test_limits);
  ADD ("bad-messages", test_bad_messages);
  ADD ("garbage", test_garbage);
  ADD ("fragments", test_fragments);
  ADD ("pings", test_pings);
  ADD ("unanswered", test_unanswered);
  ADD ("flood", test_flood);
  ADD ("talk", test_talk);
  ADD ("late-answer", test_late_answer);
  ADD ("many", test_many);
  ADD ("slow-reader", test_slow_reader);
  ADD ("dead", test_dead);
  ADD ("expired", test_expired);
  ADD ("generations", test_generations);
  ADD ("deaf", test_deaf);
  ADD ("close-all", test_close_all);
  ADD ("dispose", test_dispose);
#undef ADD

  return g_test_run ();
}
