/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>
#include <unistd.h>

#include <glib-unix.h>
#include <sys/prctl.h>

#include "lib/dou-test-bus.h"
#include "lib/dou-test-dir.h"

/* The descriptor on which the daemon finds the pipe for its address. */
#define ADDRESS_FD 3

static const char configuration[]
    = "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\""
      " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
      "<busconfig>\n"
      "  <listen>unix:path=%s/bus</listen>\n"
      "  <auth>EXTERNAL</auth>\n"
      "  <policy context=\"default\">\n"
      "    <allow send_destination=\"*\" eavesdrop=\"true\"/>\n"
      "    <allow eavesdrop=\"true\"/>\n"
      "    <allow own=\"*\"/>\n"
      "  </policy>\n"
      "</busconfig>\n";

struct _DouTestBus
{
  GSubprocess *daemon; /* (owned) */
  char *directory;     /* (owned) */
  char *address;       /* (owned) */
};

static void
child_setup_cb (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static char *
read_line (int fd)
{
  g_autoptr (GIOChannel) channel = g_io_channel_unix_new (fd);
  g_autoptr (GError) error = NULL;
  char *line = NULL;

  g_io_channel_set_close_on_unref (channel, TRUE);
  g_assert_cmpint (g_io_channel_read_line (channel, &line, NULL, NULL, &error), ==,
                   G_IO_STATUS_NORMAL);
  g_assert_no_error (error);
  return g_strchomp (line);
}

/**
 * dou_test_bus_new:
 *
 * Returns: (transfer full): a bus that can be connected to
 */
DouTestBus *
dou_test_bus_new (void)
{
  DouTestBus *self = g_new0 (DouTestBus, 1);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *text = NULL;
  g_autofree char *file = NULL;
  g_autofree char *file_argument = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  self->directory = dou_test_dir_new ();
  text = g_strdup_printf (configuration, self->directory);
  file = g_build_filename (self->directory, "bus.conf", NULL);
  file_argument = g_strconcat ("--config-file=", file, NULL);
  g_assert_true (g_file_set_contents (file, text, -1, NULL));

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_subprocess_launcher_take_fd (launcher, fds[1], ADDRESS_FD);
  g_subprocess_launcher_set_child_setup (launcher, child_setup_cb, NULL, NULL);
  self->daemon = g_subprocess_launcher_spawn (launcher, &error, "dbus-daemon", file_argument,
                                              "--nofork", "--nopidfile", "--nosyslog",
                                              "--print-address=" G_STRINGIFY (ADDRESS_FD), NULL);
  g_assert_no_error (error);
  g_subprocess_launcher_close (launcher);
  self->address = read_line (fds[0]);
  return self;
}

/**
 * dou_test_bus_free:
 * @self: (transfer full): a bus, killed unless it is dead already
 */
void
dou_test_bus_free (DouTestBus *self)
{
  dou_test_bus_kill (self);
  g_clear_object (&self->daemon);
  g_clear_pointer (&self->directory, dou_test_dir_remove);
  g_free (self->address);
  g_free (self);
}

/**
 * dou_test_bus_get_address:
 * @self: a bus
 *
 * Returns: (transfer none): its D-Bus address
 */
const char *
dou_test_bus_get_address (DouTestBus *self)
{
  return self->address;
}

/**
 * dou_test_bus_connect:
 * @self: a bus
 *
 * Returns: (transfer full): a new connection, as another process would have it; to be closed with
 *   dou_test_bus_disconnect()
 */
GDBusConnection *
dou_test_bus_connect (DouTestBus *self)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
      self->address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

/**
 * dou_test_bus_disconnect:
 * @connection: (transfer full): a connection
 */
void
dou_test_bus_disconnect (GDBusConnection *connection)
{
  g_dbus_connection_close_sync (connection, NULL, NULL);
  g_object_unref (connection);
}

/**
 * dou_test_bus_kill:
 * @self: a bus
 *
 * Kills the daemon, as a crash would. A second call does nothing.
 */
void
dou_test_bus_kill (DouTestBus *self)
{
  g_subprocess_force_exit (self->daemon);
  g_assert_true (g_subprocess_wait (self->daemon, NULL, NULL));
}
