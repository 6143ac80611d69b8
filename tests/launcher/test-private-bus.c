/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "launcher/dou-bus-config.h"
#include "launcher/dou-domain.h"
#include "launcher/dou-private-bus.h"
#include "launcher/dou-process.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"

/* Everything that a path may have and that XML, D-Bus addresses, key files or the shell make something
 * else of. */
#define NASTY_NAME "a 'b' \"c\" <&amp;> %41 $HOME \\s;#抖"

typedef struct
{
  DouReaper *reaper;           /* (owned) */
  char *root;                  /* (owned) */
  char *runtime_dir;           /* (owned) */
  DouPrivateBus *bus;          /* (owned) */
  GDBusConnection *connection; /* (owned) (nullable) of somebody else */
  gboolean died;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->reaper = dou_reaper_new (&error);
  g_assert_no_error (error);
  fixture->root = dou_test_dir_new ();
  fixture->runtime_dir = g_build_filename (fixture->root, NASTY_NAME, NULL);
  g_assert_cmpint (g_mkdir (fixture->runtime_dir, 0700), ==, 0);
}

static void
start (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult *kept = NULL;
  g_autoptr (GError) error = NULL;

  dou_private_bus_start_async (fixture->bus, -1, NULL, dou_test_wait_result_cb, &kept);
  result = dou_test_wait_result (&kept);
  dou_private_bus_start_finish (fixture->bus, result, &error);
  g_assert_no_error (error);

  fixture->connection = g_dbus_connection_new_for_address_sync (
      dou_private_bus_get_address (fixture->bus),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);
  g_assert_no_error (error);
}

/* A bus that knows the stand-in as org.doutok.User. */
static void
make_bus (Fixture *fixture)
{
  g_autofree char *stand_in = g_test_build_filename (G_TEST_BUILT, "launcher", "stand-in", NULL);
  g_autofree char *program = g_build_filename (fixture->runtime_dir, "doutok-user", NULL);
  const char *const argv[] = { program, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (symlink (stand_in, program), ==, 0);
  fixture->bus = dou_private_bus_new (fixture->reaper, fixture->runtime_dir, &error);
  g_assert_no_error (error);
  dou_private_bus_add_service (fixture->bus, "org.doutok.User", argv, &error);
  g_assert_no_error (error);
}

static void
stop (Fixture *fixture)
{
  g_autoptr (GAsyncResult) stopped = NULL;
  g_autoptr (GAsyncResult) drained = NULL;
  GAsyncResult *kept = NULL;
  g_autoptr (GError) error = NULL;

  if (fixture->connection != NULL && !g_dbus_connection_is_closed (fixture->connection))
    g_dbus_connection_close_sync (fixture->connection, NULL, NULL);

  dou_private_bus_stop_async (fixture->bus, dou_test_wait_result_cb, &kept);
  stopped = dou_test_wait_result (&kept);
  g_assert_true (dou_private_bus_stop_finish (fixture->bus, stopped, &error));

  /* The services have ended by themselves: nothing is left to be killed. */
  dou_reaper_drain_async (fixture->reaper, 20000, dou_test_wait_result_cb, &kept);
  drained = dou_test_wait_result (&kept);
  g_assert_true (dou_reaper_drain_finish (fixture->reaper, drained, &error));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->connection);
  if (fixture->bus != NULL)
    g_assert_finalize_object (fixture->bus);
  g_assert_finalize_object (fixture->reaper);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_free (fixture->runtime_dir);
  dou_test_dir_remove (fixture->root);
}

static GVariant *
call_bus (Fixture *fixture, const char *method, GVariant *arguments, GError **error)
{
  return g_dbus_connection_call_sync (fixture->connection, "org.freedesktop.DBus",
                                      "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
                                      arguments, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
}

static char *
probe (Fixture *fixture, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult *kept = NULL;

  dou_domain_probe_async (&dou_domains[0], fixture->connection, NULL, dou_test_wait_result_cb,
                          &kept);
  result = dou_test_wait_result (&kept);
  return dou_domain_probe_finish (result, error);
}

/* Test that a socket whose path would be too long is refused before anything is made. */
static void
test_too_deep (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = g_strnfill (100, 'x');
  g_autofree char *deep = g_build_filename (fixture->root, name, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (deep, 0700), ==, 0);
  g_assert_null (dou_private_bus_new (fixture->reaper, deep, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER);
  g_assert_nonnull (strstr (error->message, deep));
  g_assert_cmpint (g_rmdir (deep), ==, 0);
}

/* Test that the bus gives out no name that is not DouTok's, and that nobody may change the environment
 * of the services. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  static const char *const foreign[] = { "org.example.X", "org.doutokx.Y", "org.freedesktop.X" };
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  make_bus (fixture);
  start (fixture);

  for (gsize i = 0; i < G_N_ELEMENTS (foreign); i++)
    {
      g_assert_null (
          call_bus (fixture, "RequestName", g_variant_new ("(su)", foreign[i], 0), &error));
      g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
      g_clear_error (&error);
    }

  g_assert_null (call_bus (fixture, "UpdateActivationEnvironment",
                           g_variant_new_parsed ("({'LD_PRELOAD': '/x.so'},)"), &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
  g_clear_error (&error);

  reply = call_bus (fixture, "RequestName", g_variant_new ("(su)", "org.doutok.Test", 0), &error);
  g_assert_no_error (error);
  stop (fixture);
}

static void
exited_cb (DouProcess *process, int wait_status, gpointer user_data)
{
  *(int *) user_data = wait_status;
}

static gboolean
has_status (gpointer data)
{
  return *(int *) data >= 0;
}

static gboolean
can_list_as (Fixture *fixture, const char *user)
{
  g_autofree char *uid = g_strconcat ("--reuid=", user, NULL);
  const char *const argv[] = { "setpriv",
                               uid,
                               "--clear-groups",
                               "busctl",
                               "--address",
                               dou_private_bus_get_address (fixture->bus),
                               "list",
                               NULL };
  int null_fd = g_open ("/dev/null", O_WRONLY | O_CLOEXEC, 0);
  g_autoptr (DouProcess) process = NULL;
  g_autoptr (GError) error = NULL;
  int wait_status = -1;

  process = dou_process_spawn (fixture->reaper, argv, NULL, 0, null_fd, &error);
  g_assert_no_error (error);
  g_signal_connect (process, "exited", G_CALLBACK (exited_cb), &wait_status);
  dou_test_wait_until (has_status, &wait_status);
  g_close (null_fd, NULL);
  return WIFEXITED (wait_status) && WEXITSTATUS (wait_status) == 0;
}

/* Test that another user is not let in, even one who can reach the socket. */
static void
test_other_user (Fixture *fixture, gconstpointer data)
{
  g_autofree char *socket = g_build_filename (fixture->runtime_dir, "bus", NULL);

  if (geteuid () != 0)
    {
      g_test_skip ("only root can become another user");
      return;
    }

  make_bus (fixture);
  start (fixture);
  g_assert_cmpint (g_chmod (fixture->root, 0755), ==, 0);
  g_assert_cmpint (g_chmod (fixture->runtime_dir, 0755), ==, 0);
  g_assert_cmpint (g_chmod (socket, 0666), ==, 0);

  g_assert_false (can_list_as (fixture, "65534"));
  g_assert_true (can_list_as (fixture, "0"));
  stop (fixture);
}

static guint32
get_service_pid (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_bus (fixture, "GetConnectionUnixProcessID",
                                         g_variant_new ("(s)", "org.doutok.User"), &error);
  guint32 pid;

  g_assert_no_error (error);
  g_variant_get (reply, "(u)", &pid);
  return pid;
}

/* Test that a call starts the service, whatever is in the path of its program, and that another call
 * starts it again after it was killed. */
static void
test_activation (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autoptr (GError) error = NULL;
  guint32 pid;

  make_bus (fixture);
  start (fixture);

  first = probe (fixture, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (first, ==, "stand-in 1, schema 7");

  pid = get_service_pid (fixture);
  g_assert_cmpint (kill ((pid_t) pid, SIGKILL), ==, 0);
  while (second == NULL)
    {
      /* A call that reaches the bus before the death of the service is lost with it. */
      g_clear_error (&error);
      second = probe (fixture, &error);
    }
  g_assert_cmpuint (get_service_pid (fixture), !=, pid);
  stop (fixture);
}

/* Test that a service which cannot start is an error that says so. */
static void
test_failing_service (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("DOU_STAND_IN", "doutok-user=fail", TRUE);
  make_bus (fixture);
  start (fixture);
  g_unsetenv ("DOU_STAND_IN");

  g_assert_null (probe (fixture, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_true (g_str_has_prefix (error->message, "doutok-user: "));
  stop (fixture);
}

static void
died_cb (DouPrivateBus *bus, int wait_status, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (WIFSIGNALED (wait_status));
  fixture->died = TRUE;
}

static gboolean
has_died (gpointer data)
{
  return ((Fixture *) data)->died;
}

/* Test that the death of the bus is told, and that its services do not outlive it. */
static void
test_death (Fixture *fixture, gconstpointer data)
{
  g_autofree char *database = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  guint32 pid;

  make_bus (fixture);
  start (fixture);
  database = probe (fixture, &error);
  g_assert_no_error (error);
  reply = call_bus (fixture, "GetConnectionUnixProcessID",
                    g_variant_new ("(s)", "org.freedesktop.DBus"), &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(u)", &pid);

  g_signal_connect (fixture->bus, "died", G_CALLBACK (died_cb), fixture);
  g_assert_cmpint (kill ((pid_t) pid, SIGKILL), ==, 0);
  dou_test_wait_until (has_died, fixture);
  stop (fixture);
}

/* Test that the socket and the files of a killed run do not prevent the next one, and that nothing is
 * left in the directory in the end. */
static void
test_leftovers (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->runtime_dir, "bus", NULL);
  g_autofree char *services = g_build_filename (fixture->runtime_dir, "services", NULL);
  g_autofree char *service = g_build_filename (services, "org.doutok.Old.service", NULL);
  g_autofree char *program = g_build_filename (fixture->runtime_dir, "doutok-user", NULL);
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (name.sun_path, path, sizeof name.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &name, sizeof name), ==, 0);
  g_close (fd, NULL);
  g_assert_cmpint (g_mkdir (services, 0700), ==, 0);
  g_assert_true (g_file_set_contents (service, "[D-BUS Service]\n", -1, NULL));

  make_bus (fixture);
  g_assert_false (g_file_test (service, G_FILE_TEST_EXISTS));
  start (fixture);
  stop (fixture);

  g_assert_finalize_object (fixture->bus);
  fixture->bus = NULL;
  g_assert_cmpint (g_unlink (program), ==, 0);
  g_assert_cmpint (g_rmdir (fixture->runtime_dir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/launcher/private-bus/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("too-deep", test_too_deep);
  ADD ("refused", test_refused);
  ADD ("other-user", test_other_user);
  ADD ("activation", test_activation);
  ADD ("failing-service", test_failing_service);
  ADD ("death", test_death);
  ADD ("leftovers", test_leftovers);
#undef ADD

  return g_test_run ();
}
