/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-preconditions.h"

/* 2023-06-01T12:00:00Z. */
#define MTIME 1685620800
#define DATE "Thu, 01 Jun 2023 12:00:00 GMT"
#define EARLIER "Thu, 01 Jun 2023 11:59:59 GMT"
#define LATER "Thu, 01 Jun 2023 12:00:01 GMT"

static const DouValidators validators = { "\"abc-1.2\"", MTIME };

static gboolean
matches (const char *if_none_match)
{
  g_test_message ("“%s”", if_none_match);
  return dou_preconditions_is_unmodified (if_none_match, NULL, &validators);
}

/* Test that a list without this tag, or malformed before it, means that the client has something
 * else. */
static void
test_none_match_differs (void)
{
  const char *lists[] = {
    "",
    ",",
    "abc-1.2",
    "\"abc-1.2",
    "abc-1.2\"",
    "\"\"",
    "\"abc-1.3\"",
    "\"abc-1.2 \"",
    "\"ABC-1.2\"",
    "w/\"abc-1.2\"",
    "W/ \"abc-1.2\"",
    "\"a\" \"abc-1.2\"",
    "\"a\"\"abc-1.2\"",
    "a, \"abc-1.2\"",
    "\"*\"",
    "**",
    "\"a\", *",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    g_assert_false (matches (lists[i]));
}

/* Test that the tag is found anywhere in a list, weak or strong. */
static void
test_none_match_same (void)
{
  const char *lists[] = {
    "*",
    " * ",
    "\"abc-1.2\"",
    "W/\"abc-1.2\"",
    "\"a\", W/\"b\",\"abc-1.2\"",
    "\"abc-1.2\", \"a\"",
    " ,, \"a,b\" ,\t\"abc-1.2\" , ",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    g_assert_true (matches (lists[i]));
}

/* Test that the date counts only where no tag was sent, and only if it is one. */
static void
test_modified_since (void)
{
  g_assert_false (dou_preconditions_is_unmodified (NULL, NULL, &validators));
  g_assert_false (dou_preconditions_is_unmodified (NULL, EARLIER, &validators));
  g_assert_false (dou_preconditions_is_unmodified (NULL, "yesterday", &validators));
  g_assert_false (dou_preconditions_is_unmodified (NULL, "", &validators));
  g_assert_false (dou_preconditions_is_unmodified ("\"other\"", LATER, &validators));

  g_assert_true (dou_preconditions_is_unmodified (NULL, DATE, &validators));
  g_assert_true (dou_preconditions_is_unmodified (NULL, LATER, &validators));
  g_assert_true (
      dou_preconditions_is_unmodified (NULL, "Thursday, 01-Jun-23 12:00:00 GMT", &validators));
}

/* Test that a range counts only for exactly this version: no weak tag, no list, no other date. */
static void
test_if_range (void)
{
  const char *others[] = {
    "",      "\"other\"", "W/\"abc-1.2\"", "\"abc-1.2\", \"other\"", "*", "abc-1.2",
    EARLIER, LATER,       "yesterday",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_test_message ("“%s”", others[i]);
      g_assert_false (dou_preconditions_allow_range (others[i], &validators));
    }

  g_assert_true (dou_preconditions_allow_range (NULL, &validators));
  g_assert_true (dou_preconditions_allow_range ("\"abc-1.2\"", &validators));
  g_assert_true (dou_preconditions_allow_range (DATE, &validators));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/preconditions/none-match/differs", test_none_match_differs);
  g_test_add_func ("/gateway/preconditions/none-match/same", test_none_match_same);
  g_test_add_func ("/gateway/preconditions/modified-since", test_modified_since);
  g_test_add_func ("/gateway/preconditions/if-range", test_if_range);

  return g_test_run ();
}
