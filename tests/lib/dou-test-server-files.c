/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "lib/dou-test-server-files.h"

/* Debian's places. */
#define POSTGRESQL_ROOT "/usr/lib/postgresql"
#define MARIADB_PROGRAM "/usr/sbin/mariadbd"
#define MARIADB_SQL "/usr/share/mysql"

static gboolean
is_postgresql (const char *engine)
{
  return g_str_equal (engine, "postgresql");
}

/* The newest version that is installed. */
static char *
find_postgresql_program (const char *name)
{
  g_autoptr (GDir) directory = g_dir_open (POSTGRESQL_ROOT, 0, NULL);
  guint64 newest = 0;
  const char *version;

  while (directory != NULL && (version = g_dir_read_name (directory)) != NULL)
    newest = MAX (newest, g_ascii_strtoull (version, NULL, 10));

  return g_strdup_printf (POSTGRESQL_ROOT "/%" G_GUINT64_FORMAT "/bin/%s", newest, name);
}

static char *
get_data_dir (const char *directory)
{
  return g_build_filename (directory, "data", NULL);
}

static char *
get_tmp_dir (const char *directory)
{
  return g_build_filename (directory, "tmp", NULL);
}

/**
 * dou_test_server_files_write_input:
 * @engine: an engine
 * @directory: of the server
 * @password: of its user, as far as it is made when the server is set up
 *
 * Returns: (transfer full): path of a file that setting it up needs
 */
char *
dou_test_server_files_write_input (const char *engine, const char *directory, const char *password)
{
  char *path = g_build_filename (directory, "input", NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  if (is_postgresql (engine))
    {
      g_string_append (text, password);
    }
  else
    {
      static const char *const parts[] = { "mysql_system_tables.sql", "mysql_system_tables_data.sql" };

      g_string_append (text, "CREATE DATABASE mysql;\nUSE mysql;\n");
      for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
        {
          g_autofree char *part_path = g_build_filename (MARIADB_SQL, parts[i], NULL);
          g_autofree char *part = NULL;

          g_assert_true (g_file_get_contents (part_path, &part, NULL, NULL));
          g_string_append (text, part);
        }
    }

  g_assert_true (g_file_set_contents (path, text->str, -1, NULL));
  return path;
}

static void
add (GStrvBuilder *argv, const char *first, ...)
{
  va_list arguments;

  va_start (arguments, first);
  for (const char *argument = first; argument != NULL; argument = va_arg (arguments, const char *))
    g_strv_builder_add (argv, argument);
  va_end (arguments);
}

static void
add_joined (GStrvBuilder *argv, const char *option, const char *value)
{
  g_autofree char *joined = g_strconcat (option, value, NULL);

  g_strv_builder_add (argv, joined);
}

/* A server that starts removes the temporary tables in its directory for them: in one that it shared with
 * the server of another test, also those that are in use. */
static void
add_mariadb (GStrvBuilder *argv, const char *directory)
{
  g_autofree char *data_dir = get_data_dir (directory);
  g_autofree char *tmp_dir = get_tmp_dir (directory);

  add (argv, MARIADB_PROGRAM, "--no-defaults", "--innodb-flush-log-at-trx-commit=2",
       "--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--innodb-log-file-size=8M",
       "--innodb-buffer-pool-size=32M", "--performance-schema=OFF", "--skip-log-bin", NULL);
  add_joined (argv, "--datadir=", data_dir);
  add_joined (argv, "--tmpdir=", tmp_dir);
}

/**
 * dou_test_server_files_get_set_up_command:
 * @engine: an engine
 * @directory: of the server
 * @input: of dou_test_server_files_write_input(), which the program also reads
 *
 * Returns: (transfer full): what makes the server's files
 */
char **
dou_test_server_files_get_set_up_command (const char *engine, const char *directory,
                                          const char *input)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();

  if (is_postgresql (engine))
    {
      g_autofree char *program = find_postgresql_program ("initdb");
      g_autofree char *data_dir = get_data_dir (directory);

      add (argv, program, "-D", data_dir, "-U", "postgres", "-E", "UTF8", "--locale=C", "-N",
           "--no-instructions", "--auth=scram-sha-256", NULL);
      add_joined (argv, "--pwfile=", input);
    }
  else
    {
      g_autofree char *data_dir = get_data_dir (directory);
      g_autofree char *tmp_dir = get_tmp_dir (directory);

      g_assert_cmpint (g_mkdir (data_dir, 0777), ==, 0);
      g_assert_cmpint (g_chmod (data_dir, 0777), ==, 0);
      g_assert_cmpint (g_mkdir (tmp_dir, 0777), ==, 0);
      g_assert_cmpint (g_chmod (tmp_dir, 0777), ==, 0);
      add_mariadb (argv, directory);
      add (argv, "--bootstrap", NULL);
    }

  return g_strv_builder_end (argv);
}

/**
 * dou_test_server_files_get_command:
 * @engine: an engine
 * @directory: of the server
 *
 * Returns: (transfer full): what starts the server
 */
char **
dou_test_server_files_get_command (const char *engine, const char *directory)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();

  if (is_postgresql (engine))
    {
      g_autofree char *program = find_postgresql_program ("postgres");
      g_autofree char *data_dir = get_data_dir (directory);

      add (argv, program, "-D", data_dir, "-k", directory, "-c", "listen_addresses=", "-c",
           "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200", NULL);
    }
  else
    {
      g_autofree char *socket = dou_test_server_files_get_host (engine, directory);

      add_mariadb (argv, directory);
      add (argv, "--skip-networking", NULL);
      add_joined (argv, "--socket=", socket);
    }

  return g_strv_builder_end (argv);
}

/**
 * dou_test_server_files_get_host:
 * @engine: an engine
 * @directory: of the server
 *
 * Returns: (transfer full): `host` of #DouDatabaseAddress
 */
char *
dou_test_server_files_get_host (const char *engine, const char *directory)
{
  return is_postgresql (engine) ? g_strdup (directory)
                                : g_build_filename (directory, "socket", NULL);
}

/* PostgreSQL says so in a file; before that it takes connections only to refuse them. */
static gboolean
is_postgresql_ready (const char *directory)
{
  g_autofree char *path = g_build_filename (directory, "data", "postmaster.pid", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && strstr (text, "\nready") != NULL;
}

static gboolean
is_socket_open (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean is_open;

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  is_open = connect (fd, (struct sockaddr *) &address, sizeof address) == 0;
  close (fd);
  return is_open;
}

gboolean
dou_test_server_files_is_ready (const char *engine, const char *directory)
{
  g_autofree char *host = dou_test_server_files_get_host (engine, directory);

  return is_postgresql (engine) ? is_postgresql_ready (directory) : is_socket_open (host);
}

/**
 * dou_test_server_files_clean:
 * @engine: an engine
 * @directory: of a server that was killed
 *
 * Removes what would be taken for a server that is ready.
 */
void
dou_test_server_files_clean (const char *engine, const char *directory)
{
  g_autofree char *path = is_postgresql (engine)
                              ? g_build_filename (directory, "data", "postmaster.pid", NULL)
                              : dou_test_server_files_get_host (engine, directory);

  g_remove (path);
}
