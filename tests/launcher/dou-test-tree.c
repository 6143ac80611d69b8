/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "launcher/dou-test-tree.h"
#include "lib/dou-test-dir.h"

/* How long a process that has lost everything may take to end on a busy machine. */
#define END_TIMEOUT_MS 20000

static void
install (const char *source, const char *target)
{
  g_autofree char *directory = g_path_get_dirname (target);
  g_autoptr (GFile) from = g_file_new_for_path (source);
  g_autoptr (GFile) to = g_file_new_for_path (target);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  g_file_copy (from, to, G_FILE_COPY_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

/**
 * dou_test_tree_get_stand_in:
 * @self: a tree
 * @name: of a program
 *
 * Returns: (transfer full): the path of the stand-in for it
 */
char *
dou_test_tree_get_stand_in (DouTestTree *self, const char *name)
{
  return g_build_filename (self->path, DOU_LIBEXECDIR, name, NULL);
}

/**
 * dou_test_tree_new:
 *
 * Returns: (transfer full): a new tree, in a directory whose name has characters that want quoting
 */
DouTestTree *
dou_test_tree_new (void)
{
  static const char *const programs[]
      = { "doutok-user",   "doutok-video", "doutok-social",
          "doutok-chat", "doutok-sandbox", "doutok-gateway" };
  DouTestTree *self = g_new0 (DouTestTree, 1);
  g_autofree char *root = dou_test_dir_new ();
  g_autofree char *doutok
      = g_test_build_filename (G_TEST_BUILT, "..", "src", "launcher", "doutok", NULL);
  g_autofree char *stand_in = g_test_build_filename (G_TEST_BUILT, "launcher", "stand-in", NULL);

  self->path = g_build_filename (root, "a 'b'", NULL);
  self->doutok = g_build_filename (self->path, DOU_BINDIR, "doutok", NULL);
  self->state_dir = g_build_filename (self->path, "state", NULL);
  self->runtime_dir = g_build_filename (self->path, "run", NULL);

  install (doutok, self->doutok);
  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *target = dou_test_tree_get_stand_in (self, programs[i]);

      install (stand_in, target);
    }

  return self;
}

void
dou_test_tree_free (DouTestTree *self)
{
  dou_test_dir_remove (g_path_get_dirname (self->path));
  g_free (self->path);
  g_free (self->doutok);
  g_free (self->state_dir);
  g_free (self->runtime_dir);
  g_free (self);
}

static void
close_fd (gpointer data)
{
  g_close (*(int *) data, NULL);
}

/**
 * dou_test_tree_open_processes:
 * @self: a tree
 *
 * Every process that has a path of the tree in its command line, dbus-daemon among them.
 *
 * Returns: (transfer full) (element-type int): descriptors of these processes
 */
GArray *
dou_test_tree_open_processes (DouTestTree *self)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;

  g_array_set_clear_func (found, close_fd);
  while ((name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "cmdline", NULL);
      g_autofree char *text = NULL;
      gsize length;
      int fd;

      if (!g_ascii_isdigit (*name) || !g_file_get_contents (path, &text, &length, NULL)
          || memmem (text, length, self->path, strlen (self->path)) == NULL)
        continue;

      fd = (int) syscall (SYS_pidfd_open, atoi (name), 0);
      if (fd >= 0)
        g_array_append_val (found, fd);
    }

  return found;
}

/**
 * dou_test_tree_wait_for_processes:
 * @processes: (element-type int): of dou_test_tree_open_processes()
 *
 * Waits for the end of all of them.
 */
void
dou_test_tree_wait_for_processes (GArray *processes)
{
  for (guint i = 0; i < processes->len; i++)
    {
      struct pollfd poller = { .fd = g_array_index (processes, int, i), .events = POLLIN };

      g_assert_cmpint (poll (&poller, 1, END_TIMEOUT_MS), ==, 1);
    }
}

/**
 * dou_test_run_new:
 * @tree: a tree
 * @stand_in: (nullable): how the stand-ins behave, see stand-in.c
 * @...: arguments, ended by %NULL
 *
 * Starts doutok(1), which is killed if it has not ended when the run is freed.
 *
 * Returns: (transfer full): the run
 */
DouTestRun *
dou_test_run_new (DouTestTree *tree, const char *stand_in, ...)
{
  DouTestRun *self = g_new0 (DouTestRun, 1);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  va_list arguments;

  g_ptr_array_add (argv, tree->doutok);
  va_start (arguments, stand_in);
  do
    g_ptr_array_add (argv, va_arg (arguments, char *));
  while (g_ptr_array_index (argv, argv->len - 1) != NULL);
  va_end (arguments);

  g_subprocess_launcher_setenv (launcher, "HOME", tree->path, TRUE);
  g_subprocess_launcher_unsetenv (launcher, "XDG_DATA_HOME");
  g_subprocess_launcher_unsetenv (launcher, "XDG_RUNTIME_DIR");
  g_subprocess_launcher_unsetenv (launcher, "LANGUAGE");
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  if (stand_in != NULL)
    g_subprocess_launcher_setenv (launcher, "DOU_STAND_IN", stand_in, TRUE);

  self->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata,
                                                &error);
  g_assert_no_error (error);
  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  self->errors = g_object_ref (g_subprocess_get_stderr_pipe (self->process));
  return self;
}

void
dou_test_run_free (DouTestRun *self)
{
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_object_unref (self->output);
  g_object_unref (self->errors);
  g_object_unref (self->process);
  g_free (self);
}

/**
 * dou_test_run_read_line:
 * @self: a run
 *
 * Returns: (transfer full): the next line of its standard output
 */
char *
dou_test_run_read_line (DouTestRun *self)
{
  g_autoptr (GError) error = NULL;
  char *line = g_data_input_stream_read_line (self->output, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (line);
  return line;
}

static char *
read_all (GInputStream *stream)
{
  g_autoptr (GOutputStream) text = g_memory_output_stream_new_resizable ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  g_output_stream_splice (text, stream, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error);
  g_assert_no_error (error);
  bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (text));
  return g_strndup (g_bytes_get_size (bytes) > 0 ? g_bytes_get_data (bytes, NULL) : "",
                    g_bytes_get_size (bytes));
}

/**
 * dou_test_run_wait:
 * @self: a run
 * @output: (out) (optional): the rest of its standard output
 * @errors: (out) (optional): its standard error, and that of what it started
 *
 * Returns: its exit status, or minus the signal that ended it
 */
int
dou_test_run_wait (DouTestRun *self, char **output, char **errors)
{
  g_autofree char *all_output = read_all (G_INPUT_STREAM (self->output));
  g_autofree char *all_errors = read_all (self->errors);
  g_autoptr (GError) error = NULL;

  g_subprocess_wait (self->process, NULL, &error);
  g_assert_no_error (error);

  g_test_message ("%s", all_errors);
  if (output != NULL)
    *output = g_steal_pointer (&all_output);
  if (errors != NULL)
    *errors = g_steal_pointer (&all_errors);
  return g_subprocess_get_if_exited (self->process) ? g_subprocess_get_exit_status (self->process)
                                                    : -g_subprocess_get_term_sig (self->process);
}

/**
 * dou_test_connect:
 * @uri: `http://ADDRESS:PORT`
 *
 * Returns: (transfer full) (nullable): a connection, made directly, whatever proxies are configured
 */
GSocketConnection *
dou_test_connect (const char *uri)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  g_socket_client_set_enable_proxy (client, FALSE);
  return g_socket_client_connect_to_uri (client, uri, 80, NULL, NULL);
}
