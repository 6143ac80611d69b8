/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-status.h"
#include "gateway/dou-flags.h"
#include "gateway/dou-test-services.h"

#define PLENTY (1024 * 1024)

typedef struct
{
  DouTestServices services; /* must be first */
  DouFlags *flags;          /* (owned) */
  gboolean is_done;
  DouStatus status;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  dou_test_services_set_up (&fixture->services, data);
  fixture->flags = dou_flags_new (fixture->services.backend, fixture->services.watch, PLENTY);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->flags);
  dou_test_services_tear_down (&fixture->services, data);
}

static void
loaded_cb (const GError *error, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->is_done = TRUE;
  fixture->status = dou_status_from_error (error);
}

static void
wait (Fixture *fixture)
{
  while (!fixture->is_done)
    g_main_context_iteration (NULL, TRUE);
  fixture->is_done = FALSE;
}

/* Asks whether user 1 likes the videos 7 and 8. */
static gboolean
ask (Fixture *fixture, guint8 *values)
{
  static const gint64 videos[] = { 7, 8 };

  return dou_flags_load (fixture->flags, DOU_FLAG_FAVORITE, 1, videos, 2, values, loaded_cb,
                         fixture);
}

/* User 1 likes more than fits on a page, so that pairs are asked for. */
static void
answer_long_list (Fixture *fixture)
{
  dou_test_services_answer (&fixture->services, "GetFavorites", "[(1, 0, 1000)]", "[(5, [9])]");
}

static void
learn (Fixture *fixture)
{
  guint8 values[2];

  g_assert_false (ask (fixture, values));
  answer_long_list (fixture);
  dou_test_services_answer (&fixture->services, "AreFavorites", "[(1, 7), (1, 8)]",
                            "[true, false]");
  wait (fixture);
  g_assert_cmpint (fixture->status, ==, DOU_STATUS_OK);
  g_assert_cmpuint (values[0], ==, 1);
  g_assert_cmpuint (values[1], ==, 0);
}

static void
assert_known (Fixture *fixture, guint8 first, guint8 second)
{
  guint8 values[2] = { 9, 9 };

  g_assert_true (ask (fixture, values));
  g_assert_cmpuint (values[0], ==, first);
  g_assert_cmpuint (values[1], ==, second);
}

/* Test that an error is not remembered. */
static void
test_error (Fixture *fixture, gconstpointer data)
{
  guint8 values[2];

  g_assert_false (ask (fixture, values));
  dou_test_services_refuse (&fixture->services, "GetFavorites");
  wait (fixture);
  g_assert_cmpint (fixture->status, ==, DOU_STATUS_UNAVAILABLE);

  g_assert_false (ask (fixture, values));
  answer_long_list (fixture);
  dou_test_services_refuse (&fixture->services, "AreFavorites");
  wait (fixture);
  g_assert_cmpint (fixture->status, ==, DOU_STATUS_UNAVAILABLE);

  g_assert_false (ask (fixture, values));
  dou_test_services_answer (&fixture->services, "AreFavorites", "[(1, 7), (1, 8)]",
                            "[true, false]");
  wait (fixture);
  assert_known (fixture, 1, 0);
}

/* Test that of who likes no more than a page holds everything is known after one call, and stays so over
 * changes. */
static void
test_complete (Fixture *fixture, gconstpointer data)
{
  static const gint64 others[] = { 9, 10, 11 };
  guint8 values[3];

  g_assert_false (ask (fixture, values));
  dou_test_services_answer (&fixture->services, "GetFavorites", "[(1, 0, 1000)]",
                            "[(0, [9, 7])]");
  wait (fixture);
  g_assert_cmpuint (values[0], ==, 1);
  g_assert_cmpuint (values[1], ==, 0);
  assert_known (fixture, 1, 0);

  g_assert_true (dou_flags_load (fixture->flags, DOU_FLAG_FAVORITE, 1, others, 3, values, loaded_cb,
                                 fixture));
  g_assert_cmpmem (values, 3, "\1\0\0", 3);
  dou_test_services_emit (&fixture->services, "Social", "FavoritesChanged",
                          "([(int64 1, int64 9, false), (int64 1, int64 11, true)],)");
  g_assert_true (dou_flags_load (fixture->flags, DOU_FLAG_FAVORITE, 1, others, 3, values, loaded_cb,
                                 fixture));
  g_assert_cmpmem (values, 3, "\0\0\1", 3);
}

/* Test that a list that was overtaken by a change answers who has asked, and is not kept. */
static void
test_list_overtaken (Fixture *fixture, gconstpointer data)
{
  guint8 values[2];

  g_assert_false (ask (fixture, values));
  dou_test_services_emit (&fixture->services, "Social", "FavoritesChanged",
                          "([(int64 1, int64 8, true)],)");
  dou_test_services_answer (&fixture->services, "GetFavorites", "[(1, 0, 1000)]", "[(0, [7])]");
  wait (fixture);
  g_assert_cmpuint (values[0], ==, 1);

  g_assert_false (ask (fixture, values));
  dou_test_services_answer (&fixture->services, "GetFavorites", "[(1, 0, 1000)]",
                            "[(0, [7, 8])]");
  wait (fixture);
  assert_known (fixture, 1, 1);
}

/* Test that answers are kept by viewer, kind and target, and only those that are missing asked for. */
static void
test_hit (Fixture *fixture, gconstpointer data)
{
  static const gint64 targets[] = { 9, 7 };
  guint8 values[2];

  learn (fixture);
  assert_known (fixture, 1, 0);

  g_assert_false (dou_flags_load (fixture->flags, DOU_FLAG_FAVORITE, 1, targets, 2, values,
                                  loaded_cb, fixture));
  dou_test_services_answer (&fixture->services, "AreFavorites", "[(1, 9)]", "[true]");
  wait (fixture);
  g_assert_cmpuint (values[0], ==, 1);
  g_assert_cmpuint (values[1], ==, 1);

  g_assert_false (dou_flags_load (fixture->flags, DOU_FLAG_FAVORITE, 2, targets + 1, 1, values,
                                  loaded_cb, fixture));
  dou_test_services_answer (&fixture->services, "GetFavorites", "[(2, 0, 1000)]", "[(0, @ax [])]");
  wait (fixture);
  g_assert_cmpuint (values[0], ==, 0);
  g_assert_false (dou_flags_load (fixture->flags, DOU_FLAG_FOLLOW, 1, targets + 1, 1, values,
                                  loaded_cb, fixture));
  dou_test_services_answer (&fixture->services, "GetFollows", "[(1, 0, 1000)]", "[(0, [8])]");
  wait (fixture);
  g_assert_cmpuint (values[0], ==, 0);
  assert_known (fixture, 1, 0);
}

/* Test that a change is known at once. */
static void
test_change (Fixture *fixture, gconstpointer data)
{
  learn (fixture);
  dou_test_services_emit (&fixture->services, "Social", "FavoritesChanged",
                          "([(int64 1, int64 7, false), (int64 1, int64 8, true)],)");
  assert_known (fixture, 0, 1);
  dou_test_services_emit (&fixture->services, "Social", "FollowsChanged",
                          "([(int64 1, int64 7, true)],)");
  assert_known (fixture, 0, 1);
}

static gboolean
ask_for_feelings (Fixture *fixture, guint8 *values)
{
  static const gint64 comments[] = { 7, 8, 9 };

  return dou_flags_load (fixture->flags, DOU_FLAG_FEELING, 1, comments, 3, values, loaded_cb,
                         fixture);
}

/* Test that of feelings, which have three values and no list, those that were asked for are known, and
 * change when somebody says so. */
static void
test_feelings (Fixture *fixture, gconstpointer data)
{
  guint8 values[3];

  g_assert_false (ask_for_feelings (fixture, values));
  dou_test_services_answer (&fixture->services, "GetFeelings", "[(1, 7), (1, 8), (1, 9)]",
                            "[1, 2, 3]");
  wait (fixture);
  g_assert_cmpint (fixture->status, ==, DOU_STATUS_OK);
  g_assert_cmpmem (values, 3, "\1\2\0", 3);

  dou_test_services_emit (&fixture->services, "Social", "FeelingsChanged",
                          "([(int64 2, int64 7, 3), (1, 8, 3), (1, 9, 2)],)");
  g_assert_true (ask_for_feelings (fixture, values));
  g_assert_cmpmem (values, 3, "\1\0\2", 3);

  dou_test_services_emit (&fixture->services, "Social", "FavoritesChanged",
                          "([(int64 1, int64 7, false)],)");
  g_assert_true (ask_for_feelings (fixture, values));
  g_assert_cmpmem (values, 3, "\1\0\2", 3);
}

static void
assert_any (Fixture *fixture, gint64 viewer, gboolean expected)
{
  gboolean any = !expected;

  g_assert_true (dou_flags_know_any (fixture->flags, DOU_FLAG_APART, viewer, &any));
  g_assert_cmpint (any, ==, expected);
}

/* Test that whether there is anything at all is known after one call, and over changes that concern
 * either of two users; also over one that comes while it is being asked for. */
static void
test_any (Fixture *fixture, gconstpointer data)
{
  gboolean any = TRUE;

  g_assert_false (dou_flags_know_any (fixture->flags, DOU_FLAG_APART, 1, &any));
  dou_flags_load_any (fixture->flags, DOU_FLAG_APART, 1, &any, loaded_cb, fixture);
  dou_test_services_answer (&fixture->services, "GetApart", "[(1, 0, 1000)]", "[(0, [])]");
  wait (fixture);
  g_assert_false (any);
  assert_any (fixture, 1, FALSE);

  dou_test_services_emit (&fixture->services, "Social", "BlocksChanged",
                          "([(int64 2, int64 1, true)],)");
  assert_any (fixture, 1, TRUE);
  g_assert_false (dou_flags_know_any (fixture->flags, DOU_FLAG_APART, 2, &any));
  dou_test_services_emit (&fixture->services, "Social", "BlocksChanged",
                          "([(int64 1, int64 2, true), (2, 1, false)],)");
  assert_any (fixture, 1, FALSE);

  dou_flags_load_any (fixture->flags, DOU_FLAG_APART, 3, &any, loaded_cb, fixture);
  dou_test_services_emit (&fixture->services, "Social", "BlocksChanged",
                          "([(int64 3, int64 4, true), (3, 5, true), (3, 5, false)],)");
  dou_test_services_answer (&fixture->services, "GetApart", "[(3, 0, 1000)]", "[(0, [])]");
  wait (fixture);
  assert_any (fixture, 3, TRUE);
  dou_test_services_emit (&fixture->services, "Social", "BlocksChanged",
                          "([(int64 3, int64 4, false)],)");
  g_assert_false (dou_flags_know_any (fixture->flags, DOU_FLAG_APART, 3, &any));

  dou_flags_load_any (fixture->flags, DOU_FLAG_APART, 3, &any, loaded_cb, fixture);
  dou_test_services_answer (&fixture->services, "GetApart", "[(3, 0, 1000)]", "[(9, [8])]");
  wait (fixture);
  g_assert_true (any);
  assert_any (fixture, 3, TRUE);
  dou_test_services_restart (&fixture->services);
  g_assert_false (dou_flags_know_any (fixture->flags, DOU_FLAG_APART, 3, &any));
}

/* Test that a reply that was overtaken by a change does not undo it. */
static void
test_overtaken (Fixture *fixture, gconstpointer data)
{
  guint8 values[2];
  const gint64 video = 8;

  g_assert_false (ask (fixture, values));
  answer_long_list (fixture);
  dou_test_services_emit (&fixture->services, "Social", "FavoritesChanged",
                          "([(int64 1, int64 8, true)],)");
  dou_test_services_answer (&fixture->services, "AreFavorites", "[(1, 7), (1, 8)]",
                            "[true, false]");
  wait (fixture);

  g_assert_true (dou_flags_load (fixture->flags, DOU_FLAG_FAVORITE, 1, &video, 1, values, loaded_cb,
                                 fixture));
  g_assert_cmpuint (values[0], ==, 1);
}

/* Test that a lost service takes with it what it has told, and what it is asked for. */
static void
test_lost (Fixture *fixture, gconstpointer data)
{
  guint8 values[2];

  learn (fixture);
  dou_test_services_restart (&fixture->services);
  g_assert_cmpuint (dou_flags_get_size (fixture->flags), ==, 0);

  g_assert_false (ask (fixture, values));
  answer_long_list (fixture);
  dou_test_services_answer (&fixture->services, "AreFavorites", "[(1, 7), (1, 8)]",
                            "[true, false]");
  dou_test_services_restart (&fixture->services);
  wait (fixture);
  learn (fixture);
}

/* Test that the flags of one viewer are bounded, and are right up to the bound and beyond. */
static void
test_many_targets (Fixture *fixture, gconstpointer data)
{
  guint8 values[2];

  learn (fixture);
  for (gint64 video = 100; video < 100 + 3 * DOU_FLAGS_MAX_OF_VIEWER; video++)
    {
      g_autofree char *arguments = g_strdup_printf (
          "([(int64 1, int64 %" G_GINT64_FORMAT ", %s)],)", video, video % 3 == 0 ? "true" : "false");
      gboolean known;

      dou_test_services_emit (&fixture->services, "Social", "FavoritesChanged", arguments);
      known = dou_flags_load (fixture->flags, DOU_FLAG_FAVORITE, 1, &video, 1, values, loaded_cb,
                              fixture);
      g_assert_true (known);
      g_assert_cmpuint (values[0], ==, video % 3 == 0);
    }
  g_assert_cmpuint (dou_flags_get_size (fixture->flags), <, 64 * 1024);
}

/* Test that a list that comes into a table with many others, which therefore begins anew amid it, does not count as
 * all that there is. */
static void
test_list_amid_many (Fixture *fixture, gconstpointer data)
{
  GString *changes = g_string_new ("([(int64 1, int64 99, false)");
  GString *list = g_string_new ("[(0, [7, 8");
  guint8 values[2];

  /* All of these come while the list is asked for, so that it is not kept. */
  g_assert_false (ask (fixture, values));
  for (guint i = 0; i < 1500; i++)
    g_string_append_printf (changes, ", (1, %u, false)", 10000 + i);
  g_string_append (changes, "],)");
  dou_test_services_emit (&fixture->services, "Social", "FavoritesChanged", changes->str);
  dou_test_services_answer (&fixture->services, "GetFavorites", "[(1, 0, 1000)]", "[(0, [7, 8])]");
  wait (fixture);

  /* These 900 are all that user 1 likes. */
  g_assert_false (ask (fixture, values));
  for (guint i = 0; i < 898; i++)
    g_string_append_printf (list, ", %u", 20000 + i);
  g_string_append (list, "])]");
  dou_test_services_answer (&fixture->services, "GetFavorites", "[(1, 0, 1000)]", list->str);
  wait (fixture);
  g_assert_cmpuint (values[0], ==, 1);

  assert_known (fixture, 1, 1);
  g_string_free (changes, TRUE);
  g_string_free (list, TRUE);
}

/* Test that all viewers together stay below the bound, also if it is none at all. */
static void
test_many_viewers (Fixture *fixture, gconstpointer data)
{
  static const gsize bounds[] = { 0, 10000 };

  for (gsize i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      g_autoptr (DouFlags) flags
          = dou_flags_new (fixture->services.backend, fixture->services.watch, bounds[i]);

      for (gint64 viewer = 1; viewer <= 50; viewer++)
        {
          g_autofree char *pairs = g_strdup_printf ("[(%" G_GINT64_FORMAT ", 7)]", viewer);
          g_autofree char *list = g_strdup_printf ("[(%" G_GINT64_FORMAT ", 0, 1000)]", viewer);
          const gint64 video = 7;
          guint8 value = 0;

          g_assert_false (dou_flags_load (flags, DOU_FLAG_FAVORITE, viewer, &video, 1, &value,
                                          loaded_cb, fixture));
          if (bounds[i] == 0)
            dou_test_services_answer (&fixture->services, "AreFavorites", pairs, "[true]");
          else
            dou_test_services_answer (&fixture->services, "GetFavorites", list, "[(0, [7])]");
          wait (fixture);
          g_assert_cmpuint (value, ==, 1);
          g_assert_cmpuint (dou_flags_get_size (flags), <=, bounds[i]);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/gateway/flags/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("error", test_error);
  ADD ("complete", test_complete);
  ADD ("list-overtaken", test_list_overtaken);
  ADD ("hit", test_hit);
  ADD ("change", test_change);
  ADD ("feelings", test_feelings);
  ADD ("any", test_any);
  ADD ("overtaken", test_overtaken);
  ADD ("lost", test_lost);
  ADD ("many-targets", test_many_targets);
  ADD ("list-amid-many", test_list_amid_many);
  ADD ("many-viewers", test_many_viewers);

  return g_test_run ();
}
