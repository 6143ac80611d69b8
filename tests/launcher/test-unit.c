/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-test-dir.h"

/* What systemd-analyze may give the unit, in tenths: below it calls a service well protected. Measured
 * 1.4 with systemd 252. */
#define MAX_EXPOSURE "--threshold=15"

typedef struct
{
  char *directory; /* (owned) */
  char *unit;      /* (owned) as installed, but for the program, which is that of the build tree */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *source
      = g_test_build_filename (G_TEST_BUILT, "..", "data", "doutok.service", NULL);
  g_autofree char *program
      = g_test_build_filename (G_TEST_BUILT, "..", "src", "launcher", "doutok", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GString) adapted = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->unit = g_build_filename (fixture->directory, "doutok.service", NULL);
  g_assert_true (g_file_get_contents (source, &text, NULL, NULL));
  adapted = g_string_new (text);
  g_assert_cmpuint (g_string_replace (adapted, DOU_BINDIR "/doutok", program, 0), ==, 2);
  g_assert_true (g_file_set_contents (fixture->unit, adapted->str, -1, NULL));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_free (fixture->unit);
  dou_test_dir_remove (fixture->directory);
}

/* Returns whether the test can go on. */
static gboolean
analyze (const char *const *arguments, const char *unit, char **errors)
{
  g_autofree char *program = g_find_program_in_path ("systemd-analyze");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  if (program == NULL)
    {
      g_test_skip ("systemd-analyze is not installed");
      return FALSE;
    }

  g_strv_builder_add (builder, program);
  g_strv_builder_addv (builder, (const char **) arguments);
  g_strv_builder_add (builder, unit);
  argv = g_strv_builder_end (builder);
  g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, errors, &status,
                &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (status, &error);
  g_test_message ("%s%s", output, *errors);
  g_assert_no_error (error);
  return TRUE;
}

/* Test that systemd understands every line. It says what it does not, but with exit status 0. */
static void
test_verify (Fixture *fixture, gconstpointer data)
{
  static const char *const arguments[] = { "verify", NULL };
  g_autofree char *errors = NULL;

  if (analyze (arguments, fixture->unit, &errors))
    g_assert_cmpstr (errors, ==, "");
}

/* Test that the unit stays as protected as it was. */
static void
test_exposure (Fixture *fixture, gconstpointer data)
{
  static const char *const arguments[] = { "security", "--offline=true", MAX_EXPOSURE, NULL };
  g_autofree char *errors = NULL;

  analyze (arguments, fixture->unit, &errors);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/launcher/unit/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("verify", test_verify);
  ADD ("exposure", test_exposure);
#undef ADD

  return g_test_run ();
}
