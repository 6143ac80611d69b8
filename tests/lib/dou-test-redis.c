/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>

#include "lib/dou-test-dir.h"
#include "lib/dou-test-redis.h"

#define PROGRAM "/usr/bin/redis-server"
#define CLIENT "/usr/bin/redis-cli"

/* A machine that does many things at once may need some of it. */
#define START_TIMEOUT (60 * G_TIME_SPAN_SECOND)

/* Ports that are tried: a free one may be taken by somebody else before the server has it. */
#define MAX_PORTS 10

struct _DouTestRedis
{
  char *directory;      /* (owned) */
  char *config;         /* (owned) (nullable) further lines */
  char *socket;         /* (owned) path of its unix socket */
  guint port;           /* 0 = none */
  gboolean is_sentinel;
  GSubprocess *process; /* (owned) (nullable) while it runs */
};

static guint
find_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) found = NULL;
  g_autoptr (GError) error = NULL;

  g_socket_listener_add_address (listener, wanted, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                 &found, &error);
  g_assert_no_error (error);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (found));
}

/* Runs in the child. A test that fails aborts, and must not leave its server behind. */
static void
become_server (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static void
spawn (DouTestRedis *self)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autofree char *path = g_build_filename (self->directory, "redis.conf", NULL);
  g_autofree char *text = g_strdup_printf (
      "bind 127.0.0.1\nport %u\nunixsocket %s\ndir %s\nsave \"\"\nappendonly no\n%s\n", self->port,
      self->socket, self->directory, self->config != NULL ? self->config : "");
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  g_subprocess_launcher_set_child_setup (launcher, become_server, NULL, NULL);
  self->process = g_subprocess_launcher_spawn (launcher, &error, PROGRAM, path,
                                              self->is_sentinel ? "--sentinel" : NULL, NULL);
  g_assert_no_error (error);
}

/* Whether it answers; whatever it says. */
static gboolean
is_ready (DouTestRedis *self)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->socket);
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
  char answer;

  return connection != NULL
         && g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                                       "PING\r\n", 6, NULL, NULL, NULL)
         && g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), &answer, 1,
                                 NULL, NULL)
                > 0;
}

/**
 * dou_test_redis_start:
 * @self: a server that was killed
 *
 * Starts it where it was.
 */
void
dou_test_redis_start (DouTestRedis *self)
{
  gint64 deadline = g_get_monotonic_time () + START_TIMEOUT;
  guint n_ports = 0;

  g_assert_null (self->process);
  spawn (self);
  while (!is_ready (self))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (g_subprocess_get_identifier (self->process) == NULL)
        {
          g_assert_cmpuint (self->port, !=, 0);
          g_assert_cmpuint (n_ports++, <, MAX_PORTS);
          g_clear_object (&self->process);
          self->port = find_port ();
          spawn (self);
        }
      g_usleep (1000);
    }
}

static DouTestRedis *
redis_new (const char *config, guint port, gboolean is_sentinel)
{
  DouTestRedis *self = g_new0 (DouTestRedis, 1);

  self->directory = dou_test_dir_new ();
  self->config = g_strdup (config);
  self->socket = g_build_filename (self->directory, "socket", NULL);
  self->port = port;
  self->is_sentinel = is_sentinel;
  dou_test_redis_start (self);
  return self;
}

/**
 * dou_test_redis_new:
 * @config: (nullable): further lines of its configuration
 *
 * Returns: (transfer full): a server that runs, on a unix socket
 */
DouTestRedis *
dou_test_redis_new (const char *config)
{
  return redis_new (config, 0, FALSE);
}

/**
 * dou_test_redis_new_on_port:
 * @config: (nullable): further lines of its configuration
 *
 * Returns: (transfer full): a server that runs, on a unix socket and a port; not to be started again
 */
DouTestRedis *
dou_test_redis_new_on_port (const char *config)
{
  return redis_new (config, find_port (), FALSE);
}

/**
 * dou_test_redis_new_sentinel:
 * @config: further lines of its configuration: whom it watches
 *
 * Returns: (transfer full): a sentinel that runs, on a unix socket and a port; not to be started again
 */
DouTestRedis *
dou_test_redis_new_sentinel (const char *config)
{
  return redis_new (config, find_port (), TRUE);
}

void
dou_test_redis_free (DouTestRedis *self)
{
  if (self->process != NULL)
    dou_test_redis_kill (self);
  dou_test_dir_remove (self->directory);
  g_free (self->config);
  g_free (self->socket);
  g_free (self);
}

/**
 * dou_test_redis_get_url:
 * @self: a server
 *
 * Returns: (transfer full): its unix socket, as in a configuration
 */
char *
dou_test_redis_get_url (DouTestRedis *self)
{
  return g_strconcat ("unix:", self->socket, NULL);
}

/**
 * dou_test_redis_make_url:
 * @self: a server on a port
 * @login: `USER:PASSWORD@`, or empty
 *
 * Returns: (transfer full): its port, as in a configuration, and the second of its databases
 */
char *
dou_test_redis_make_url (DouTestRedis *self, const char *login)
{
  g_assert_cmpuint (self->port, !=, 0);

  return g_strdup_printf ("redis://%s127.0.0.1:%u/1", login, self->port);
}

/**
 * dou_test_redis_get_place:
 * @self: a server on a port
 *
 * Returns: (transfer full): its address and port
 */
char *
dou_test_redis_get_place (DouTestRedis *self)
{
  g_assert_cmpuint (self->port, !=, 0);

  return g_strdup_printf ("127.0.0.1:%u", self->port);
}

/**
 * dou_test_redis_ask:
 * @self: a server that runs, without a password
 * @words: (array zero-terminated=1): a command and its arguments
 *
 * Returns: (transfer full): the answer, as redis-cli prints it
 */
char *
dou_test_redis_ask (DouTestRedis *self, const char *const *words)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *const client[] = { CLIENT, "-s", self->socket, NULL };
  g_auto (GStrv) arguments = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  char *answer;

  g_strv_builder_addv (builder, (const char **) client);
  g_strv_builder_addv (builder, (const char **) words);
  arguments = g_strv_builder_end (builder);
  process = g_subprocess_newv ((const char *const *) arguments, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &answer, NULL, &error);
  g_assert_no_error (error);
  return answer;
}

/**
 * dou_test_redis_signal:
 * @self: a server that runs
 * @number: of a signal
 *
 * When this returns after SIGSTOP, the server has stopped.
 */
void
dou_test_redis_signal (DouTestRedis *self, int number)
{
  pid_t pid = (pid_t) g_ascii_strtoll (g_subprocess_get_identifier (self->process), NULL, 10);
  siginfo_t info;

  /* Not by GLib, which leaves it to another thread. */
  g_assert_cmpint (kill (pid, number), ==, 0);
  if (number == SIGSTOP)
    g_assert_cmpint (waitid (P_PID, (id_t) pid, &info, WSTOPPED), ==, 0);
}

/**
 * dou_test_redis_kill:
 * @self: a server that runs
 *
 * Ends it without a farewell.
 */
void
dou_test_redis_kill (DouTestRedis *self)
{
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
}
