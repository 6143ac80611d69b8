/* SPDX-License-Identifier: Apache-2.0 */

/* Databases of the engine under test. Servers are told not to wait for the disk: whether they keep
 * what they have committed is not what is tested here. */

#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <gio/gio.h>

#include "common/dou-database-transaction.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-server-files.h"

/* Servers refuse to run as root; this is nobody, with the group nogroup. */
#define UNPRIVILEGED 65534

#define USER "doutok"

/* Everything that must be quoted in one of the places it goes through. */
#define PASSWORD "p'a\"s\\s;w=o%r d"

/* A machine that does many things at once may need some of it. */
#define START_TIMEOUT (60 * G_TIME_SPAN_SECOND)

static GSubprocess *server;  /* (owned) (nullable) */
static char *server_dir;     /* (owned) (nullable) */
static guint n_databases;

/**
 * dou_test_engine_get_name:
 *
 * Returns: (transfer none): the engine's name in the configuration
 */
const char *
dou_test_engine_get_name (void)
{
  const char *name = g_getenv ("DOUTOK_TEST_ENGINE");

  return name != NULL && *name != '\0' ? name : "sqlite";
}

gboolean
dou_test_engine_is_server (void)
{
  return !g_str_equal (dou_test_engine_get_name (), "sqlite");
}

/**
 * dou_test_engine_get_title:
 *
 * Returns: (transfer none): how the engine's own name begins
 */
const char *
dou_test_engine_get_title (void)
{
  if (!dou_test_engine_is_server ())
    return "SQLite 3.";

  return g_str_equal (dou_test_engine_get_name (), "postgresql") ? "PostgreSQL 1" : "MariaDB 1";
}

static gboolean
is_postgresql (void)
{
  return g_str_equal (dou_test_engine_get_name (), "postgresql");
}

/* Runs in the child. A test that fails aborts, and must not leave its server behind. */
static void
become_server (gpointer user_data)
{
  if (geteuid () == 0 && (setgid (UNPRIVILEGED) != 0 || setuid (UNPRIVILEGED) != 0))
    _exit (EXIT_FAILURE);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocess *
spawn (const char *const *argv, const char *input)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autofree char *log = g_build_filename (server_dir, "log", NULL);
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_subprocess_launcher_set_child_setup (launcher, become_server, NULL, NULL);
  g_subprocess_launcher_set_stderr_file_path (launcher, log);
  g_subprocess_launcher_set_cwd (launcher, server_dir);
  if (input != NULL)
    g_subprocess_launcher_set_stdin_file_path (launcher, input);
  process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  return process;
}

static void
run_to_end (const char *const *argv, const char *input)
{
  g_autoptr (GSubprocess) process = spawn (argv, input);
  g_autoptr (GError) error = NULL;

  if (!g_subprocess_wait_check (process, NULL, &error))
    {
      g_autofree char *path = g_build_filename (server_dir, "log", NULL);
      g_autofree char *log = NULL;

      g_file_get_contents (path, &log, NULL, NULL);
      g_error ("%s: %s\n%s", argv[0], error->message, log);
    }
}

static void
start_server (void)
{
  g_auto (GStrv) argv = dou_test_server_files_get_command (dou_test_engine_get_name (), server_dir);
  gint64 deadline = g_get_monotonic_time () + START_TIMEOUT;

  server = spawn ((const char *const *) argv, NULL);
  while (!dou_test_server_files_is_ready (dou_test_engine_get_name (), server_dir))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      /* PostgreSQL refuses as long as a process of the one that was killed holds its memory. */
      if (g_subprocess_get_identifier (server) == NULL)
        {
          g_object_unref (server);
          server = spawn ((const char *const *) argv, NULL);
        }
      g_usleep (1000);
    }
}

static DouDatabaseAddress *
get_address (const char *name, const char *user, const char *password)
{
  g_autofree char *host = dou_test_server_files_get_host (dou_test_engine_get_name (), server_dir);

  return dou_database_address_new_for_server (dou_test_engine_get_name (), host,
                                              is_postgresql () ? 5432 : 3306, name, user, password);
}

/* As the one who may make databases. */
static void
administer (const char *sql)
{
  g_autoptr (DouDatabaseAddress) address
      = is_postgresql () ? get_address ("postgres", "postgres", PASSWORD)
                         : get_address ("mysql", "root", NULL);

  dou_test_engine_run (address, sql);
}

/* What PostgreSQL has in the kernel's shared memory it removes itself, or nobody. */
static void
shut_down_postgresql (void)
{
  if (g_subprocess_get_identifier (server) == NULL)
    return;

  g_subprocess_send_signal (server, SIGQUIT);
  g_subprocess_wait (server, NULL, NULL);
}

static void
end_server (void)
{
  if (server == NULL)
    return;

  if (is_postgresql ())
    shut_down_postgresql ();
  dou_test_engine_kill ();
  dou_test_dir_remove (g_steal_pointer (&server_dir));
}

static void
ensure_server (void)
{
  g_autofree char *input = NULL;
  g_auto (GStrv) argv = NULL;

  if (server != NULL)
    return;

  server_dir = dou_test_dir_new ();
  input = dou_test_server_files_write_input (dou_test_engine_get_name (), server_dir, PASSWORD);
  if (geteuid () == 0)
    {
      g_assert_cmpint (chown (server_dir, UNPRIVILEGED, UNPRIVILEGED), ==, 0);
      g_assert_cmpint (chown (input, UNPRIVILEGED, UNPRIVILEGED), ==, 0);
    }

  argv = dou_test_server_files_get_set_up_command (dou_test_engine_get_name (), server_dir, input);
  run_to_end ((const char *const *) argv, input);
  start_server ();
  atexit (end_server);

  if (is_postgresql ())
    {
      administer ("CREATE ROLE " USER " LOGIN PASSWORD 'p''a\"s\\s;w=o%r d'");
    }
  else
    {
      administer ("CREATE USER " USER "@localhost IDENTIFIED BY 'p\\'a\"s\\\\s;w=o%r d'");
      administer ("GRANT ALL PRIVILEGES ON `test%`.* TO " USER "@localhost");
    }
}

/**
 * dou_test_engine_create:
 * @directory: for an SQLite file
 * @domain: that gives the file its name
 *
 * Returns: (transfer full): the address of a new database, which is empty; of SQLite, one that is not
 *   there yet
 */
DouDatabaseAddress *
dou_test_engine_create (const char *directory, const char *domain)
{
  g_autofree char *name = NULL;
  g_autofree char *sql = NULL;

  if (!dou_test_engine_is_server ())
    return dou_database_address_new_in (directory, domain);

  ensure_server ();
  name = g_strdup_printf ("test%u", n_databases++);
  sql = g_strconcat ("CREATE DATABASE ", name, is_postgresql () ? " OWNER " USER : NULL, NULL);
  administer (sql);
  return get_address (name, USER, PASSWORD);
}

/**
 * dou_test_engine_remove:
 * @address: (transfer full): of dou_test_engine_create(); nobody is connected any more
 *
 * Removes the database from the server. A file stays, for whoever removes its directory.
 */
void
dou_test_engine_remove (DouDatabaseAddress *address)
{
  if (!dou_database_address_is_file (address))
    {
      g_autofree char *sql = g_strconcat ("DROP DATABASE ", address->name, NULL);

      administer (sql);
    }
  dou_database_address_free (address);
}

/**
 * dou_test_engine_run:
 * @address: a database
 * @sql: one statement
 *
 * Runs the statement over a connection of its own.
 */
void
dou_test_engine_run (const DouDatabaseAddress *address, const char *sql)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouTransaction) transaction = dou_transaction_open (address, &error);

  g_assert_no_error (error);
  dou_transaction_run_sql (transaction, sql, &error);
  g_assert_no_error (error);
}

/**
 * dou_test_engine_get_config:
 * @address: a database
 *
 * Returns: (transfer full): the part of a configuration file that leads to it; of SQLite, nothing
 */
char *
dou_test_engine_get_config (const DouDatabaseAddress *address)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  if (dou_database_address_is_file (address))
    return g_strdup ("");

  g_key_file_set_string (file, "database", "engine", address->engine);
  g_key_file_set_string (file, "database", "host", address->host);
  g_key_file_set_integer (file, "database", "port", (int) address->port);
  g_key_file_set_string (file, "database", "name", address->name);
  g_key_file_set_string (file, "database", "user", address->user);
  g_key_file_set_string (file, "database", "password", address->password);
  return g_key_file_to_data (file, NULL, NULL);
}

/**
 * dou_test_engine_signal:
 * @number: of a signal
 *
 * Sends it to the server: for PostgreSQL, to all of its processes.
 */
void
dou_test_engine_signal (int number)
{
  GPid pid = (GPid) g_ascii_strtoll (g_subprocess_get_identifier (server), NULL, 10);
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", pid, pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) children = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  children = g_strsplit (text, " ", -1);
  kill (pid, number);
  for (gsize i = 0; children[i] != NULL; i++)
    {
      GPid child = (GPid) g_ascii_strtoll (children[i], NULL, 10);

      if (child > 0)
        kill (child, number);
    }
}

/**
 * dou_test_engine_kill:
 *
 * Ends the server without a farewell, and all that it has started.
 */
void
dou_test_engine_kill (void)
{
  if (g_subprocess_get_identifier (server) == NULL)
    return;

  dou_test_engine_signal (SIGKILL);
  g_subprocess_wait (server, NULL, NULL);
}

/**
 * dou_test_engine_restart:
 *
 * Starts the server after dou_test_engine_kill().
 */
void
dou_test_engine_restart (void)
{
  dou_test_server_files_clean (dou_test_engine_get_name (), server_dir);
  g_clear_object (&server);
  start_server ();
}
