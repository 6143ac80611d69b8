/* SPDX-License-Identifier: Apache-2.0 */

/* The data sets of the benchmark:
 *
 *     bench-data describe SET              what is in it, as JSON
 *     bench-data make SET DIRECTORY        makes it in a new directory
 *     bench-data tokens SET STATE N        logins of N users, evenly chosen: “ID TOKEN” a line
 */

#include "config.h"

#include <stdlib.h>

#include <glib/gstdio.h>

#include "bench/dou-bench-fill.h"
#include "common/dou-service.h"
#include "gateway/dou-token.h"
#include "launcher/dou-progress.h"

#define PROGRAM "bench-data"

/* The longest run of the benchmark, in seconds. */
#define TOKEN_LIFETIME 86400

/* Steps of the progress bar. */
#define PROGRESS_STEPS 50

static void
progress_cb (guint64 done, guint64 total, gpointer user_data)
{
  DouProgress *progress = user_data;
  const guint step = (guint) (done * PROGRESS_STEPS / total);
  g_autofree char *what
      = g_strdup_printf ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " rows", done, total);

  if (step <= progress->done)
    return;

  /* Large batches pass several steps at once. */
  progress->done = step - 1;
  dou_progress_step (progress, what);
}

static gboolean
make (const DouBenchSet *set, const char *directory, GError **error)
{
  DouProgress progress;
  gboolean made;

  if (g_mkdir (directory, 0700) < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "Cannot make the directory “%s”",
                   directory);
      return FALSE;
    }

  dou_progress_init (&progress, PROGRESS_STEPS);
  made = dou_bench_fill (set, directory, progress_cb, &progress, error);
  dou_progress_end (&progress);
  return made;
}

static gboolean
print_tokens (const DouBenchSet *set, const char *state, const char *count, GError **error)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const guint64 n_tokens = CLAMP (g_ascii_strtoull (count, NULL, 10), 1, set->users);
  g_autofree char *path = g_build_filename (state, "token-keys", NULL);
  g_autoptr (DouTokenKeys) keys = dou_token_keys_new_from_file (path, error);

  if (keys == NULL)
    return FALSE;

  for (guint64 i = 0; i < n_tokens; i++)
    {
      DouTokenClaims claims = { .user_id = dou_bench_user_id (i * (set->users / n_tokens)),
                                .expiry = now + TOKEN_LIFETIME };
      g_autofree char *token = dou_token_keys_sign (keys, &claims, now, error);

      if (token == NULL)
        return FALSE;
      g_print ("%" G_GINT64_FORMAT " %s\n", claims.user_id, token);
    }

  return TRUE;
}

static gboolean
describe (const DouBenchSet *set, GError **error)
{
  g_autofree char *description = dou_bench_set_describe (set, error);

  if (description != NULL)
    g_print ("%s\n", description);
  return description != NULL;
}

int
main (int argc, char **argv)
{
  const DouBenchSet *set = argc > 2 ? dou_bench_set_find (argv[2]) : NULL;
  g_autoptr (GError) error = NULL;

  if (set != NULL && argc == 3 && g_str_equal (argv[1], "describe"))
    describe (set, &error);
  else if (set != NULL && argc == 4 && g_str_equal (argv[1], "make"))
    make (set, argv[3], &error);
  else if (set != NULL && argc == 5 && g_str_equal (argv[1], "tokens"))
    print_tokens (set, argv[3], argv[4], &error);
  else
    g_set_error (&error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                 "usage: describe SET | make SET DIRECTORY | tokens SET STATE N; "
                 "SET is tiny, small or large");

  return error != NULL ? dou_service_fail (PROGRAM, error) : EXIT_SUCCESS;
}
