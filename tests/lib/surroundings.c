/* SPDX-License-Identifier: Apache-2.0 */

/* For tests in Python what dou-test-engine and dou-test-surroundings are for those in C. Reads commands, one a
 * line, of words with tabs between them, of which the second is the state directory of a server:
 *
 *   new DIR                  groups of a configuration file that lead to a new database on the engine under
 *                            test, and to what is around the server
 *   select DIR COLUMNS SQL   the rows that a query has, with tabs between them; COLUMNS is as for
 *                            dou_transaction_query()
 *   list DIR                 names of the objects in its bucket
 *   get DIR NAME FILE        copies one into a file
 *   remove DIR NAME          takes one away
 *
 * Each is answered by lines and then by a line “.”. All servers end with the input: whoever has started them
 * cannot leave them behind. */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gio/gio.h>
#include <gio/gunixinputstream.h>

#include "common/dou-database-transaction.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-surroundings.h"

typedef struct
{
  DouDatabaseAddress *database; /* (owned) */
  char *bucket;                 /* (owned) (nullable) */
} Place;

static void
place_free (Place *place)
{
  dou_database_address_free (place->database);
  g_free (place->bucket);
  g_free (place);
}

static void
make_place (GHashTable *places, const char *state_dir)
{
  Place *place = g_new0 (Place, 1);
  g_autofree char *database = NULL;
  g_autofree char *around = NULL;

  place->database = dou_test_engine_create (state_dir, "all");
  place->bucket = dou_test_surroundings_make_bucket ();
  database = dou_test_engine_get_config (place->database);
  around = dou_test_surroundings_get_config (place->bucket);
  g_hash_table_insert (places, g_strdup (state_dir), place);
  printf ("%s\n%s\n", database, around);
}

static void
print_rows (Place *place, const char *columns, const char *sql)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouTransaction) transaction = dou_transaction_open (place->database, &error);
  g_autoptr (DouRows) rows = NULL;

  g_assert_no_error (error);
  dou_transaction_add_statement (transaction, "test", sql);
  rows = dou_transaction_query (transaction, "test", columns, NULL, &error);
  g_assert_no_error (error);
  for (guint row = 0; row < dou_rows_get_n_rows (rows); row++)
    for (guint column = 0; columns[column] != '\0'; column++)
      {
        char end = columns[column + 1] != '\0' ? '\t' : '\n';

        if (columns[column] == 'x')
          printf ("%" G_GINT64_FORMAT "%c", dou_rows_get_int64 (rows, row, column), end);
        else
          printf ("%s%c", dou_rows_get_text (rows, row, column), end);
      }
}

static void
print_objects (Place *place)
{
  g_autoptr (GPtrArray) names = dou_test_surroundings_list (place->bucket);

  for (guint i = 0; i < names->len; i++)
    puts (g_ptr_array_index (names, i));
}

static void
copy_object (Place *place, const char *name, const char *path)
{
  g_autoptr (GBytes) content = dou_test_surroundings_get (place->bucket, name);

  g_assert_true (g_file_set_contents (path, g_bytes_get_data (content, NULL),
                                      (gssize) g_bytes_get_size (content), NULL));
}

static void
obey (GHashTable *places, char **words)
{
  guint n_words = g_strv_length (words);
  Place *place = n_words >= 2 ? g_hash_table_lookup (places, words[1]) : NULL;

  if (n_words == 2 && g_str_equal (words[0], "new"))
    make_place (places, words[1]);
  else if (place != NULL && n_words == 4 && g_str_equal (words[0], "select"))
    print_rows (place, words[2], words[3]);
  else if (place != NULL && n_words == 2 && g_str_equal (words[0], "list"))
    print_objects (place);
  else if (place != NULL && n_words == 4 && g_str_equal (words[0], "get"))
    copy_object (place, words[2], words[3]);
  else if (place != NULL && n_words == 3 && g_str_equal (words[0], "remove"))
    dou_test_surroundings_remove (place->bucket, words[2]);
  else
    g_error ("There is no such command: “%s”", words[0]);
  puts (".");
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  g_autoptr (GHashTable) places
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) place_free);
  g_autoptr (GInputStream) base = NULL;
  g_autoptr (GDataInputStream) input = NULL;
  char *line;

  g_test_init (&argc, &argv, NULL);
  base = g_unix_input_stream_new (0, FALSE);
  input = g_data_input_stream_new (base);

  while ((line = g_data_input_stream_read_line (input, NULL, NULL, NULL)) != NULL)
    {
      g_autofree char *command = line;
      g_auto (GStrv) words = g_strsplit (command, "\t", -1);

      obey (places, words);
    }

  return EXIT_SUCCESS;
}
