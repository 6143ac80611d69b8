/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <glib/gstdio.h>

#include "common/dou-config.h"

typedef struct
{
  DouConfig *config; /* (owned) */
  char *path;        /* (owned) a file to write settings into */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int fd = g_file_open_tmp ("doutok-conf-XXXXXX", &fixture->path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  fixture->config = dou_config_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_free (fixture->path);
  g_assert_finalize_object (fixture->config);
}

static void
load (Fixture *fixture, const char *text, GError **error)
{
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
  g_assert_cmpint (dou_config_load_file (fixture->config, fixture->path, error), ==,
                   error == NULL || *error == NULL);
}

/* Test that what is not understood is refused, with file, group and key. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  const struct
  {
    const char *text;
    gint code;
    const char *named;
  } cases[] = {
    { "[sever]\nworkers=1\n", DOU_CONFIG_ERROR_UNKNOWN_KEY, "[sever]" },
    { "[server]\nworker=1\n", DOU_CONFIG_ERROR_UNKNOWN_KEY, "[server] worker" },
    { "[server]\nworkers=two\n", DOU_CONFIG_ERROR_BAD_VALUE, "[server] workers" },
    { "[server]\nworkers=17\n", DOU_CONFIG_ERROR_BAD_VALUE, "[server] workers" },
    { "[server]\nworkers=-1\n", DOU_CONFIG_ERROR_BAD_VALUE, "[server] workers" },
    { "[limits]\nrate-limits=yes\n", DOU_CONFIG_ERROR_BAD_VALUE, "[limits] rate-limits" },
    { "[limits]\nmax-upload=1TB\n", DOU_CONFIG_ERROR_BAD_VALUE, "[limits] max-upload" },
    { "[limits]\nmax-upload=99999999999999GiB\n", DOU_CONFIG_ERROR_BAD_VALUE, "[limits] max-upload" },
    { "[video]\nmax-duration=\n", DOU_CONFIG_ERROR_BAD_VALUE, "[video] max-duration" },
    { "[limits]\nrate-login=10\n", DOU_CONFIG_ERROR_BAD_VALUE, "[limits] rate-login" },
    { "[limits]\nrate-login=0/s\n", DOU_CONFIG_ERROR_BAD_VALUE, "[limits] rate-login" },
    { "[limits]\nrate-login=1/week\n", DOU_CONFIG_ERROR_BAD_VALUE, "[limits] rate-login" },
    { "[limits]\nrate-login=1/s burst\n", DOU_CONFIG_ERROR_BAD_VALUE, "[limits] rate-login" },
    { "[limits]\nrate-login=1/s burst 0\n", DOU_CONFIG_ERROR_BAD_VALUE, "[limits] rate-login" },
    { "[limits]\nrate-login=1/s burst 2 3\n", DOU_CONFIG_ERROR_BAD_VALUE, "[limits] rate-login" },
    { "[limits]\nrate-login=\n", DOU_CONFIG_ERROR_BAD_VALUE, "[limits] rate-login" },
    { "[log]\nlevel=loud\n", DOU_CONFIG_ERROR_BAD_VALUE, "[log] level" },
    { "[log]\nlevel=info, video=loud\n", DOU_CONFIG_ERROR_BAD_VALUE, "[log] level" },
    { "[log]\nlevel=info, film=debug\n", DOU_CONFIG_ERROR_BAD_VALUE, "[log] level" },
    { "[log]\nlevel=\n", DOU_CONFIG_ERROR_BAD_VALUE, "[log] level" },
    { "[trace]\nsample=1.01\n", DOU_CONFIG_ERROR_BAD_VALUE, "[trace] sample" },
    { "[trace]\nsample=-0.5\n", DOU_CONFIG_ERROR_BAD_VALUE, "[trace] sample" },
    { "[trace]\nsample=1e-3\n", DOU_CONFIG_ERROR_BAD_VALUE, "[trace] sample" },
    { "[trace]\nsample=0.1.2\n", DOU_CONFIG_ERROR_BAD_VALUE, "[trace] sample" },
    { "[trace]\nsample=.\n", DOU_CONFIG_ERROR_BAD_VALUE, "[trace] sample" },
    { "[trace]\nsample=\n", DOU_CONFIG_ERROR_BAD_VALUE, "[trace] sample" },
    { "[trace]\nsample=99999999999999999999999999\n", DOU_CONFIG_ERROR_BAD_VALUE, "[trace] sample" },
    { "[trace]\nendpoint=collector:4318\n", DOU_CONFIG_ERROR_BAD_VALUE, "[trace] endpoint" },
    { "[trace]\nendpoint=/v1/traces\n", DOU_CONFIG_ERROR_BAD_VALUE, "[trace] endpoint" },
    { "[trace]\nendpoint=http://a:b@c/\n", DOU_CONFIG_ERROR_BAD_VALUE, "[trace] endpoint" },
    { "[log]\nformat=xml\n", DOU_CONFIG_ERROR_BAD_VALUE, "[log] format" },
    { "[redis]\nurl=127.0.0.1:6379\n", DOU_CONFIG_ERROR_BAD_VALUE, "[redis] url" },
    { "[redis]\nurl=redis://:open-sesame@host/x\n", DOU_CONFIG_ERROR_BAD_VALUE, "[redis] url = …" },
    { "[cache]\nlife=0\n", DOU_CONFIG_ERROR_BAD_VALUE, "[cache] life" },
    { "[server]\npublic-url=a\\qb\n", DOU_CONFIG_ERROR_BAD_VALUE, "[server] public-url" },
    { "nonsense\n", DOU_CONFIG_ERROR_UNREADABLE, "" },
    { "[ser\xffver]\n", DOU_CONFIG_ERROR_UNREADABLE, "UTF-8" },
    { "[server]\nwor\xc3kers=1\n", DOU_CONFIG_ERROR_UNREADABLE, "UTF-8" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      load (fixture, cases[i].text, &error);
      g_assert_error (error, DOU_CONFIG_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, fixture->path));
      g_assert_nonnull (strstr (error->message, cases[i].named));
      g_assert_null (strstr (error->message, "open-sesame"));
    }
}

/* Test that an absent file is an error, not an empty one. */
static void
test_absent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (dou_config_load_file (fixture->config, "/nonexistent/doutok.conf", &error));
  g_assert_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_UNREADABLE);
}

/* Test every form of value. */
static void
test_values (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  load (fixture,
        "[server]\nlisten = 127.0.0.1:1; [::1]:2\nworkers=3\n"
        "[limits]\nmax-upload=64MiB\nrate-limits=off\n"
        "[video]\nmax-duration = 2h\n[user]\ntoken-lifetime=90\n[log]\nlevel=warning\n",
        &error);
  g_assert_no_error (error);

  g_assert_cmpstr (dou_config_get_list (fixture->config, DOU_CONFIG_LISTEN)[0], ==, "127.0.0.1:1");
  g_assert_cmpstr (dou_config_get_list (fixture->config, DOU_CONFIG_LISTEN)[1], ==, "[::1]:2");
  g_assert_null (dou_config_get_list (fixture->config, DOU_CONFIG_LISTEN)[2]);
  g_assert_cmpint (dou_config_get_int64 (fixture->config, DOU_CONFIG_WORKERS), ==, 3);
  g_assert_cmpint (dou_config_get_int64 (fixture->config, DOU_CONFIG_MAX_UPLOAD), ==, 64 << 20);
  g_assert_false (dou_config_get_boolean (fixture->config, DOU_CONFIG_RATE_LIMITS));
  g_assert_cmpint (dou_config_get_int64 (fixture->config, DOU_CONFIG_MAX_DURATION), ==, 7200);
  g_assert_cmpint (dou_config_get_int64 (fixture->config, DOU_CONFIG_TOKEN_LIFETIME), ==, 90);
  g_assert_cmpint (dou_config_get_int64 (fixture->config, DOU_CONFIG_LOG_LEVEL), ==, 2);
}

static void
assert_rate (Fixture *fixture, const char *text, gint64 interval, gint64 burst)
{
  g_autoptr (GError) error = NULL;
  DouRate rate;

  dou_config_set (fixture->config, DOU_CONFIG_RATE_LOGIN, text, &error);
  g_assert_no_error (error);
  rate = dou_config_get_rate (fixture->config, DOU_CONFIG_RATE_LOGIN);
  g_assert_cmpint (rate.interval, ==, interval);
  g_assert_cmpint (rate.burst, ==, burst);
}

/* Test every form of a rate. */
static void
test_rates (Fixture *fixture, gconstpointer data)
{
  assert_rate (fixture, "off", 0, 0);
  assert_rate (fixture, "10/s", G_USEC_PER_SEC / 10, 10);
  assert_rate (fixture, "30/min", 2 * G_USEC_PER_SEC, 30);
  assert_rate (fixture, "6/h burst 100", 600 * G_USEC_PER_SEC, 100);
  assert_rate (fixture, "1/d burst 1000000", 86400 * G_TIME_SPAN_SECOND, 1000000);
  assert_rate (fixture, "1000000/s", 1, 1000000);
}

/* Test every form of a ratio. */
static void
test_ratios (Fixture *fixture, gconstpointer data)
{
  const struct
  {
    const char *text;
    gint64 millionths;
  } cases[] = { { "0", 0 },     { "1", 1000000 },   { "1.0", 1000000 }, { "0.5", 500000 },
                { ".25", 250000 }, { "0.000001", 1 }, { "0.3", 300000 }, { "0.0000001", 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      dou_config_set (fixture->config, DOU_CONFIG_TRACE_SAMPLE, cases[i].text, &error);
      g_assert_no_error (error);
      g_assert_cmpint (dou_config_get_int64 (fixture->config, DOU_CONFIG_TRACE_SAMPLE), ==,
                       cases[i].millionths);
    }
}

/* Test that a bad value leaves the former one in place. */
static void
test_set (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dou_config_set (fixture->config, DOU_CONFIG_WORKERS, "4", &error));
  g_assert_no_error (error);
  g_assert_false (dou_config_set (fixture->config, DOU_CONFIG_WORKERS, "4x", &error));
  g_assert_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE);
  g_assert_cmpint (dou_config_get_int64 (fixture->config, DOU_CONFIG_WORKERS), ==, 4);
}

/* Test that what is saved loads as the same. */
static void
test_save (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouConfig) loaded = dou_config_new ();
  g_autoptr (GError) error = NULL;
  GStatBuf status;

  g_assert_true (dou_config_set (fixture->config, DOU_CONFIG_PUBLIC_URL, " a;b\\c=\t", NULL));
  g_assert_true (dou_config_set (fixture->config, DOU_CONFIG_LISTEN, "[::]:8080;127.0.0.1:9", NULL));
  dou_config_save (fixture->config, fixture->path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (fixture->path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);

  dou_config_load_file (loaded, fixture->path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dou_config_get_string (loaded, DOU_CONFIG_LISTEN), ==, "[::]:8080;127.0.0.1:9");
}

/* Test that data/doutok.conf names every key once, with its default, under its group. */
static void
test_documentation (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "data", "doutok.conf", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autofree char *group = g_strdup ("");
  gsize n_found = 0;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      if (**line == '[')
        {
          g_free (group);
          group = g_strndup (*line + 1, strlen (*line) - 2);
        }
      for (gsize i = 0; i < DOU_N_CONFIG_KEYS; i++)
        {
          g_autofree char *expected = g_strdup_printf ("#%s=%s", dou_config_key_get_name (i),
                                                       dou_config_key_get_default (i));

          if (g_str_equal (group, dou_config_key_get_group (i)) && g_str_equal (*line, expected))
            n_found++;
        }
    }

  g_assert_cmpuint (n_found, ==, DOU_N_CONFIG_KEYS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/common/config/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("refused", test_refused);
  ADD ("absent", test_absent);
  ADD ("values", test_values);
  ADD ("rates", test_rates);
  ADD ("ratios", test_ratios);
  ADD ("set", test_set);
  ADD ("save", test_save);
#undef ADD
  g_test_add_func ("/common/config/documentation", test_documentation);

  return g_test_run ();
}
