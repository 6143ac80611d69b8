/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <glib/gstdio.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-surroundings.h"

/* Two gateways, so that what one does must hold on the other. */
#define WORKERS "2"
#define READY "doutok: ready on "

struct _DouTestDaemon
{
  GSubprocess *process; /* (owned) (nullable) while it runs */
  char *directory;      /* (owned) (nullable) holds the two others and the configuration, and goes with us */
  char *state_dir;      /* (owned) */
  char *runtime_dir;    /* (owned) */
  char *config;         /* (owned) path of the configuration file */
  char *url;            /* (owned) (nullable) without a trailing slash */
  DouDatabaseAddress *database; /* (owned) (nullable) on the engine under test; NULL if another's */
  char *bucket; /* (owned) (nullable) where its media are, if not in its state directory */
};

/**
 * dou_test_daemon_get_program:
 *
 * Returns: (transfer full): path of doutok(1)
 */
char *
dou_test_daemon_get_program (void)
{
  const char *bindir = g_getenv ("DOUTOK_TEST_BINDIR");

  if (bindir != NULL && *bindir != '\0')
    return g_build_filename (bindir, "doutok", NULL);

  return g_test_build_filename (G_TEST_BUILT, "..", "src", "launcher", "doutok", NULL);
}

static DouTestDaemon *
daemon_new (const char *config, DouTestDaemon *neighbour)
{
  DouTestDaemon *self = g_new0 (DouTestDaemon, 1);
  g_autofree char *surroundings = NULL;
  g_autofree char *database = NULL;
  g_autofree char *text = NULL;

  self->directory = dou_test_dir_new ();
  self->state_dir = g_build_filename (self->directory, "state", NULL);
  self->runtime_dir = g_build_filename (self->directory, "run", NULL);
  self->config = g_build_filename (self->directory, "doutok.conf", NULL);
  if (neighbour == NULL)
    {
      self->database = dou_test_engine_create (self->state_dir, "all");
      self->bucket = dou_test_surroundings_make_bucket ();
    }
  surroundings = dou_test_surroundings_get_config (self->bucket);
  database = dou_test_engine_get_config (neighbour != NULL ? neighbour->database : self->database);
  text = g_strconcat (config != NULL ? config : "", "\n", database, "\n", surroundings, NULL);
  g_assert_true (g_file_set_contents (self->config, text, -1, NULL));
  dou_test_daemon_start (self);
  return self;
}

/**
 * dou_test_daemon_new:
 * @config: (nullable): text of a configuration file, without the group of the database
 *
 * Returns: (transfer full): a server that runs, on the database engine and with the surroundings under test
 */
DouTestDaemon *
dou_test_daemon_new (const char *config)
{
  return daemon_new (config, NULL);
}

/**
 * dou_test_daemon_new_beside:
 * @neighbour: a server, made by dou_test_daemon_new() on an engine that is a server; outlives this one
 * @config: (nullable): text of a configuration file, without the group of the database
 *
 * Returns: (transfer full): a second node that runs, with directories of its own, on the database
 *   of @neighbour
 */
DouTestDaemon *
dou_test_daemon_new_beside (DouTestDaemon *neighbour, const char *config)
{
  g_assert_true (dou_test_engine_is_server ());
  g_assert_nonnull (neighbour->database);

  return daemon_new (config, neighbour);
}

/**
 * dou_test_daemon_new_in:
 * @directory: where its state, its runtime directory and its configuration are, or are to be, and stay
 * @database: (nullable): on a server, and stays there, too; else it has files
 * @config: (nullable): text of a configuration file, without the group of the database
 *
 * Returns: (transfer full): a server that does not run yet
 */
DouTestDaemon *
dou_test_daemon_new_in (const char *directory, const DouDatabaseAddress *database,
                        const char *config)
{
  DouTestDaemon *self = g_new0 (DouTestDaemon, 1);
  g_autofree char *group = database != NULL ? dou_test_engine_get_config (database) : NULL;
  g_autofree char *text = NULL;

  self->state_dir = g_build_filename (directory, "state", NULL);
  self->runtime_dir = g_build_filename (directory, "run", NULL);
  self->config = g_build_filename (directory, "doutok.conf", NULL);
  text = g_strdup_printf ("%s\n[server]\nstate-dir=%s\n%s", config != NULL ? config : "",
                          self->state_dir, group != NULL ? group : "");
  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (self->config, text, -1, NULL));
  return self;
}

void
dou_test_daemon_free (DouTestDaemon *self)
{
  if (self->process != NULL)
    dou_test_daemon_stop (self);
  g_clear_pointer (&self->database, dou_test_engine_remove);
  g_clear_pointer (&self->directory, dou_test_dir_remove);
  g_free (self->state_dir);
  g_free (self->runtime_dir);
  g_free (self->config);
  g_free (self->url);
  g_free (self->bucket);
  g_free (self);
}

/* Reads the line that says where the server is. Its end without one says that it could not start. */
static char *
read_ready_line (GInputStream *output)
{
  g_autoptr (GString) line = g_string_new (NULL);
  char c;

  while (g_input_stream_read (output, &c, 1, NULL, NULL) == 1 && c != '\n')
    g_string_append_c (line, c);

  if (!g_str_has_prefix (line->str, READY))
    g_error ("The server did not start: “%s”", line->str);

  return g_strdup (line->str + strlen (READY));
}

/* A test that fails aborts, and must not leave its server behind. */
static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/**
 * dou_test_daemon_start:
 * @self: a server that does not run
 *
 * Starts it, on the state that is there, and waits until it is ready.
 */
void
dou_test_daemon_start (DouTestDaemon *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autofree char *program = dou_test_daemon_get_program ();

  g_assert_null (self->process);

  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  self->process = g_subprocess_launcher_spawn (
      launcher, &error, program, "serve", "--config", self->config, "--listen",
      "127.0.0.1:0", "--state-dir", self->state_dir, "--runtime-dir", self->runtime_dir, "--workers",
      WORKERS, NULL);
  g_assert_no_error (error);

  g_free (self->url);
  self->url = read_ready_line (g_subprocess_get_stdout_pipe (self->process));
}

/**
 * dou_test_daemon_stop:
 * @self: a server that runs
 *
 * Ends it as systemd does, and asserts that it ended well and left nothing behind.
 */
void
dou_test_daemon_stop (DouTestDaemon *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *bus = g_build_filename (self->runtime_dir, "bus", NULL);

  g_subprocess_send_signal (self->process, SIGTERM);
  g_subprocess_wait (self->process, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (self->process));
  g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 0);
  g_assert_false (g_file_test (bus, G_FILE_TEST_EXISTS));
  g_clear_object (&self->process);
}

static gboolean
is_running (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *stat = NULL;
  const char *end;

  if (!g_file_get_contents (path, &stat, NULL, NULL))
    return FALSE;

  end = strrchr (stat, ')');
  return end != NULL && end[2] != 'Z';
}

/* The whole tree below a process, itself left out. */
static void
collect_descendants (GPid pid, GArray *pids)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", pid, pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) children = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;

  children = g_strsplit (text, " ", -1);
  for (char **child = children; *child != NULL; child++)
    {
      GPid descendant = (GPid) g_ascii_strtoll (*child, NULL, 10);

      if (descendant <= 0)
        continue;
      g_array_append_val (pids, descendant);
      collect_descendants (descendant, pids);
    }
}

/* Asserts that processes which nobody ends any more end by themselves. */
static void
wait_until_gone (GArray *pids)
{
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  for (guint i = 0; i < pids->len; i++)
    while (is_running (g_array_index (pids, GPid, i)))
      {
        g_assert_cmpint (g_get_monotonic_time (), <, deadline);
        g_usleep (1000);
      }
}

/**
 * dou_test_daemon_kill:
 * @self: a server that runs
 *
 * Ends `doutok serve` with SIGKILL, and asserts that every process of its tree follows by itself within
 * ten seconds.
 */
void
dou_test_daemon_kill (DouTestDaemon *self)
{
  g_autoptr (GArray) pids = g_array_new (FALSE, FALSE, sizeof (GPid));

  collect_descendants (dou_test_daemon_get_pid (self), pids);
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
  wait_until_gone (pids);
}

/**
 * dou_test_daemon_kill_bus:
 * @self: a server that runs
 *
 * Ends its dbus-daemon with SIGKILL, and asserts that everything follows, `doutok serve` with a failure, so
 * that systemd starts it again.
 */
void
dou_test_daemon_kill_bus (DouTestDaemon *self)
{
  g_autoptr (GArray) pids = g_array_new (FALSE, FALSE, sizeof (GPid));
  g_autoptr (GArray) buses = dou_test_daemon_get_child_pids (self, "dbus-daemon");
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (buses->len, ==, 1);
  collect_descendants (dou_test_daemon_get_pid (self), pids);
  kill (g_array_index (buses, GPid, 0), SIGKILL);
  g_subprocess_wait (self->process, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (self->process));
  g_assert_cmpint (g_subprocess_get_exit_status (self->process), !=, 0);
  g_clear_object (&self->process);
  wait_until_gone (pids);
}

const char *
dou_test_daemon_get_url (DouTestDaemon *self)
{
  return self->url;
}

/**
 * dou_test_daemon_get_config:
 * @self: a server
 *
 * Returns: (transfer none): path of its configuration file
 */
const char *
dou_test_daemon_get_config (DouTestDaemon *self)
{
  return self->config;
}

const char *
dou_test_daemon_get_state_dir (DouTestDaemon *self)
{
  return self->state_dir;
}

const char *
dou_test_daemon_get_runtime_dir (DouTestDaemon *self)
{
  return self->runtime_dir;
}

GPid
dou_test_daemon_get_pid (DouTestDaemon *self)
{
  return (GPid) g_ascii_strtoll (g_subprocess_get_identifier (self->process), NULL, 10);
}

/**
 * dou_test_daemon_run_sql:
 * @self: a server, made by dou_test_daemon_new()
 * @domain: that has the tables
 * @sql: one statement
 */
void
dou_test_daemon_run_sql (DouTestDaemon *self, const char *domain, const char *sql)
{
  g_autoptr (DouDatabaseAddress) file = NULL;

  if (!dou_test_engine_is_server ())
    file = dou_database_address_new_in (self->state_dir, domain);
  dou_test_engine_run (file != NULL ? file : self->database, sql);
}

/* The files of any kind below @path, beginning with @prefix; directories, too, below work/. */
static void
add_files (GPtrArray *names, const char *path, const char *prefix)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      g_autofree char *full_name = g_build_filename (prefix, name, NULL);
      gboolean is_directory = g_file_test (child, G_FILE_TEST_IS_DIR);

      if (is_directory)
        add_files (names, child, full_name);
      if (!is_directory || g_str_has_prefix (full_name, "work/"))
        g_ptr_array_add (names, g_steal_pointer (&full_name));
    }
}

/**
 * dou_test_daemon_list_media:
 * @self: a server
 *
 * Returns: (transfer full) (element-type utf8): the names of all its media, as `video/ab/1.mp4`, wherever they
 *   are; and of what it is working on, below `work/`
 */
GPtrArray *
dou_test_daemon_list_media (DouTestDaemon *self)
{
  GPtrArray *names = self->bucket != NULL ? dou_test_surroundings_list (self->bucket)
                                          : g_ptr_array_new_with_free_func (g_free);
  g_autofree char *media = g_build_filename (self->state_dir, "media", NULL);

  add_files (names, media, "");
  return names;
}

/**
 * dou_test_daemon_connect_bus:
 * @self: a server that runs
 *
 * Returns: (transfer full): a connection to its private bus
 */
GDBusConnection *
dou_test_daemon_connect_bus (DouTestDaemon *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *address = g_strdup_printf ("unix:path=%s/bus", self->runtime_dir);
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

/**
 * dou_test_daemon_recount:
 * @self: a server that runs
 *
 * Returns: how many counters of the social domain were wrong; they are right now
 */
gint64
dou_test_daemon_recount (DouTestDaemon *self)
{
  g_autoptr (GDBusConnection) connection = dou_test_daemon_connect_bus (self);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      connection, "org.doutok.Social", "/org/doutok/Social", "org.doutok.Social1", "Recount", NULL,
      G_VARIANT_TYPE ("(x)"), G_DBUS_CALL_FLAGS_NONE, 20000, NULL, &error);
  gint64 n_differences;

  g_assert_no_error (error);
  g_variant_get (reply, "(x)", &n_differences);
  g_dbus_connection_close_sync (connection, NULL, NULL);
  return n_differences;
}

/**
 * dou_test_daemon_get_service_pid:
 * @self: a server that runs
 * @bus_name: of a service
 *
 * Returns: its process, or 0 if it does not run at this moment
 */
GPid
dou_test_daemon_get_service_pid (DouTestDaemon *self, const char *bus_name)
{
  g_autoptr (GDBusConnection) connection = dou_test_daemon_connect_bus (self);
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "GetConnectionUnixProcessID", g_variant_new ("(s)", bus_name), NULL, G_DBUS_CALL_FLAGS_NONE,
      5000, NULL, NULL);
  guint32 pid = 0;

  if (reply != NULL)
    g_variant_get (reply, "(u)", &pid);
  g_dbus_connection_close_sync (connection, NULL, NULL);
  return (GPid) pid;
}

/**
 * dou_test_daemon_get_child_pids:
 * @self: a server that runs
 * @name: (nullable): of a program, such as `doutok-gateway`
 *
 * Returns: (transfer full) (element-type GPid): the processes of its tree that run @name, or all
 */
GArray *
dou_test_daemon_get_child_pids (DouTestDaemon *self, const char *name)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (GPid));
  GArray *found = g_array_new (FALSE, FALSE, sizeof (GPid));

  collect_descendants (dou_test_daemon_get_pid (self), all);
  for (guint i = 0; i < all->len; i++)
    {
      GPid pid = g_array_index (all, GPid, i);
      g_autofree char *path = g_strdup_printf ("/proc/%d/exe", pid);
      g_autofree char *program = g_file_read_link (path, NULL);
      g_autofree char *base = program != NULL ? g_path_get_basename (program) : NULL;

      if (name == NULL || g_strcmp0 (base, name) == 0)
        g_array_append_val (found, pid);
    }

  return found;
}
