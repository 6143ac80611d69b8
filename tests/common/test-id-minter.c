/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <glib/gstdio.h>

#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "lib/dou-manual-clock.h"

#define NOON (DOU_ID_EPOCH + G_GINT64_CONSTANT (100000000000))
#define NODE 3

typedef struct
{
  DouManualClock *clock; /* (owned) */
  char *directory;       /* (owned) */
  char *path;            /* (owned) the reservation file */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->clock = dou_manual_clock_new (NOON);
  fixture->directory = g_dir_make_tmp ("doutok-ids-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "ids", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_assert_finalize_object (fixture->clock);
  g_free (fixture->path);
  g_free (fixture->directory);
}

static DouIdMinter *
make_minter (Fixture *fixture, guint process)
{
  g_autoptr (GError) error = NULL;
  DouIdMinter *minter
      = dou_id_minter_new (DOU_CLOCK (fixture->clock), NODE, process, fixture->path, &error);

  g_assert_no_error (error);
  return minter;
}

static gint64
mint (DouIdMinter *minter)
{
  g_autoptr (GError) error = NULL;
  gint64 id = dou_id_minter_mint (minter, &error);

  g_assert_no_error (error);
  return id;
}

/* Test that a damaged reservation is refused rather than read as zero. */
static void
test_damaged_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (fixture->path, "not a number", -1, NULL));
  g_assert_null (dou_id_minter_new (DOU_CLOCK (fixture->clock), 0, 0, fixture->path, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
}

/* Test that a place where no file can be made is refused. */
static void
test_no_directory (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "absent", "ids", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_id_minter_new (DOU_CLOCK (fixture->clock), 0, 0, path, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

/* Test that ids rise, stay below 2^53 and carry their time, also when a millisecond is used up. */
static void
test_order (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouIdMinter) minter = make_minter (fixture, 0);
  gint64 last = 0;

  for (guint i = 0; i < 1000; i++)
    {
      gint64 id = mint (minter);

      g_assert_cmpint (id, >, last);
      g_assert_cmpint (id, <=, DOU_ID_MAX);
      g_assert_cmpint (dou_id_get_time (id), ==, NOON + i / 16);
      g_assert_cmpuint (dou_id_get_node (id), ==, NODE);
      last = id;
    }

  dou_manual_clock_set (fixture->clock, NOON + 3600000);
  g_assert_cmpint (dou_id_get_time (mint (minter)), ==, NOON + 3600000);
}

/* Test that a clock which steps back does not bring an id back. */
static void
test_clock_steps_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouIdMinter) minter = make_minter (fixture, 0);
  gint64 last = mint (minter);

  dou_manual_clock_set (fixture->clock, NOON - 3600000);
  for (guint i = 0; i < 100; i++)
    {
      gint64 id = mint (minter);

      g_assert_cmpint (id, >, last);
      last = id;
    }
}

/* Test that two processes of a node, and two nodes, never make the same id in one millisecond. */
static void
test_processes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  const guint places[][2] = { { 0, 0 }, { 0, 15 }, { 15, 0 }, { 15, 15 }, { 7, 8 } };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr (DouIdMinter) minter = dou_id_minter_new (
          DOU_CLOCK (fixture->clock), places[i][0], places[i][1], fixture->path, NULL);

      for (guint j = 0; j < 100; j++)
        {
          gint64 id = mint (minter);

          g_assert_true (g_hash_table_add (seen, g_memdup2 (&id, sizeof id)));
        }

      g_clear_object (&minter);
      g_unlink (fixture->path);
    }
}

/* Test that a restart in order goes on at once, even if the clock stepped back meanwhile. */
static void
test_restart (Fixture *fixture, gconstpointer data)
{
  DouIdMinter *minter = make_minter (fixture, 0);
  gint64 last = mint (minter);
  gint64 next;

  g_assert_finalize_object (minter);
  dou_manual_clock_set (fixture->clock, NOON - 3600000);
  minter = make_minter (fixture, 0);
  next = mint (minter);
  g_assert_cmpint (next, >, last);
  g_assert_cmpint (dou_id_get_time (next) - dou_id_get_time (last), <=, 2);
  g_assert_finalize_object (minter);
}

/* Test that after a crash (the minter never ended, its reservation stands) no id comes again. */
static void
test_crash (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouIdMinter) crashed = make_minter (fixture, 0);
  g_autoptr (DouIdMinter) next = NULL;
  g_autofree char *reserved = NULL;
  gint64 last = 0;

  for (guint i = 0; i < 500; i++)
    last = mint (crashed);

  dou_manual_clock_set (fixture->clock, NOON - 10);
  next = make_minter (fixture, 0);
  g_assert_cmpint (mint (next), >, last);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/common/id-minter/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("damaged-file", test_damaged_file);
  ADD ("no-directory", test_no_directory);
  ADD ("order", test_order);
  ADD ("clock-steps-back", test_clock_steps_back);
  ADD ("processes", test_processes);
  ADD ("restart", test_restart);
  ADD ("crash", test_crash);
#undef ADD

  return g_test_run ();
}
