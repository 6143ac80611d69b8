/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <sys/stat.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "user/dou-token-store.h"

#define N_NODES 2

typedef struct
{
  char *directory;             /* (owned) */
  DouDatabaseAddress *address; /* (owned) of what the nodes share */
  char *paths[N_NODES];        /* (owned) a file of each node; none is there yet */
} Fixture;

/* With what a file may have: several lines, a comment, and texts that SQL and JSON would spoil. */
static const char *const texts[N_NODES] = {
  "00000000 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
  "# d'un \"autre\" nœud; \\ ##x::string\n11111111 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
  "22222222 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
};

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->address = dou_test_engine_create (fixture->directory, "token");
  for (guint i = 0; i < N_NODES; i++)
    {
      g_autofree char *name = g_strdup_printf ("token-keys-%u", i);

      fixture->paths[i] = g_build_filename (fixture->directory, name, NULL);
    }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_NODES; i++)
    g_free (fixture->paths[i]);
  dou_test_engine_remove (fixture->address);
  dou_test_dir_remove (fixture->directory);
}

static void
write_file (Fixture *fixture, guint node, const char *text, gssize length)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (fixture->paths[node], text, length, G_FILE_SET_CONTENTS_NONE, 0600,
                            &error);
  g_assert_no_error (error);
}

static void
assert_file (Fixture *fixture, guint node, const char *expected)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (fixture->paths[node], &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static void
share (Fixture *fixture, guint node)
{
  g_autoptr (GError) error = NULL;
  gboolean shared = dou_token_store_share (fixture->address, fixture->paths[node], &error);

  g_assert_no_error (error);
  g_assert_true (shared);
}

static void
refuse (Fixture *fixture, guint node)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (dou_token_store_share (fixture->address, fixture->paths[node], &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
  g_test_message ("%s", error->message);
}

/* Test that what cannot be keys is not given to the other nodes. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *large = g_strnfill (20000, 'a');

  write_file (fixture, 0, "", 0);
  refuse (fixture, 0);
  write_file (fixture, 0, "a\0b\n", 4);
  refuse (fixture, 0);
  write_file (fixture, 0, "\xff\n", 2);
  refuse (fixture, 0);
  write_file (fixture, 0, large, -1);
  refuse (fixture, 0);

  write_file (fixture, 1, texts[1], -1);
  share (fixture, 1);
  assert_file (fixture, 1, texts[1]);
}

/* Test that a node without a file waits for the one that makes it. */
static void
test_no_file (Fixture *fixture, gconstpointer data)
{
  share (fixture, 0);
  g_assert_false (g_file_test (fixture->paths[0], G_FILE_TEST_EXISTS));
}

/* Test that all nodes have the keys of the first one, whichever that is, and for their owner's eyes. */
static void
test_first (Fixture *fixture, gconstpointer data)
{
  guint first = GPOINTER_TO_UINT (data);
  guint second = N_NODES - 1 - first;
  struct stat before, after, taken;

  for (guint i = 0; i < N_NODES; i++)
    write_file (fixture, i, texts[i], -1);

  g_assert_cmpint (g_stat (fixture->paths[first], &before), ==, 0);
  share (fixture, first);
  g_test_expect_message ("doutok", G_LOG_LEVEL_MESSAGE, "Login tokens are signed with the keys of *");
  share (fixture, second);
  g_test_assert_expected_messages ();

  /* Again, which says nothing. */
  share (fixture, first);
  share (fixture, second);
  for (guint i = 0; i < N_NODES; i++)
    assert_file (fixture, i, texts[first]);

  g_assert_cmpint (g_stat (fixture->paths[first], &after), ==, 0);
  g_assert_cmpuint (after.st_ino, ==, before.st_ino);
  g_assert_cmpint (g_stat (fixture->paths[second], &taken), ==, 0);
  g_assert_cmpuint (taken.st_mode & 0777, ==, 0600);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, data, func) \
  g_test_add ("/user/token-store/" name, Fixture, GUINT_TO_POINTER (data), set_up, func, tear_down)
  ADD ("refused", 0, test_refused);
  ADD ("no-file", 0, test_no_file);
  ADD ("first/simple", 0, test_first);
  ADD ("first/several-lines", 1, test_first);
#undef ADD

  return g_test_run ();
}
