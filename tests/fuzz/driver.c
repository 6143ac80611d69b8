/* SPDX-License-Identifier: Apache-2.0 */

/* Runs a fuzz target without a fuzzer, as a normal test: each file of its corpus as it is, then
 * N_MUTATIONS forms of it that are spoilt in a few places, the same ones each time. A program that
 * is linked with libFuzzer instead (-Dfuzz=true) finds more, and what it finds belongs into the
 * corpus.
 *
 * The program is named test-fuzz-NAME, its corpus lies in tests/fuzz/corpus/NAME. */

#include "config.h"

#include <string.h>

#include <glib.h>

#include "fuzz/fuzz.h"

#define PROGRAM_PREFIX "test-fuzz-"
#define N_MUTATIONS 2000
#define MAX_CHANGES 4

static void
change (GByteArray *input, const GByteArray *seed, GRand *random)
{
  guint at = (guint) g_rand_int_range (random, 0, (gint32) input->len);
  guint from = (guint) g_rand_int_range (random, 0, (gint32) seed->len);
  guint length = (guint) g_rand_int_range (random, 1, 9);

  switch (g_rand_int_range (random, 0, 4))
    {
    case 0:
      input->data[at] = (guint8) g_rand_int (random);
      break;
    case 1:
      input->data[at] ^= (guint8) (1 << (length - 1));
      break;
    case 2:
      if (length < input->len - at)
        g_byte_array_remove_range (input, at, length);
      break;
    default:
      g_byte_array_append (input, seed->data + from, MIN (length, seed->len - from));
      break;
    }
}

/* A copy of its own, so that a sanitizer sees a read outside of it. */
static void
run_one (const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);

  g_assert_cmpint (LLVMFuzzerTestOneInput (copy, size), ==, 0);
}

/* Test that one file of the corpus, and what is near it, breaks nothing. */
static void
test_file (gconstpointer data)
{
  const char *path = data;
  g_autoptr (GRand) random = g_rand_new_with_seed (20230101);
  g_autoptr (GByteArray) seed = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *content = NULL;
  gsize size;

  g_file_get_contents (path, &content, &size, &error);
  g_assert_no_error (error);
  run_one ((const guint8 *) content, size);

  seed = g_byte_array_new_take ((guint8 *) g_steal_pointer (&content), size);
  for (guint i = 0; i < N_MUTATIONS && size > 0; i++)
    {
      g_autoptr (GByteArray) input = g_byte_array_new ();

      g_byte_array_append (input, seed->data, seed->len);
      for (gint32 n = g_rand_int_range (random, 1, MAX_CHANGES + 1); n > 0; n--)
        change (input, seed, random);
      run_one (input->data, input->len);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GDir) directory = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_path_get_basename (argv[0]);
  const char *name = program + strlen (PROGRAM_PREFIX);
  g_autofree char *corpus = NULL;
  const char *file;

  g_test_init (&argc, &argv, NULL);

  corpus = g_test_build_filename (G_TEST_DIST, "fuzz", "corpus", name, NULL);
  directory = g_dir_open (corpus, 0, &error);
  g_assert_no_error (error);
  while ((file = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_strconcat ("/fuzz/", name, "/", file, NULL);

      g_test_add_data_func_full (path, g_build_filename (corpus, file, NULL), test_file, g_free);
    }

  return g_test_run ();
}
