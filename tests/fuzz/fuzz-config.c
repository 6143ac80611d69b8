/* SPDX-License-Identifier: Apache-2.0 */

/* A configuration file. What is refused says why; what is accepted means the same when it is written and
 * read again, since that is how it gets to the other processes, and every rate can be counted with. */

#include "config.h"

#include <stdlib.h>

#include "common/dou-config.h"
#include "fuzz/fuzz.h"
#include "lib/dou-test-dir.h"

/* Two times the largest rate's burst, and the longest interval, must not overflow. */
#define MAX_INTERVAL (G_GINT64_CONSTANT (86400) * G_USEC_PER_SEC)
#define MAX_BURST G_GINT64_CONSTANT (1000000)

static char *directory;

static void
remove_directory (void)
{
  dou_test_dir_remove (directory);
}

static void
check_same (DouConfig *a, DouConfig *b)
{
  for (DouConfigKey key = 0; key < DOU_N_CONFIG_KEYS; key++)
    {
      g_assert_cmpstr (dou_config_get_string (a, key), ==, dou_config_get_string (b, key));
      if (g_str_has_prefix (dou_config_key_get_name (key), "rate-") && key != DOU_CONFIG_RATE_LIMITS)
        {
          DouRate rate = dou_config_get_rate (a, key);

          g_assert_cmpint (rate.interval, >=, 0);
          g_assert_cmpint (rate.interval, <=, MAX_INTERVAL);
          g_assert_cmpint (rate.burst, <=, MAX_BURST);
          g_assert_true (rate.interval == 0 || rate.burst > 0);
        }
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autoptr (DouConfig) again = dou_config_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autofree char *saved = NULL;

  if (directory == NULL)
    {
      directory = dou_test_dir_new ();
      atexit (remove_directory);
    }

  path = g_build_filename (directory, "doutok.conf", NULL);
  saved = g_build_filename (directory, "saved.conf", NULL);
  g_assert_true (g_file_set_contents_full (path, (const char *) data, (gssize) size,
                                           G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  if (!dou_config_load_file (config, path, &error))
    {
      g_assert_nonnull (error);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }

  g_assert_no_error (error);
  g_assert_true (dou_config_save (config, saved, NULL));
  dou_config_load_file (again, saved, &error);
  g_assert_no_error (error);
  check_same (config, again);
  return 0;
}
