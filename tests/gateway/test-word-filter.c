/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <glib/gstdio.h>

#include "common/dou-paths.h"
#include "gateway/dou-word-filter.h"
#include "lib/dou-test-dir.h"

typedef struct
{
  char *directory;   /* (owned) */
  char *path;        /* (owned) where the launcher puts the words */
  DouConfig *config; /* (owned) with a words-file */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer action)
{
  fixture->directory = dou_test_dir_new ();
  fixture->path = g_build_filename (fixture->directory, DOU_PATHS_WORDS, NULL);
  fixture->config = dou_config_new ();
  g_assert_true (
      dou_config_set (fixture->config, DOU_CONFIG_RUNTIME_DIR, fixture->directory, NULL));
  g_assert_true (dou_config_set (fixture->config, DOU_CONFIG_WORDS_FILE, "/etc/words", NULL));
  g_assert_true (dou_config_set (fixture->config, DOU_CONFIG_WORDS_ACTION, action, NULL));
}

static void
tear_down (Fixture *fixture, gconstpointer action)
{
  g_assert_finalize_object (fixture->config);
  g_free (fixture->path);
  dou_test_dir_remove (fixture->directory);
}

static void
put (Fixture *fixture, const char *text)
{
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
}

static DouWordFilter *
make_filter (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  DouWordFilter *filter = dou_word_filter_new (fixture->config, &error);

  g_assert_no_error (error);
  return filter;
}

static void
assert_applied (DouWordFilter *filter, const char *text, DouStatus status, const char *expected)
{
  g_autofree char *result = g_strdup (text);

  g_assert_cmpint (dou_word_filter_apply (filter, &result), ==, status);
  g_assert_cmpstr (result, ==, expected);
}

/* Test that without a words-file all passes, whatever lies in the runtime directory. */
static void
test_none (Fixture *fixture, gconstpointer action)
{
  g_autoptr (DouWordFilter) filter = NULL;

  g_assert_true (dou_config_set (fixture->config, DOU_CONFIG_WORDS_FILE, "", NULL));
  put (fixture, "bad\n");
  filter = make_filter (fixture);
  g_assert_cmpint (dou_word_filter_check (filter, "bad"), ==, DOU_STATUS_OK);
  assert_applied (filter, "bad", DOU_STATUS_OK, "bad");
}

/* Test that a gateway that has no words, though it should, does not begin to serve. */
static void
test_missing (Fixture *fixture, gconstpointer action)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_word_filter_new (fixture->config, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER);
}

static void
test_refuse (Fixture *fixture, gconstpointer action)
{
  g_autoptr (DouWordFilter) filter = NULL;

  put (fixture, "bad\n");
  filter = make_filter (fixture);
  assert_applied (filter, "a Bad day", DOU_STATUS_WORD_REFUSED, "a Bad day");
  assert_applied (filter, "a good day", DOU_STATUS_OK, "a good day");
  g_assert_cmpint (dou_word_filter_check (filter, "ｂａｄ"), ==, DOU_STATUS_WORD_REFUSED);
  g_assert_cmpint (dou_word_filter_check (filter, "good"), ==, DOU_STATUS_OK);
}

/* Test that a text is masked, and a name is still refused. */
static void
test_mask (Fixture *fixture, gconstpointer action)
{
  g_autoptr (DouWordFilter) filter = NULL;

  put (fixture, "bad\n");
  filter = make_filter (fixture);
  assert_applied (filter, "a Bad day", DOU_STATUS_OK, "a *** day");
  assert_applied (filter, "a good day", DOU_STATUS_OK, "a good day");
  g_assert_cmpint (dou_word_filter_check (filter, "bad"), ==, DOU_STATUS_WORD_REFUSED);
}

/* Test that other words hold from when they are there, also when the file has the same length. */
static void
test_reload (Fixture *fixture, gconstpointer action)
{
  g_autoptr (DouWordFilter) filter = NULL;

  put (fixture, "bad\n");
  filter = make_filter (fixture);
  for (guint i = 0; i < 10; i++)
    {
      put (fixture, i % 2 == 0 ? "odd\n" : "bad\n");
      assert_applied (filter, "odd", i % 2 == 0 ? DOU_STATUS_WORD_REFUSED : DOU_STATUS_OK, "odd");
      assert_applied (filter, "bad", i % 2 == 1 ? DOU_STATUS_WORD_REFUSED : DOU_STATUS_OK, "bad");
    }
}

/* Test that the words of before hold on when there are none to be read, until there are. */
static void
test_broken (Fixture *fixture, gconstpointer action)
{
  g_autoptr (DouWordFilter) filter = NULL;

  put (fixture, "bad\n");
  filter = make_filter (fixture);

  put (fixture, "good\n\xff\n");
  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "*words: line 2: *");
  assert_applied (filter, "bad", DOU_STATUS_WORD_REFUSED, "bad");
  assert_applied (filter, "good", DOU_STATUS_OK, "good");
  g_test_assert_expected_messages ();

  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  assert_applied (filter, "bad", DOU_STATUS_WORD_REFUSED, "bad");

  put (fixture, "odd\n");
  assert_applied (filter, "bad", DOU_STATUS_OK, "bad");
  assert_applied (filter, "odd", DOU_STATUS_WORD_REFUSED, "odd");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, action, func)                                                                     \
  g_test_add ("/gateway/word-filter/" name, Fixture, action, set_up, func, tear_down)
  ADD ("none", "refuse", test_none);
  ADD ("missing", "refuse", test_missing);
  ADD ("refuse", "refuse", test_refuse);
  ADD ("mask", "mask", test_mask);
  ADD ("reload", "refuse", test_reload);
  ADD ("broken", "refuse", test_broken);
#undef ADD

  return g_test_run ();
}
