/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-database-transaction.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"
#include "social/dou-social-codec.h"
#include "social/dou-social-manager-reports.h"

#include "dou-social-fixture.h"

typedef struct
{
  const char *name;
  const char *type;
  GArray *(*decode) (GVariant *argument);
  void (*start) (DouSocialManager *manager, GArray *items, GAsyncReadyCallback callback,
                 gpointer user_data);
  GArray *(*finish) (DouSocialManager *manager, GAsyncResult *result, GError **error);
  GVariant *(*encode) (GArray *results);
} Method;

#define START(name, call)                                                                          \
  static void start_##name (DouSocialManager *manager, GArray *items,                              \
                            GAsyncReadyCallback callback, gpointer user_data)                      \
  {                                                                                                \
    call;                                                                                          \
  }
#define START_KIND(name, function, kind)                                                           \
  START (name,                                                                                     \
         dou_social_manager_##function##_async (manager, kind, items, NULL, callback, user_data))
#define START_ITEMS(name)                                                                          \
  START (name, dou_social_manager_##name##_async (manager, items, NULL, callback, user_data))

START_KIND (set_favorites, set_links, DOU_SOCIAL_FAVORITES)
START_KIND (set_follows, set_links, DOU_SOCIAL_FOLLOWS)
START_KIND (set_blocks, set_links, DOU_SOCIAL_BLOCKS)
START_KIND (are_favorites, are_links, DOU_SOCIAL_FAVORITES)
START_KIND (are_follows, are_links, DOU_SOCIAL_FOLLOWS)
START_KIND (are_apart, are_links, DOU_SOCIAL_BLOCKS)
START_KIND (get_favorites, list, DOU_SOCIAL_LIST_FAVORITES)
START_KIND (get_follows, list, DOU_SOCIAL_LIST_FOLLOWS)
START_KIND (get_followers, list, DOU_SOCIAL_LIST_FOLLOWERS)
START_KIND (get_friends, list, DOU_SOCIAL_LIST_FRIENDS)
START_KIND (get_blocks, list, DOU_SOCIAL_LIST_BLOCKS)
START_KIND (get_apart, list, DOU_SOCIAL_LIST_APART)
START_ITEMS (list_comments)
START_ITEMS (count_videos)
START_ITEMS (count_users)
START_ITEMS (add_comments)
START_ITEMS (delete_comments)
START_ITEMS (set_feelings)
START_ITEMS (get_feelings)
START_ITEMS (add_reports)
START_ITEMS (remove_videos)
START_ITEMS (remove_users)

static const Method methods[] = {
  { "SetFavorites", "a(xxxb)", dou_social_decode_favorites, start_set_favorites,
    dou_social_manager_set_links_finish, dou_social_encode_statuses },
  { "SetFollows", "a(xxb)", dou_social_decode_follows, start_set_follows,
    dou_social_manager_set_links_finish, dou_social_encode_statuses },
  { "SetBlocks", "a(xxb)", dou_social_decode_follows, start_set_blocks,
    dou_social_manager_set_links_finish, dou_social_encode_statuses },
  { "AreFavorites", "a(xx)", dou_social_decode_pairs, start_are_favorites,
    dou_social_manager_are_links_finish, dou_social_encode_booleans },
  { "AreFollows", "a(xx)", dou_social_decode_pairs, start_are_follows,
    dou_social_manager_are_links_finish, dou_social_encode_booleans },
  { "AreApart", "a(xx)", dou_social_decode_pairs, start_are_apart,
    dou_social_manager_are_links_finish, dou_social_encode_booleans },
  { "GetFavorites", "a(xxu)", dou_social_decode_page_requests, start_get_favorites,
    dou_social_manager_list_finish, dou_social_encode_pages },
  { "GetFollows", "a(xxu)", dou_social_decode_page_requests, start_get_follows,
    dou_social_manager_list_finish, dou_social_encode_pages },
  { "GetFollowers", "a(xxu)", dou_social_decode_page_requests, start_get_followers,
    dou_social_manager_list_finish, dou_social_encode_pages },
  { "GetFriends", "a(xxu)", dou_social_decode_page_requests, start_get_friends,
    dou_social_manager_list_finish, dou_social_encode_pages },
  { "GetBlocks", "a(xxu)", dou_social_decode_page_requests, start_get_blocks,
    dou_social_manager_list_finish, dou_social_encode_pages },
  { "GetApart", "a(xxu)", dou_social_decode_page_requests, start_get_apart,
    dou_social_manager_list_finish, dou_social_encode_pages },
  { "GetComments", "a(xxu)", dou_social_decode_page_requests, start_list_comments,
    dou_social_manager_list_comments_finish, dou_social_encode_comment_pages },
  { "GetVideoCounts", "ax", dou_social_decode_ids, start_count_videos,
    dou_social_manager_count_videos_finish, dou_social_encode_video_counts },
  { "GetUserCounts", "ax", dou_social_decode_ids, start_count_users,
    dou_social_manager_count_users_finish, dou_social_encode_user_counts },
  { "AddComments", "a(xxxxss)", dou_social_decode_drafts, start_add_comments,
    dou_social_manager_add_comments_finish, dou_social_encode_draft_outcomes },
  { "DeleteComments", "a(xxxx)", dou_social_decode_deletions, start_delete_comments,
    dou_social_manager_delete_comments_finish, dou_social_encode_statuses },
  { "SetFeelings", "a(xxi)", dou_social_decode_feelings, start_set_feelings,
    dou_social_manager_set_feelings_finish, dou_social_encode_statuses },
  { "GetFeelings", "a(xx)", dou_social_decode_pairs, start_get_feelings,
    dou_social_manager_get_feelings_finish, dou_social_encode_feeling_kinds },
  { "AddReports", "a(xixs)", dou_social_decode_reports, start_add_reports,
    dou_social_manager_add_reports_finish, dou_social_encode_statuses },
  { "RemoveVideos", "ax", dou_social_decode_ids, start_remove_videos,
    dou_social_manager_remove_videos_finish, dou_social_encode_statuses },
  { "RemoveUsers", "ax", dou_social_decode_ids, start_remove_users,
    dou_social_manager_remove_users_finish, dou_social_encode_statuses },
};

static const Method *
find_method (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    if (g_str_equal (methods[i].name, name))
      return &methods[i];

  g_assert_not_reached ();
}

static void
tell (DouSocialFixture *self, const char *what, GVariant *items)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (items);
  g_autofree char *text = g_variant_print (owned, FALSE);

  g_string_append_printf (self->told, "%s%s %s", self->told->len > 0 ? " " : "", what, text);
}

static void
videos_changed_cb (DouSocialManager *manager, GArray *ids, gpointer user_data)
{
  tell (user_data, "videos", dou_social_encode_ids (ids));
}

static void
users_changed_cb (DouSocialManager *manager, GArray *ids, gpointer user_data)
{
  tell (user_data, "users", dou_social_encode_ids (ids));
}

static void
favorites_changed_cb (DouSocialManager *manager, GArray *links, gpointer user_data)
{
  tell (user_data, "favorites", dou_social_encode_links (links));
}

static void
follows_changed_cb (DouSocialManager *manager, GArray *links, gpointer user_data)
{
  tell (user_data, "follows", dou_social_encode_links (links));
}

static void
blocks_changed_cb (DouSocialManager *manager, GArray *links, gpointer user_data)
{
  tell (user_data, "blocks", dou_social_encode_links (links));
}

/**
 * dou_social_fixture_start:
 * @self: a fixture that is stopped
 *
 * Opens the store, as a new process would.
 */
void
dou_social_fixture_start (DouSocialFixture *self)
{
  g_autoptr (GError) error = NULL;

  self->store = dou_social_store_open (self->address, &error);
  g_assert_no_error (error);
  self->manager = dou_social_manager_new (self->store, DOU_CLOCK (self->clock), &error);
  g_assert_no_error (error);
  g_signal_connect (self->manager, "videos-changed", G_CALLBACK (videos_changed_cb), self);
  g_signal_connect (self->manager, "users-changed", G_CALLBACK (users_changed_cb), self);
  g_signal_connect (self->manager, "favorites-changed", G_CALLBACK (favorites_changed_cb), self);
  g_signal_connect (self->manager, "follows-changed", G_CALLBACK (follows_changed_cb), self);
  g_signal_connect (self->manager, "blocks-changed", G_CALLBACK (blocks_changed_cb), self);
}

/**
 * dou_social_fixture_stop:
 * @self: a fixture that was started
 *
 * Closes everything, and sees that nothing stays behind.
 */
void
dou_social_fixture_stop (DouSocialFixture *self)
{
  dou_social_store_close (self->store);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (self->manager);
  g_assert_finalize_object (self->store);
}

void
dou_social_fixture_set_up (DouSocialFixture *self, gconstpointer data)
{
  self->directory = dou_test_dir_new ();
  self->address = dou_test_engine_create (self->directory, "social");
  self->clock = dou_manual_clock_new (DOU_SOCIAL_FIXTURE_NOW);
  self->told = g_string_new (NULL);
  dou_social_fixture_start (self);
}

void
dou_social_fixture_tear_down (DouSocialFixture *self, gconstpointer data)
{
  dou_social_fixture_stop (self);
  dou_test_dir_remove (self->directory);
  dou_test_engine_remove (self->address);
  g_object_unref (self->clock);
  g_string_free (self->told, TRUE);
}

/**
 * dou_social_fixture_run_sql:
 * @self: a fixture
 * @sql: one statement
 *
 * Does to the file what nobody should, while the store has it open.
 */
void
dou_social_fixture_run_sql (DouSocialFixture *self, const char *sql)
{
  g_autoptr (DouTransaction) transaction = NULL;
  g_autoptr (GError) error = NULL;

  transaction = dou_transaction_open (self->address, &error);
  g_assert_no_error (error);
  g_assert_true (dou_transaction_run_sql (transaction, sql, &error));
  g_assert_no_error (error);
}

/**
 * dou_social_fixture_call:
 * @self: a fixture
 * @method: its name on the bus
 * @items: what it takes
 * @error: return location
 *
 * Returns: (transfer full): what it answers, or %NULL
 */
GArray *
dou_social_fixture_call (DouSocialFixture *self, const char *method, GArray *items, GError **error)
{
  const Method *found = find_method (method);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  found->start (self->manager, items, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  return found->finish (self->manager, result, error);
}

/**
 * dou_social_fixture_assert:
 * @self: a fixture
 * @method: its name on the bus
 * @items: what it takes, as a GVariant text
 * @expected: what it is to answer, in the same way
 */
void
dou_social_fixture_assert (DouSocialFixture *self, const char *method, const char *items,
                           const char *expected)
{
  const Method *found = find_method (method);
  g_autoptr (GVariant) argument = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GArray) decoded = NULL;
  g_autoptr (GArray) results = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  argument = g_variant_parse (G_VARIANT_TYPE (found->type), items, NULL, NULL, &error);
  g_assert_no_error (error);
  decoded = found->decode (argument);
  results = dou_social_fixture_call (self, method, decoded, &error);
  g_assert_no_error (error);
  reply = g_variant_ref_sink (found->encode (results));
  text = g_variant_print (reply, FALSE);
  g_assert_cmpstr (text, ==, expected);
}

/**
 * dou_social_fixture_assert_told:
 * @self: a fixture
 * @expected: signals since the last time
 */
void
dou_social_fixture_assert_told (DouSocialFixture *self, const char *expected)
{
  g_assert_cmpstr (self->told->str, ==, expected);
  g_string_truncate (self->told, 0);
}

/**
 * dou_social_fixture_assert_recount:
 * @self: a fixture
 * @expected: how many counters are wrong
 */
void
dou_social_fixture_assert_recount (DouSocialFixture *self, gint64 expected)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 n_wrong;

  dou_social_manager_recount_async (self->manager, NULL, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  n_wrong = dou_social_manager_recount_finish (self->manager, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n_wrong, ==, expected);
}

/**
 * dou_social_fixture_assert_totals:
 * @self: a fixture
 * @favorites: likes that the manager believes in
 * @comments: comments
 * @follows: follows
 */
void
dou_social_fixture_assert_totals (DouSocialFixture *self, gint64 favorites, gint64 comments,
                                  gint64 follows)
{
  gint64 counted[3];

  g_object_get (self->manager, "favorite-count", &counted[0], "comment-count", &counted[1],
                "follow-count", &counted[2], NULL);
  g_assert_cmpint (counted[0], ==, favorites);
  g_assert_cmpint (counted[1], ==, comments);
  g_assert_cmpint (counted[2], ==, follows);
}
