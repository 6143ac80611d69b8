/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <json-glib/json-glib.h>

#include "bench/dou-bench-fill.h"
#include "chat/dou-chat-store.h"
#include "lib/dou-test-dir.h"
#include "social/dou-social-store.h"
#include "user/dou-user-store.h"
#include "video/dou-video-store.h"

typedef struct
{
  char *directory; /* (owned) */
  const DouBenchSet *set;
  guint64 done;
  guint64 total;
} Fixture;

static void
progress_cb (guint64 done, guint64 total, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_cmpuint (done, >, fixture->done);
  g_assert_cmpuint (done, <=, total);
  fixture->done = done;
  fixture->total = total;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->set = dou_bench_set_find ("tiny");
  g_assert_nonnull (fixture->set);
  dou_bench_fill (fixture->set, fixture->directory, progress_cb, fixture, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_dir_remove (fixture->directory);
}

static DouDatabaseAddress *
get_address (Fixture *fixture, const char *domain)
{
  return dou_database_address_new_in (fixture->directory, domain);
}

/* Test that there are as many users and messages as the set says, and that progress is told to its
 * end. */
static void
test_users_and_messages (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouDatabaseAddress) users = get_address (fixture, "user");
  g_autoptr (DouDatabaseAddress) messages = get_address (fixture, "chat");
  g_autoptr (GError) error = NULL;
  g_autoptr (DouUserStore) user_store = dou_user_store_open (users, &error);
  g_autoptr (DouChatStore) chat_store = dou_chat_store_open (messages, &error);

  g_assert_no_error (error);
  g_assert_cmpint (dou_user_store_count (user_store, &error), ==, fixture->set->users);
  g_assert_no_error (error);
  g_assert_cmpint (dou_chat_store_count (chat_store, &error), ==, fixture->set->users);
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->done, ==, fixture->total);
}

/* Test that likes, comments and follows are there, none twice. */
static void
test_social (Fixture *fixture, gconstpointer data)
{
  const DouBenchSet *set = fixture->set;
  g_autoptr (DouDatabaseAddress) path = get_address (fixture, "social");
  g_autoptr (GError) error = NULL;
  g_autoptr (DouSocialStore) store = dou_social_store_open (path, &error);
  DouSocialCounts totals;

  g_assert_no_error (error);
  dou_social_store_count (store, &totals, &error);
  g_assert_no_error (error);
  g_assert_cmpint (totals.favorites, ==, set->users * set->likes_per_user);
  g_assert_cmpint (totals.comments, ==, set->commented_videos * DOU_BENCH_COMMENTS_PER_VIDEO);
  /* A few follow the star twice over, which counts once. */
  g_assert_cmpint (totals.follows, >, set->users * set->follows_per_user + set->users * 9 / 10);
  g_assert_cmpint (totals.follows, <, set->users * (set->follows_per_user + 1));
}

static void
counted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gint64 *n_videos = user_data;
  DouVideoCounts counts;
  g_autoptr (GError) error = NULL;

  dou_video_store_count_finish (DOU_VIDEO_STORE (source), result, &counts, &error);
  g_assert_no_error (error);
  g_assert_cmpint (counts.pending, ==, 0);
  *n_videos = counts.videos;
}

/* Test that there are as many videos as the set says, and none that is still to be worked on. */
static void
test_videos (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouDatabaseAddress) path = get_address (fixture, "video");
  g_autoptr (DouClock) clock = dou_system_clock_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DouVideoStore) store = dou_video_store_open (path, clock, &error);
  gint64 n_videos = -1;

  g_assert_no_error (error);
  dou_video_store_count_async (store, counted_cb, &n_videos);
  while (n_videos < 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (n_videos, ==, fixture->set->videos);
}

/* Test that sets describe themselves, and have keys of their own. */
static void
test_describe (void)
{
  const char *const names[] = { "tiny", "small", "large" };
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_assert_null (dou_bench_set_find ("huge"));
  g_assert_null (dou_bench_set_find (NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const DouBenchSet *set = dou_bench_set_find (names[i]);
      g_autoptr (GError) error = NULL;
      g_autofree char *text = dou_bench_set_describe (set, &error);
      g_autoptr (JsonNode) node = NULL;
      JsonObject *object;

      g_assert_no_error (error);
      node = json_from_string (text, &error);
      g_assert_no_error (error);
      object = json_node_get_object (node);
      g_assert_cmpint (json_object_get_int_member (object, "users"), ==, set->users);
      g_assert_true (g_hash_table_add (keys, g_strdup (json_object_get_string_member (object, "key"))));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/bench/fill/users-and-messages", Fixture, NULL, set_up, test_users_and_messages,
              tear_down);
  g_test_add ("/bench/fill/social", Fixture, NULL, set_up, test_social, tear_down);
  g_test_add ("/bench/fill/videos", Fixture, NULL, set_up, test_videos, tear_down);
  g_test_add_func ("/bench/fill/describe", test_describe);

  return g_test_run ();
}
