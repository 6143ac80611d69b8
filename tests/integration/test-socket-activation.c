/* SPDX-License-Identifier: Apache-2.0 */

/* systemd keeps the port: connections that come while the server is down wait in the socket, and are
 * answered by the one that is started next. */

#include "config.h"

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-dir.h"

#define READY "doutok: ready on "
#define REQUEST "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
/* Seconds that a connection may wait for its answer, on a busy machine and under a sanitizer. */
#define PATIENCE 60
#define N_RESTARTS 3

typedef struct
{
  char *directory; /* (owned) */
  int fd;          /* (owned) the listening socket */
  guint16 port;
  GSubprocess *server; /* (owned) (nullable) while it runs */
  gint n_answered;     /* (atomic) */
  gint is_over;        /* (atomic) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;

  fixture->directory = dou_test_dir_new ();
  fixture->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (bind (fixture->fd, (struct sockaddr *) &address, length));
  g_assert_no_errno (listen (fixture->fd, SOMAXCONN));
  g_assert_no_errno (getsockname (fixture->fd, (struct sockaddr *) &address, &length));
  fixture->port = ntohs (address.sin_port);
}

static void
stop (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_send_signal (fixture->server, SIGTERM);
  g_subprocess_wait (fixture->server, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (fixture->server));
  g_clear_object (&fixture->server);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->server != NULL)
    stop (fixture);
  close (fixture->fd);
  dou_test_dir_remove (fixture->directory);
}

static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocess *
spawn (Fixture *fixture, const char *const *wrapper, int passed_fd)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autofree char *program = dou_test_daemon_get_program ();
  g_autofree char *state_dir = g_build_filename (fixture->directory, "state", NULL);
  g_autofree char *runtime_dir = g_build_filename (fixture->directory, "run", NULL);
  const char *const server[] = { program,       "serve",       "--workers",   "2",
                                 "--state-dir", state_dir,     "--runtime-dir", runtime_dir,
                                 "--listen",    "127.0.0.1:1", NULL };
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_strv_builder_addv (builder, (const char **) wrapper);
  g_strv_builder_addv (builder, (const char **) server);
  argv = g_strv_builder_end (builder);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  if (passed_fd >= 0)
    g_subprocess_launcher_take_fd (launcher, dup (passed_fd), 3);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv, &error);
  g_assert_no_error (error);
  return process;
}

/* As systemd does it, sd_listen_fds(3). */
static void
start (Fixture *fixture)
{
  static const char *const wrapper[]
      = { "sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"", NULL };

  fixture->server = spawn (fixture, wrapper, fixture->fd);
}

static void
wait_until_ready (Fixture *fixture)
{
  g_autoptr (GDataInputStream) output
      = g_data_input_stream_new (g_subprocess_get_stdout_pipe (fixture->server));
  g_autofree char *expected = g_strdup_printf (READY "http://127.0.0.1:%u", fixture->port);
  g_autofree char *line = g_data_input_stream_read_line (output, NULL, NULL, NULL);

  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (output), FALSE);
  g_assert_cmpstr (line, ==, expected);
}

/* A request over a connection of its own. */
static void
exchange (guint16 port)
{
  const struct timeval patience = { .tv_sec = PATIENCE };
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
                                 .sin_port = htons (port) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char answer[4096];
  gsize length = 0;
  gssize n;

  g_assert_no_errno (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
  g_assert_no_errno (connect (fd, (struct sockaddr *) &address, sizeof address));
  g_assert_cmpint (send (fd, REQUEST, strlen (REQUEST), MSG_NOSIGNAL), ==, strlen (REQUEST));
  while ((n = recv (fd, answer + length, sizeof answer - 1 - length, 0)) > 0)
    length += (gsize) n;
  g_assert_no_errno (n);
  answer[length] = '\0';
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 200 OK\r\n"));
  g_assert_nonnull (strstr (answer, "\"status_code\":0"));
  close (fd);
}

/* Test that what systemd passes must be a socket that listens. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  static const char *const wrapper[]
      = { "sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 2>/dev/null", NULL };

  fixture->server = spawn (fixture, wrapper, fd);
  close (fd);
  g_subprocess_wait (fixture->server, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (g_subprocess_get_successful (fixture->server));
  g_clear_object (&fixture->server);
}

/* Test that a client that comes before the server is answered by it, and that its own address in the
 * configuration does not matter. */
static void
test_early (Fixture *fixture, gconstpointer data)
{
  start (fixture);
  exchange (fixture->port);
  wait_until_ready (fixture);
  for (guint i = 0; i < 100; i++)
    exchange (fixture->port);
}

static gpointer
ask_in_thread (gpointer user_data)
{
  Fixture *fixture = user_data;

  while (!g_atomic_int_get (&fixture->is_over))
    {
      exchange (fixture->port);
      g_atomic_int_inc (&fixture->n_answered);
    }

  return NULL;
}

static void
wait_for_answers (Fixture *fixture, gint n)
{
  gint wanted = g_atomic_int_get (&fixture->n_answered) + n;

  while (g_atomic_int_get (&fixture->n_answered) < wanted)
    g_thread_yield ();
}

/* Test that clients notice nothing of restarts but that they wait: no connection is refused or broken
 * off. */
static void
test_restart (Fixture *fixture, gconstpointer data)
{
  GThread *clients[4];

  start (fixture);
  wait_until_ready (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = g_thread_new ("client", ask_in_thread, fixture);

  for (guint i = 0; i < N_RESTARTS; i++)
    {
      wait_for_answers (fixture, 50);
      stop (fixture);
      start (fixture);
      wait_until_ready (fixture);
    }

  wait_for_answers (fixture, 50);
  g_atomic_int_set (&fixture->is_over, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    g_thread_join (clients[i]);
  g_test_message ("%d requests over %d restarts", g_atomic_int_get (&fixture->n_answered), N_RESTARTS);
}

/* Test with systemd's own program, which starts the server at the first connection. */
static void
test_systemd (Fixture *fixture, gconstpointer data)
{
  g_autofree char *activate = g_find_program_in_path ("systemd-socket-activate");
  g_autofree char *address = NULL;
  const char *wrapper[] = { activate, "-l", NULL, NULL };

  if (activate == NULL)
    {
      g_test_skip ("systemd-socket-activate is not installed");
      return;
    }

  /* It wants to bind the port itself; nobody else is given one that was just closed. */
  close (fixture->fd);
  fixture->fd = -1;
  address = g_strdup_printf ("127.0.0.1:%u", fixture->port);
  wrapper[2] = address;
  fixture->server = spawn (fixture, wrapper, -1);
  for (gboolean is_there = FALSE; !is_there;)
    {
      struct sockaddr_in native = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
                                    .sin_port = htons (fixture->port) };
      int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

      is_there = connect (fd, (struct sockaddr *) &native, sizeof native) == 0;
      close (fd);
      g_thread_yield ();
    }

  exchange (fixture->port);
  wait_until_ready (fixture);
  exchange (fixture->port);
}

#define ADD(path, func)                                                                             \
  g_test_add ("/integration/socket-activation/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("refused", test_refused);
  ADD ("early", test_early);
  ADD ("restart", test_restart);
  ADD ("systemd", test_systemd);

  return g_test_run ();
}
