/* SPDX-License-Identifier: Apache-2.0 */

/* What gateways remember, seen from outside. One connection to each of two gateways: what is answered to
 * a write on the one is already so on the other, which has just shown, and so remembers, what was before.
 * Meanwhile other connections read and write the same, so that there is always something on its way. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include <gio/gio.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-wait.h"

#define N_GATEWAYS 2
#define N_ROUNDS 40
#define N_DISTURBERS 2
/* Connections that may be needed to have one to each gateway. */
#define MAX_TRIES 200

typedef struct
{
  gint64 id;
  char *token; /* (owned) */
} User;

/* A connection of its own, used by one thread. */
typedef struct
{
  GSocketConnection *connection; /* (owned) */
  GDataInputStream *input;       /* (owned) */
} Client;

typedef struct
{
  DouTestDaemon *server;  /* (owned) */
  DouTestHttp *http;      /* (owned) */
  GDBusConnection *bus;   /* (owned) */
  guint16 port;
  User author;
  User reader;
  User others[N_DISTURBERS];
  gint64 video;
  Client *clients[N_GATEWAYS]; /* (owned) one to each */
  GThread *threads[N_DISTURBERS];
  gint is_over; /* atomic */
} Fixture;

typedef struct
{
  Fixture *fixture; /* (unowned) */
  guint index;
} Disturber;

static Client *
client_new (guint16 port)
{
  g_autoptr (GSocketClient) socket = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  Client *self = g_new0 (Client, 1);

  self->connection = g_socket_client_connect_to_host (socket, "127.0.0.1", port, NULL, &error);
  g_assert_no_error (error);
  self->input = g_data_input_stream_new (
      g_io_stream_get_input_stream (G_IO_STREAM (self->connection)));
  g_data_input_stream_set_newline_type (self->input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  return self;
}

static void
client_free (Client *self)
{
  g_object_unref (self->input);
  g_object_unref (self->connection);
  g_free (self);
}

/* Reads an answer with a length. */
static JsonObject *
client_receive (Client *self)
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
client_call (Client *self, const char *method, const char *format, ...) G_GNUC_PRINTF (3, 4);

static JsonObject *
client_call (Client *self, const char *method, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer = NULL;
  g_autofree char *target = NULL;
  g_autofree char *head = NULL;
  va_list arguments;

  va_start (arguments, format);
  target = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  head = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", method,
                          target);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)), head,
                             strlen (head), NULL, NULL, &error);
  g_assert_no_error (error);
  answer = client_receive (self);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return g_steal_pointer (&answer);
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

/* Which of @pids has the other end of @client, after it was answered there; their number if /proc, which
 * is no snapshot, does not show it. */
static guint
find_gateway (Fixture *fixture, Client *client, GArray *pids)
{
  g_autoptr (GSocketAddress) address
      = g_socket_connection_get_local_address (client->connection, NULL);
  g_autofree char *inode = find_inode (
      fixture->port, g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)));

  for (guint i = 0; i < pids->len && inode != NULL; i++)
    if (has_socket (g_array_index (pids, GPid, i), inode))
      return i;

  return pids->len;
}

static void
connect_clients (Fixture *fixture)
{
  g_autoptr (GArray) pids = dou_test_daemon_get_child_pids (fixture->server, "doutok-gateway");
  guint n_connected = 0;

  g_assert_cmpuint (pids->len, ==, N_GATEWAYS);
  for (guint i = 0; i < MAX_TRIES && n_connected < N_GATEWAYS; i++)
    {
      Client *client = client_new (fixture->port);
      g_autoptr (JsonObject) answer = client_call (client, "GET", "/ping");
      guint index = find_gateway (fixture, client, pids);

      if (index == pids->len || fixture->clients[index] != NULL)
        {
          client_free (client);
          continue;
        }
      fixture->clients[index] = client;
      n_connected++;
    }
  g_assert_cmpuint (n_connected, ==, N_GATEWAYS);
}

static void
user_register (Fixture *fixture, User *user, const char *name)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "POST", "/douyin/user/register/", "username", name, "password", "p", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  user->id = json_object_get_int_member (answer, "user_id");
  user->token = g_strdup (json_object_get_string_member (answer, "token"));
}

static JsonObject *
get_video (Fixture *fixture, Client *client, const User *viewer)
{
  g_autoptr (JsonObject) feed = client_call (client, "GET", "/douyin/feed/?token=%s", viewer->token);
  JsonArray *videos = json_object_get_array_member (feed, "video_list");

  g_assert_cmpuint (json_array_get_length (videos), ==, 1);
  return json_object_ref (json_array_get_object_element (videos, 0));
}

static JsonObject *
get_user (Client *client, const User *user, const User *viewer)
{
  g_autoptr (JsonObject) answer
      = client_call (client, "GET", "/douyin/user/?user_id=%" G_GINT64_FORMAT "&token=%s", user->id,
                     viewer->token);

  return json_object_ref (json_object_get_object_member (answer, "user"));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) file = dou_test_media_make (DOU_TEST_MEDIA_SINGLE);
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (JsonObject) video = NULL;

  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->port = (guint16) g_ascii_strtoull (
      strrchr (dou_test_daemon_get_url (fixture->server), ':') + 1, NULL, 10);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
  fixture->bus = dou_test_daemon_connect_bus (fixture->server);
  user_register (fixture, &fixture->author, "author");
  user_register (fixture, &fixture->reader, "reader");
  for (guint i = 0; i < N_DISTURBERS; i++)
    {
      g_autofree char *name = g_strdup_printf ("other-%u", i);

      user_register (fixture, &fixture->others[i], name);
    }

  answer = dou_test_http_publish (fixture->http, fixture->author.token, "title", file);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  connect_clients (fixture);
  video = get_video (fixture, fixture->clients[0], &fixture->reader);
  fixture->video = json_object_get_int_member (video, "id");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_GATEWAYS; i++)
    client_free (fixture->clients[i]);
  for (guint i = 0; i < N_DISTURBERS; i++)
    g_free (fixture->others[i].token);
  g_free (fixture->author.token);
  g_free (fixture->reader.token);
  g_object_unref (fixture->bus);
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

/* Likes, follows and reads, on a connection wherever that leads to. */
static gpointer
disturb (gpointer data)
{
  g_autofree Disturber *disturber = data;
  Fixture *fixture = disturber->fixture;
  const User *user = &fixture->others[disturber->index];
  Client *client = client_new (fixture->port);

  for (guint i = 0; g_atomic_int_get (&fixture->is_over) == 0; i++)
    {
      guint type = 1 + i % 2;
      g_autoptr (JsonObject) liked = client_call (
          client, "POST",
          "/douyin/favorite/action/?token=%s&video_id=%" G_GINT64_FORMAT "&action_type=%u",
          user->token, fixture->video, type);
      g_autoptr (JsonObject) followed = client_call (
          client, "POST",
          "/douyin/relation/action/?token=%s&to_user_id=%" G_GINT64_FORMAT "&action_type=%u",
          user->token, fixture->author.id, type);
      g_autoptr (JsonObject) video = get_video (fixture, client, user);
      g_autoptr (JsonObject) author = get_user (client, &fixture->author, user);

      g_assert_cmpint (json_object_get_boolean_member (video, "is_favorite"), ==, type == 1);
      g_assert_cmpint (json_object_get_boolean_member (author, "is_follow"), ==, type == 1);
    }

  client_free (client);
  return NULL;
}

static void
begin_disturbance (Fixture *fixture)
{
  for (guint i = 0; i < N_DISTURBERS; i++)
    {
      Disturber *disturber = g_new (Disturber, 1);

      *disturber = (Disturber){ fixture, i };
      fixture->threads[i] = g_thread_new ("disturber", disturb, disturber);
    }
}

static void
end_disturbance (Fixture *fixture)
{
  g_atomic_int_set (&fixture->is_over, 1);
  for (guint i = 0; i < N_DISTURBERS; i++)
    g_thread_join (fixture->threads[i]);
}

/* One write at @writer, then @other shows it in the feed, the user and, of likes, the count. */
static void
check_likes (Fixture *fixture, Client *writer, Client *other, guint round)
{
  guint type = 1 + round % 2;
  g_autoptr (JsonObject) written = client_call (
      writer, "POST",
      "/douyin/favorite/action/?token=%s&video_id=%" G_GINT64_FORMAT "&action_type=%u",
      fixture->reader.token, fixture->video, type);
  g_autoptr (JsonObject) video = get_video (fixture, other, &fixture->reader);
  g_autoptr (JsonObject) reader = get_user (other, &fixture->reader, &fixture->author);

  g_assert_cmpint (json_object_get_boolean_member (video, "is_favorite"), ==, type == 1);
  g_assert_cmpint (json_object_get_int_member (video, "favorite_count"), >=, type == 1);
  g_assert_cmpint (json_object_get_int_member (reader, "favorite_count"), ==, type == 1);
}

static void
check_follows (Fixture *fixture, Client *writer, Client *other, guint round)
{
  guint type = 1 + round % 2;
  g_autoptr (JsonObject) written = client_call (
      writer, "POST",
      "/douyin/relation/action/?token=%s&to_user_id=%" G_GINT64_FORMAT "&action_type=%u",
      fixture->reader.token, fixture->author.id, type);
  g_autoptr (JsonObject) author = get_user (other, &fixture->author, &fixture->reader);
  g_autoptr (JsonObject) reader = get_user (other, &fixture->reader, &fixture->author);
  g_autoptr (JsonObject) video = get_video (fixture, other, &fixture->reader);

  g_assert_cmpint (json_object_get_boolean_member (author, "is_follow"), ==, type == 1);
  g_assert_cmpint (json_object_get_int_member (reader, "follow_count"), ==, type == 1);
  g_assert_cmpint (json_object_get_boolean_member (
                       json_object_get_object_member (video, "author"), "is_follow"),
                   ==, type == 1);
}

/* What a reader feels about the newest comment, which has so many likes and dislikes. */
static gint64
get_feeling (Fixture *fixture, Client *client, const User *reader, gint64 n_likes, gint64 n_dislikes)
{
  g_autoptr (JsonObject) list = client_call (
      client, "GET", "/douyin/comment/list/?count=3&video_id=%" G_GINT64_FORMAT "&token=%s",
      fixture->video, reader != NULL ? reader->token : "");
  JsonObject *comment = json_array_get_object_element (
      json_object_get_array_member (list, "comment_list"), 0);

  g_assert_cmpint (json_object_get_int_member (comment, "like_count"), ==, n_likes);
  g_assert_cmpint (json_object_get_int_member (comment, "tease_count"), ==, n_dislikes);
  return json_object_get_int_member (comment, "feeling");
}

static void
check_comments (Fixture *fixture, Client *writer, Client *other, guint round)
{
  g_autoptr (JsonObject) written = client_call (
      writer, "POST",
      "/douyin/comment/action/?token=%s&video_id=%" G_GINT64_FORMAT "&action_type=1&comment_text=%u",
      fixture->reader.token, fixture->video, round);
  g_autofree char *text = g_strdup_printf ("%u", round);
  g_autoptr (JsonObject) list = client_call (
      other, "GET", "/douyin/comment/list/?count=3&video_id=%" G_GINT64_FORMAT, fixture->video);
  JsonArray *comments = json_object_get_array_member (list, "comment_list");
  JsonObject *first = json_array_get_object_element (comments, 0);
  g_autoptr (JsonObject) video = get_video (fixture, other, &fixture->reader);

  g_autoptr (JsonObject) felt = client_call (
      writer, "POST",
      "/douyin/comment/feeling/?token=%s&comment_id=%" G_GINT64_FORMAT "&action_type=1",
      fixture->reader.token, json_object_get_int_member (first, "id"));

  g_assert_cmpint (get_feeling (fixture, other, &fixture->reader, 1, 0), ==, 1);
  g_assert_cmpint (get_feeling (fixture, other, &fixture->author, 1, 0), ==, 3);
  {
    g_autoptr (JsonObject) changed = client_call (
        writer, "POST",
        "/douyin/comment/feeling/?token=%s&comment_id=%" G_GINT64_FORMAT "&action_type=%u",
        fixture->reader.token, json_object_get_int_member (first, "id"), 2 + round % 2);
  }
  g_assert_cmpint (get_feeling (fixture, other, &fixture->reader, 0, 1 - round % 2), ==,
                   2 + round % 2);
  g_assert_cmpint (get_feeling (fixture, other, NULL, 0, 1 - round % 2), ==, 3);
  g_assert_cmpstr (json_object_get_string_member (first, "content"), ==, text);
  g_assert_cmpint (json_object_get_int_member (video, "comment_count"), ==, round + 1);
}

/* A profile is changed at the service itself; its reply tells the writer. */
static void
check_signature (Fixture *fixture, guint round)
{
  g_autofree char *signature = g_strdup_printf ("round %u", round);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  GVariantBuilder changes;

  g_variant_builder_init (&changes, G_VARIANT_TYPE ("a(xa{ss})"));
  g_variant_builder_open (&changes, G_VARIANT_TYPE ("(xa{ss})"));
  g_variant_builder_add (&changes, "x", fixture->author.id);
  g_variant_builder_add_parsed (&changes, "{'signature': %s}", signature);
  g_variant_builder_close (&changes);
  reply = g_dbus_connection_call_sync (fixture->bus, "org.doutok.User", "/org/doutok/User",
                                       "org.doutok.User1", "SetProfiles",
                                       g_variant_new ("(a(xa{ss}))", &changes), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < N_GATEWAYS; i++)
    {
      g_autoptr (JsonObject) video = get_video (fixture, fixture->clients[i], &fixture->reader);
      JsonObject *author = json_object_get_object_member (video, "author");

      g_assert_cmpstr (json_object_get_string_member (author, "signature"), ==, signature);
    }
}

/* Test that no gateway shows what was before a write that another one has answered. */
static void
test_writes (Fixture *fixture, gconstpointer data)
{
  begin_disturbance (fixture);
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      Client *writer = fixture->clients[(round / 2) % N_GATEWAYS];
      Client *other = fixture->clients[(round / 2 + 1) % N_GATEWAYS];

      check_likes (fixture, writer, other, round);
      check_follows (fixture, other, writer, round);
      check_comments (fixture, writer, other, round);
      check_signature (fixture, round);
    }
  end_disturbance (fixture);
}

static void
kill_service (Fixture *fixture, const char *name)
{
  GPid pid = dou_test_daemon_get_service_pid (fixture->server, name);

  g_assert_no_errno (kill (pid, SIGKILL));
}

/* Test that a service that is killed and starts again leaves nothing behind in a gateway: neither what
 * it has told, nor what it has stored without having told it any more. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = { "org.doutok.Social", "org.doutok.User", "org.doutok.Video" };

  begin_disturbance (fixture);
  for (guint round = 0; round < 9; round++)
    {
      Client *writer = fixture->clients[(round / 2) % N_GATEWAYS];
      Client *other = fixture->clients[(round / 2 + 1) % N_GATEWAYS];

      kill_service (fixture, names[round % G_N_ELEMENTS (names)]);
      check_likes (fixture, writer, other, round);
      check_follows (fixture, other, writer, round);
      check_comments (fixture, writer, other, round);
      check_signature (fixture, round);
    }
  end_disturbance (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/integration/coherence/writes", Fixture, NULL, set_up, test_writes, tear_down);
  g_test_add ("/integration/coherence/killed", Fixture, NULL, set_up, test_killed, tear_down);

  return g_test_run ();
}
