/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/dou-rate-table.h"
#include "lib/dou-test-dir.h"

#define SECOND G_USEC_PER_SEC

/* One a second, three at once. */
static const DouRate rate = { SECOND, 3 };

typedef struct
{
  char *directory;     /* (owned) */
  char *path;          /* (owned) */
  DouRateTable *table; /* (owned) */
  guint64 key;
} Fixture;

static DouRateTable *
make_table (const char *path)
{
  g_autoptr (GError) error = NULL;
  DouRateTable *table = dou_rate_table_new (path, &error);

  g_assert_no_error (error);
  return table;
}

static DouRateTable *
make_shared (const char *path, char secret)
{
  guint8 bytes[DOU_RATE_SECRET_BYTES];
  g_autoptr (GError) error = NULL;
  DouRateTable *table;

  memset (bytes, secret, sizeof bytes);
  table = dou_rate_table_new_shared (path, bytes, &error);
  g_assert_no_error (error);
  return table;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->path = g_build_filename (fixture->directory, "rates", NULL);
  fixture->table = make_table (fixture->path);
  fixture->key = dou_rate_table_get_key (fixture->table, 1, "a", 1);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->table);
  dou_test_dir_remove (fixture->directory);
  g_free (fixture->path);
}

/* Test that a directory that is not there is an error. */
static void
test_no_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_rate_table_new ("/nonexistent/rates", &error));
  g_assert_nonnull (error);
}

/* Test that so many go at once, then one for each interval, however long it was quiet. */
static void
test_take (Fixture *fixture, gconstpointer data)
{
  gint64 now = 1000 * SECOND;

  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, 0);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, SECOND);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now + SECOND / 4), ==,
                   3 * SECOND / 4);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now + SECOND), ==, 0);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now + SECOND), ==,
                   SECOND);

  now += 1000 * SECOND;
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, 0);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), >, 0);
}

/* Test that a token that was given back can be taken again, and no more than one. */
static void
test_give_back (Fixture *fixture, gconstpointer data)
{
  const gint64 now = 1000 * SECOND;

  for (guint i = 0; i < 3; i++)
    dou_rate_table_take (fixture->table, fixture->key, &rate, now);
  dou_rate_table_give_back (fixture->table, fixture->key, &rate);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, 0);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, SECOND);
}

/* Test that no rate is no limit, and gives nothing back. */
static void
test_off (Fixture *fixture, gconstpointer data)
{
  const DouRate off = { 0, 0 };

  for (guint i = 0; i < 100; i++)
    g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &off, 0), ==, 0);
  dou_rate_table_give_back (fixture->table, fixture->key, &off);
}

/* Test that keys differ by kind and by subject, and are the same in all tables of a file. */
static void
test_keys (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouRateTable) other = make_table (fixture->path);

  g_assert_cmpuint (fixture->key, !=, dou_rate_table_get_key (fixture->table, 2, "a", 1));
  g_assert_cmpuint (fixture->key, !=, dou_rate_table_get_key (fixture->table, 1, "b", 1));
  g_assert_cmpuint (fixture->key, !=, dou_rate_table_get_key (fixture->table, 1, "a\0", 2));
  g_assert_cmpuint (fixture->key, ==, dou_rate_table_get_key (other, 1, "a", 1));
}

/* Test that more who are busy than there is room for do no harm, and that one of them still has to
 * wait at once after. */
static void
test_full (Fixture *fixture, gconstpointer data)
{
  const gint64 now = 1000 * SECOND;
  guint64 key = 0;

  for (guint i = 0; i < 200000; i++)
    {
      key = dou_rate_table_get_key (fixture->table, 3, &i, sizeof i);
      dou_rate_table_take (fixture->table, key, &rate, now);
    }

  dou_rate_table_take (fixture->table, key, &rate, now);
  dou_rate_table_take (fixture->table, key, &rate, now);
  g_assert_cmpint (dou_rate_table_take (fixture->table, key, &rate, now), >, 0);
}

/* Takes until there is none. */
static int
count_in_child (const char *path)
{
  const DouRate many = { SECOND, 20000 };
  g_autoptr (DouRateTable) table = make_table (path);
  guint64 key = dou_rate_table_get_key (table, 1, "shared", 6);
  int n = 0;

  while (dou_rate_table_take (table, key, &many, 1000 * SECOND) == 0)
    n++;

  return n;
}

/* Test that processes that take at the same time get as much together as one would alone; as the first to
 * ask for it they may each get one more. */
static void
test_processes (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "shared", NULL);
  int total = 0;
  pid_t children[4];
  int ends[2];

  g_assert_no_errno (pipe (ends));
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    {
      children[i] = fork ();
      g_assert_cmpint (children[i], >=, 0);
      if (children[i] == 0)
        {
          int n = count_in_child (path);

          _exit (write (ends[1], &n, sizeof n) == sizeof n ? 0 : 1);
        }
    }

  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    {
      int n, status;

      g_assert_cmpint (read (ends[0], &n, sizeof n), ==, sizeof n);
      total += n;
      g_assert_no_errno (waitpid (children[i], &status, 0));
      g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
    }

  g_assert_cmpint (total, >=, 20000);
  g_assert_cmpint (total, <, 20000 + (int) G_N_ELEMENTS (children));
  close (ends[0]);
  close (ends[1]);
}

#define ADD(path, func) g_test_add ("/gateway/rate-table/" path, Fixture, NULL, set_up, func, tear_down)

/* Test that with one secret keys are the same in another file, say what is counted, and replace those of
 * before. */
static void
test_shared_keys (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "other", NULL);
  g_autoptr (DouRateTable) table = make_shared (fixture->path, 'a');
  g_autoptr (DouRateTable) same = make_shared (path, 'a');
  guint64 key = dou_rate_table_get_key (table, 23, "x", 1);

  g_assert_cmpuint (key, ==, dou_rate_table_get_key (same, 23, "x", 1));
  g_assert_cmpuint (key, ==, dou_rate_table_get_key (fixture->table, 23, "x", 1));
  g_assert_cmpuint (fixture->key, !=, dou_rate_table_get_key (fixture->table, 1, "a", 1));
  g_assert_cmpuint (dou_rate_table_get_kind (key), ==, 23);

  {
    g_autoptr (DouRateTable) other = make_shared (path, 'b');

    g_assert_cmpuint (key, !=, dou_rate_table_get_key (other, 23, "x", 1));
    g_assert_cmpuint (dou_rate_table_get_key (same, 23, "x", 1), ==,
                      dou_rate_table_get_key (other, 23, "x", 1));
  }
}

/* Test that what is taken and given back, by whomever, is collected once, all of it, and nothing else. */
static void
test_collect (Fixture *fixture, gconstpointer data)
{
  const gint64 now = 1000 * SECOND;
  g_autoptr (DouRateTable) table = make_shared (fixture->path, 'a');
  g_autoptr (DouRateTable) other = make_shared (fixture->path, 'a');
  guint64 key = dou_rate_table_get_key (table, 1, "a", 1);
  DouRateCharge charges[16];
  DouRateCharge theirs = { dou_rate_table_get_key (table, 1, "b", 1), 2 };
  guint n_found = 0, n_tokens = 0, n;

  g_assert_cmpuint (dou_rate_table_collect (table, charges, G_N_ELEMENTS (charges)), ==, 0);
  for (guint i = 0; i < 4; i++)
    dou_rate_table_take (i % 2 == 0 ? table : other, key, &rate, now);
  dou_rate_table_charge (table, &theirs, &rate, now);
  g_assert_cmpuint (dou_rate_table_collect (table, charges, G_N_ELEMENTS (charges)), ==, 1);
  g_assert_cmpuint (charges[0].key, ==, key);
  g_assert_cmpint (charges[0].n, ==, 3);
  g_assert_cmpuint (dou_rate_table_collect (table, charges, G_N_ELEMENTS (charges)), ==, 0);

  dou_rate_table_give_back (other, key, &rate);
  g_assert_cmpuint (dou_rate_table_collect (table, charges, G_N_ELEMENTS (charges)), ==, 1);
  g_assert_cmpint (charges[0].n, ==, -1);
  dou_rate_table_take (table, key, &rate, now);
  dou_rate_table_give_back (table, key, &rate);
  g_assert_cmpuint (dou_rate_table_collect (table, charges, G_N_ELEMENTS (charges)), ==, 0);

  for (guint i = 0; i < 1000; i++)
    dou_rate_table_take (table, dou_rate_table_get_key (table, 2, &i, sizeof i), &rate, now);
  while ((n = dou_rate_table_collect (table, charges, G_N_ELEMENTS (charges))) > 0)
    {
      n_found += n;
      for (guint i = 0; i < n; i++)
        n_tokens += (guint) charges[i].n;
    }
  g_assert_cmpuint (n_found, ==, 1000);
  g_assert_cmpuint (n_tokens, ==, 1000);
}

/* Test that what was counted elsewhere counts, that more than there was is owed, up to a limit, and what
 * comes back is there. */
static void
test_charge (Fixture *fixture, gconstpointer data)
{
  const gint64 now = 1000 * SECOND;
  DouRateCharge two = { fixture->key, 2 };
  DouRateCharge back = { fixture->key, -1 };
  DouRateCharge many = { fixture->key, G_MAXINT32 };
  DouRateCharge many_back = { fixture->key, G_MININT32 };

  dou_rate_table_charge (fixture->table, &back, &rate, now);
  dou_rate_table_charge (fixture->table, &two, &rate, now);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, 0);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, SECOND);

  dou_rate_table_charge (fixture->table, &two, &rate, now);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, 3 * SECOND);
  dou_rate_table_charge (fixture->table, &back, &rate, now);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, 2 * SECOND);
  dou_rate_table_charge (fixture->table, &many, &rate, now);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, 4 * SECOND);

  dou_rate_table_charge (fixture->table, &many_back, &rate, now);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, 0);
  g_assert_cmpint (dou_rate_table_take (fixture->table, fixture->key, &rate, now), ==, SECOND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("no-file", test_no_file);
  ADD ("take", test_take);
  ADD ("give-back", test_give_back);
  ADD ("off", test_off);
  ADD ("keys", test_keys);
  ADD ("shared-keys", test_shared_keys);
  ADD ("collect", test_collect);
  ADD ("charge", test_charge);
  ADD ("full", test_full);
  ADD ("processes", test_processes);

  return g_test_run ();
}
