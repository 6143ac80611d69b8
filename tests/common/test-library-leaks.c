/* SPDX-License-Identifier: Apache-2.0 */

/* That LeakSanitizer tells what DouTok would forget, though not what libgda does: dou-test-library-leaks.c. */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include <libgda/libgda.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>

#include "lib/dou-test-dir.h"

#define TOLD "*LeakSanitizer: detected memory leaks*"

static gsize forgotten; /* an address that LeakSanitizer does not take for one */

static GdaConnection *
open_connection (const char *directory)
{
  g_autofree char *where = g_strdup_printf ("DB_DIR=%s;DB_NAME=x", directory);
  g_autoptr (GError) error = NULL;
  GdaConnection *connection = gda_connection_open_from_string ("SQLite", where, NULL,
                                                               GDA_CONNECTION_OPTIONS_NONE, &error);

  g_assert_no_error (error);
  return connection;
}

static GdaDataModel *
select_one (GdaConnection *connection)
{
  GdaSqlParser *parser = gda_connection_create_parser (connection);
  GdaStatement *statement;
  g_autoptr (GError) error = NULL;
  GdaDataModel *model;

  statement = gda_sql_parser_parse_string (parser, "SELECT 1", NULL, &error);
  g_assert_no_error (error);
  model = gda_connection_statement_execute_select (connection, statement, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (statement);
  g_object_unref (parser);
  return model;
}

/* In a function of its own, so that nothing of it is found on the stack when it has been swept. */
static void __attribute__ ((noinline))
use_connection (const char *directory, gboolean forget)
{
  GdaConnection *connection = open_connection (directory);
  GdaDataModel *model = select_one (connection);

  if (forget)
    forgotten = ~GPOINTER_TO_SIZE (g_malloc (64));
  g_object_unref (model);
  gda_connection_close (connection);
  g_object_unref (connection);
}

static void __attribute__ ((noinline))
sweep_stack (void)
{
  char stack[64 * 1024];

  explicit_bzero (stack, sizeof stack);
}

/* Test that no leak is told of a connection that is used and closed, and one of what DouTok forgets meanwhile. */
static void
test_told (gconstpointer data)
{
  gboolean forget = GPOINTER_TO_INT (data);

  if (g_test_subprocess ())
    {
      g_autofree char *directory = dou_test_dir_new ();
      int told;

      gda_init ();
      /* What is told here is not the run's. */
      __sanitizer_set_report_fd (GSIZE_TO_POINTER (STDERR_FILENO));
      use_connection (directory, forget);
      sweep_stack ();
      told = __lsan_do_recoverable_leak_check ();
      dou_test_dir_remove (g_steal_pointer (&directory));
      _exit (told != 0);
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  if (forget)
    {
      g_test_trap_assert_failed ();
      g_test_trap_assert_stderr (TOLD);
    }
  else
    {
      g_test_trap_assert_passed ();
      g_test_trap_assert_stderr_unmatched (TOLD);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/common/library-leaks/theirs", GINT_TO_POINTER (FALSE), test_told);
  g_test_add_data_func ("/common/library-leaks/ours", GINT_TO_POINTER (TRUE), test_told);

  return g_test_run ();
}
