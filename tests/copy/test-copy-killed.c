/* SPDX-License-Identifier: Apache-2.0 */

/* Copies that are killed, each time at another step, and go on. */

#include "config.h"

#include <signal.h>

#include "copy-fixture.h"
#include "lib/dou-test-dir.h"

/* Where the subprocess finds what it is told: a key file. The variable is set before there are threads. */
#define ORDERS "DOU_TEST_ORDERS"
#define GROUP "orders"

#define ANY_STEP ""

/* Rows of a batch: so few that there are many steps. */
#define N_ROWS 2

typedef struct
{
  char *kind; /* (owned) of the step before which to end */
  int left;   /* of these */
} Orders;

static void
progress_cb (const char *what, guint64 done, guint64 total, gpointer user_data)
{
  Orders *orders = user_data;

  if (*orders->kind != '\0' && !g_str_equal (orders->kind, what))
    return;
  if (--orders->left == 0)
    raise (SIGKILL);
}

static DouConfig *
load_config (GKeyFile *file, const char *key)
{
  g_autofree char *path = g_key_file_get_string (file, GROUP, key, NULL);
  DouConfig *config = dou_config_new ();
  g_autoptr (GError) error = NULL;

  dou_config_load_file (config, path, &error);
  g_assert_no_error (error);
  return config;
}

static void
run_subprocess (void)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (DouConfig) from = NULL;
  g_autoptr (DouConfig) to = NULL;
  g_autoptr (GPtrArray) lines = NULL;
  g_autoptr (GError) error = NULL;
  Orders orders;
  DouCopyRequest request = { .n_rows = N_ROWS, .progress = progress_cb, .user_data = &orders };

  /* Only the other test runs this one. */
  if (!g_test_subprocess ())
    return;

  g_assert_true (g_key_file_load_from_file (file, g_getenv (ORDERS), G_KEY_FILE_NONE, NULL));
  orders.kind = g_key_file_get_string (file, GROUP, "kind", NULL);
  orders.left = g_key_file_get_integer (file, GROUP, "step", NULL);
  request.from = from = load_config (file, "from");
  request.to = to = load_config (file, "to");
  lines = dou_copy (&request, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < lines->len; i++)
    g_assert_true (((DouCopyLine *) g_ptr_array_index (lines, i))->is_equal);
  g_free (orders.kind);
}

static void
save_config (CopyFixture *fixture, DouConfig *config, GKeyFile *orders, const char *key)
{
  g_autofree char *path = g_build_filename (fixture->directory, key, NULL);
  g_autoptr (GError) error = NULL;

  dou_config_save (config, path, &error);
  g_assert_no_error (error);
  g_key_file_set_string (orders, GROUP, key, path);
}

/* Returns whether the copy came to its end. */
static gboolean
run_until (GKeyFile *orders, int step, const char *kind)
{
  g_autoptr (GError) error = NULL;

  g_key_file_set_string (orders, GROUP, "kind", kind);
  g_key_file_set_integer (orders, GROUP, "step", step);
  g_key_file_save_to_file (orders, g_getenv (ORDERS), &error);
  g_assert_no_error (error);
  g_test_trap_subprocess ("/copy/killed/subprocess", 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  return g_test_trap_has_passed ();
}

/* Copies, with interruptions, and asserts that there were some. */
static void
copy_with_kills (CopyFixture *fixture, DouConfig *from, DouConfig *to)
{
  static const int steps[] = { 1, 2, 3, 5, 8, 13, 21 };
  g_autoptr (GKeyFile) orders = g_key_file_new ();

  save_config (fixture, from, orders, "from");
  save_config (fixture, to, orders, "to");
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    g_assert_false (run_until (orders, steps[i], ANY_STEP));

  g_assert_false (run_until (orders, 1, "comparison"));
  for (int i = 1; i <= 2; i++)
    g_assert_false (run_until (orders, i, "completion"));
  if (!run_until (orders, 3, "completion"))
    g_assert_true (run_until (orders, G_MAXINT, ANY_STEP));

  g_assert_false (dou_copy_is_unfinished (dou_config_get_string (to, DOU_CONFIG_STATE_DIR)));
}

/* Test that a copy that was killed again and again has every row once. */
static void
test_killed (CopyFixture *fixture, gconstpointer data)
{
  copy_with_kills (fixture, fixture->first, fixture->middle);
  copy_with_kills (fixture, fixture->middle, fixture->last);
  copy_fixture_assert_same_files (fixture->first, fixture->last);
}

int
main (int argc, char **argv)
{
  g_autofree char *directory = g_getenv (ORDERS) == NULL ? dou_test_dir_new () : NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  if (directory != NULL)
    {
      g_autofree char *path = g_build_filename (directory, "orders", NULL);

      g_setenv (ORDERS, path, TRUE);
    }

  g_test_add ("/copy/killed", CopyFixture, NULL, copy_fixture_set_up, test_killed,
              copy_fixture_tear_down);
  g_test_add_func ("/copy/killed/subprocess", run_subprocess);

  status = g_test_run ();
  if (directory != NULL)
    dou_test_dir_remove (g_steal_pointer (&directory));
  return status;
}
