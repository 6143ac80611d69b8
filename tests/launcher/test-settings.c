/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-status.h"
#include "launcher/dou-settings.h"
#include "lib/dou-test-dir.h"

typedef struct
{
  char *directory;      /* (owned) */
  char *path;           /* (owned) of a configuration file */
  DouSettings settings; /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->path = g_build_filename (fixture->directory, "doutok.conf", NULL);
  fixture->settings.config = g_strdup (fixture->path);
  g_assert_true (g_file_set_contents (fixture->path, "", -1, NULL));

  g_setenv ("HOME", fixture->directory, TRUE);
  g_unsetenv ("STATE_DIRECTORY");
  g_unsetenv ("RUNTIME_DIRECTORY");
  g_unsetenv ("XDG_RUNTIME_DIR");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_settings_clear (&fixture->settings);
  g_free (fixture->path);
  dou_test_dir_remove (fixture->directory);
}

static void
write_config (Fixture *fixture, const char *text)
{
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
}

static DouConfig *
merge (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  DouConfig *config = dou_settings_merge (&fixture->settings, &error);

  g_assert_no_error (error);
  return config;
}

/* Test that a bad file is refused with its name, the group and the key. */
static void
test_bad_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  write_config (fixture, "[server]\nworkers=many\n");
  g_assert_null (dou_settings_merge (&fixture->settings, &error));
  g_assert_nonnull (strstr (error->message, fixture->path));
  g_assert_nonnull (strstr (error->message, "[server] workers"));
}

/* Test that a file which was asked for must be there. */
static void
test_absent_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_free (fixture->settings.config);
  fixture->settings.config = g_strdup ("/nonexistent/doutok.conf");
  g_assert_null (dou_settings_merge (&fixture->settings, &error));
  g_assert_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_UNREADABLE);
}

/* Test that a bad option is refused with its name. */
static void
test_bad_option (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->settings.workers = g_strdup ("17");
  g_assert_null (dou_settings_merge (&fixture->settings, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER);
  g_assert_true (g_str_has_prefix (error->message, "--workers: "));
}

/* Test that the command line goes before the file, and the file before the defaults. */
static void
test_precedence (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouConfig) config = NULL;
  const char *const listen[] = { "127.0.0.1:1", "[::1]:2", NULL };

  write_config (fixture,
                "[server]\nlisten=10.0.0.1:80\nworkers=3\nstate-dir=/file\n[node]\nid=4\n");
  fixture->settings.listen = g_strdupv ((char **) listen);
  fixture->settings.state_dir = g_strdup ("/option");
  config = merge (fixture);

  g_assert_cmpstrv (dou_config_get_list (config, DOU_CONFIG_LISTEN), listen);
  g_assert_cmpstr (dou_config_get_string (config, DOU_CONFIG_STATE_DIR), ==, "/option");
  g_assert_cmpint (dou_config_get_int64 (config, DOU_CONFIG_WORKERS), ==, 3);
  g_assert_cmpint (dou_config_get_int64 (config, DOU_CONFIG_NODE_ID), ==, 4);
  g_assert_cmpint (dou_config_get_int64 (config, DOU_CONFIG_MAX_PASSWORD), ==, 32);
}

/* Test that directories are made absolute. */
static void
test_relative (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouConfig) config = NULL;
  g_autofree char *expected = g_canonicalize_filename ("below/here", NULL);

  fixture->settings.state_dir = g_strdup ("below/./here");
  fixture->settings.runtime_dir = g_strdup ("below/here/");
  config = merge (fixture);
  g_assert_cmpstr (dou_config_get_string (config, DOU_CONFIG_STATE_DIR), ==, expected);
  g_assert_cmpstr (dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR), ==, expected);
}

/* Test where a server lives that was told nothing: systemd's directories, else those of the session,
 * else a temporary one. */
static void
test_default_directories (Fixture *fixture, gconstpointer data)
{
  g_autofree char *own_state = g_build_filename (g_get_user_data_dir (), "doutok", NULL);
  DouConfig *config = merge (fixture);

  g_assert_cmpstr (dou_config_get_string (config, DOU_CONFIG_STATE_DIR), ==, own_state);
  g_assert_cmpstr (dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR), ==, "");
  g_object_unref (config);

  g_setenv ("XDG_RUNTIME_DIR", "/run/user/7", TRUE);
  config = merge (fixture);
  g_assert_cmpstr (dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR), ==,
                   "/run/user/7/doutok");
  g_object_unref (config);

  g_setenv ("STATE_DIRECTORY", "/var/lib/doutok:/var/lib/second", TRUE);
  g_setenv ("RUNTIME_DIRECTORY", "/run/doutok", TRUE);
  config = merge (fixture);
  g_assert_cmpstr (dou_config_get_string (config, DOU_CONFIG_STATE_DIR), ==, "/var/lib/doutok");
  g_assert_cmpstr (dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR), ==, "/run/doutok");
  g_object_unref (config);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/launcher/settings/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("bad-file", test_bad_file);
  ADD ("absent-file", test_absent_file);
  ADD ("bad-option", test_bad_option);
  ADD ("precedence", test_precedence);
  ADD ("relative", test_relative);
  ADD ("default-directories", test_default_directories);
#undef ADD

  return g_test_run ();
}
