/* SPDX-License-Identifier: Apache-2.0 */

/* Everything that writers have written, read through the endpoints and compared: with what they were told,
 * with what the counters say, and with the files on the disk. */

#include "config.h"

#include <string.h>

#include "integration/dou-test-audit.h"
#include "lib/dou-test-http.h"

/* Seconds that the video service may take to clear up what it was killed over. */
#define CLEAR_UP_TIMEOUT 60

typedef struct
{
  DouTestDaemon *server;   /* (unowned) */
  DouTestWriters *writers; /* (unowned) */
  DouTestHttp *http;       /* (owned) */
  GHashTable *n_likes;     /* (owned) (element-type gint64 guint) lists that hold a video */
  GHashTable *videos;      /* (owned) (element-type gint64) all of them */
} Audit;

/* Called for each element of a list. */
typedef void (*ElementFunc) (Audit *audit, JsonObject *element, gpointer data);

static char *
to_text (gint64 id)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, id);
}

/* Reads a whole list, page by page, and returns how many elements it has. */
static guint
read_list (Audit *audit, const char *path, const char *member, const char *parameter, gint64 id,
           ElementFunc func, gpointer data)
{
  g_autofree char *text = to_text (id);
  g_autofree char *cursor = g_strdup ("");
  guint n = 0;

  while (cursor != NULL)
    {
      g_autoptr (JsonObject) answer = dou_test_http_call (
          audit->http, "GET", path, parameter, text, "cursor", cursor, NULL);
      JsonArray *elements = json_object_get_array_member (answer, member);

      g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
      for (guint i = 0; i < json_array_get_length (elements); i++, n++)
        func (audit, json_array_get_object_element (elements, i), data);
      g_free (cursor);
      cursor
          = g_strdup (json_object_get_string_member_with_default (answer, "next_cursor", NULL));
    }

  return n;
}

/* A set of ids, of which no list may have one twice. */
static void
collect_id (Audit *audit, JsonObject *element, gpointer data)
{
  gint64 id = json_object_get_int_member (element, "id");

  g_assert_true (g_hash_table_add (data, g_memdup2 (&id, sizeof id)));
}

static GHashTable *
new_ids (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

static void
count_like (Audit *audit, JsonObject *video, gpointer data)
{
  gint64 id = json_object_get_int_member (video, "id");
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (audit->n_likes, &id));

  collect_id (audit, video, data);
  g_hash_table_replace (audit->n_likes, g_memdup2 (&id, sizeof id), GUINT_TO_POINTER (n + 1));
}

static void
find_text (Audit *audit, const char *text)
{
  if (!dou_test_writers_find_text (audit->writers, text))
    g_error ("%s is there twice, or was never written", text);
}

static void
find_comment (Audit *audit, JsonObject *comment, gpointer data)
{
  collect_id (audit, comment, data);
  find_text (audit, json_object_get_string_member (comment, "content"));
}

/* What an answer says that is told is true of a set. */
static void
check_set (const DouTestSet *set, gboolean is_listed, const char *what, guint writer, guint other)
{
  if (!set->is_uncertain && set->value != is_listed)
    g_error ("Of writer %u, %s %u was answered as %s, and is not", writer, what, other,
             set->value ? "done" : "undone");
}

static void
check_media (Audit *audit, JsonObject *video)
{
  const char *const members[] = { "play_url", "cover_url" };

  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    g_bytes_unref (dou_test_http_fetch (
        audit->http, "HEAD", json_object_get_string_member (video, members[i]), NULL, 200, NULL));
}

/* A video: its title is found, it plays, and its comments are as many as it says. */
static void
check_video (Audit *audit, JsonObject *video, gpointer total_favorited)
{
  gint64 id = json_object_get_int_member (video, "id");
  gint64 n_likes = GPOINTER_TO_UINT (g_hash_table_lookup (audit->n_likes, &id));
  g_autoptr (GHashTable) comments = new_ids ();

  find_text (audit, json_object_get_string_member (video, "title"));
  check_media (audit, video);
  collect_id (audit, video, audit->videos);
  g_assert_cmpint (json_object_get_int_member (video, "favorite_count"), ==, n_likes);
  g_assert_cmpint (json_object_get_int_member (video, "comment_count"), ==,
                   read_list (audit, "/douyin/comment/list/", "comment_list", "video_id", id,
                              find_comment, comments));
  *(gint64 *) total_favorited += n_likes;
}

static void
check_likes (Audit *audit, guint writer)
{
  gint64 user = dou_test_writers_get_user (audit->writers, writer);
  g_autoptr (GHashTable) liked = new_ids ();

  read_list (audit, "/douyin/favorite/list/", "video_list", "user_id", user, count_like, liked);
  for (guint i = 0; i < DOU_TEST_N_TARGETS; i++)
    {
      gint64 target = dou_test_writers_get_target (audit->writers, i);

      check_set (dou_test_writers_get_like (audit->writers, writer, i),
                 g_hash_table_contains (liked, &target), "the like of", writer, i);
    }
}

static void
check_number (JsonObject *user, const char *member, gint64 expected)
{
  g_assert_cmpint (json_object_get_int_member (user, member), ==, expected);
}

static void
check_user (Audit *audit, guint writer)
{
  gint64 user = dou_test_writers_get_user (audit->writers, writer);
  g_autofree char *id = to_text (user);
  g_autoptr (JsonObject) answer
      = dou_test_http_call (audit->http, "GET", "/douyin/user/", "user_id", id, NULL);
  JsonObject *profile = json_object_get_object_member (answer, "user");
  g_autoptr (GHashTable) followed = new_ids ();
  g_autoptr (GHashTable) followers = new_ids ();
  g_autoptr (GHashTable) liked = new_ids ();
  gint64 total_favorited = 0;

  check_number (profile, "follow_count",
                read_list (audit, "/douyin/relation/follow/list/", "user_list", "user_id", user,
                           collect_id, followed));
  check_number (profile, "follower_count",
                read_list (audit, "/douyin/relation/follower/list/", "user_list", "user_id", user,
                           collect_id, followers));
  check_number (profile, "favorite_count",
                read_list (audit, "/douyin/favorite/list/", "video_list", "user_id", user,
                           collect_id, liked));
  check_number (profile, "work_count",
                read_list (audit, "/douyin/publish/list/", "video_list", "user_id", user,
                           check_video, &total_favorited));
  check_number (profile, "total_favorited", total_favorited);

  for (guint i = 0; i < DOU_TEST_N_WRITERS; i++)
    {
      gint64 other = dou_test_writers_get_user (audit->writers, i);

      check_set (dou_test_writers_get_follow (audit->writers, writer, i),
                 g_hash_table_contains (followed, &other), "the follow of", writer, i);
    }
}

/* What a writer has written to the next one. */
static void
check_messages (Audit *audit, guint writer)
{
  gint64 next = dou_test_writers_get_user (audit->writers, (writer + 1) % DOU_TEST_N_WRITERS);
  g_autofree char *id = to_text (next);
  gint64 last = 1;
  guint n;

  do
    {
      g_autofree char *after = to_text (last);
      g_autoptr (JsonObject) answer = dou_test_http_call (
          audit->http, "GET", "/douyin/message/chat/", "token",
          dou_test_writers_get_token (audit->writers, writer), "to_user_id", id, "pre_msg_time",
          after, "both", "1", NULL);
      JsonArray *messages = json_object_get_array_member (answer, "message_list");

      g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
      n = json_array_get_length (messages);
      for (guint i = 0; i < n; i++)
        {
          JsonObject *message = json_array_get_object_element (messages, i);

          find_text (audit, json_object_get_string_member (message, "content"));
          g_assert_cmpint (json_object_get_int_member (message, "create_time"), >, last);
          last = json_object_get_int_member (message, "create_time");
        }
    }
  while (n > 0);
}

/* Counts what is on the disk or in the object store, each of which must be that of a video. */
static void
count_files (Audit *audit, GPtrArray *names, guint *n_videos, guint *n_covers)
{
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      gint64 id = g_ascii_strtoll (strrchr (name, '/') + 1, NULL, 10);

      *n_videos += g_str_has_prefix (name, "video/");
      *n_covers += g_str_has_prefix (name, "cover/");
      if (!g_hash_table_contains (audit->videos, &id))
        g_error ("%s belongs to no video", name);
    }
}

static gboolean
is_working (GPtrArray *names)
{
  for (guint i = 0; i < names->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (names, i), "work/"))
      return TRUE;

  return FALSE;
}

static void
check_files (Audit *audit)
{
  gint64 deadline = g_get_monotonic_time () + CLEAR_UP_TIMEOUT * G_TIME_SPAN_SECOND;
  g_autoptr (GPtrArray) names = dou_test_daemon_list_media (audit->server);
  guint n_videos = 0, n_covers = 0;

  while (is_working (names))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (10000);
      g_ptr_array_unref (names);
      names = dou_test_daemon_list_media (audit->server);
    }
  count_files (audit, names, &n_videos, &n_covers);
  g_assert_cmpuint (n_videos, ==, g_hash_table_size (audit->videos));
  g_assert_cmpuint (n_covers, ==, g_hash_table_size (audit->videos));
}

/**
 * dou_test_audit:
 * @server: a server that runs
 * @writers: who have written on it, and do not at the moment
 *
 * Asserts that every acknowledged write is there once, everything else once at most; that counters equal the
 * lists, and a recount; and that there is a file for each video, and none besides.
 */
void
dou_test_audit (DouTestDaemon *server, DouTestWriters *writers)
{
  Audit audit = { .server = server, .writers = writers };

  audit.http = dou_test_http_new (dou_test_daemon_get_url (server), 1);
  audit.videos = new_ids ();
  audit.n_likes = new_ids ();
  for (guint i = 0; i < DOU_TEST_N_WRITERS; i++)
    check_likes (&audit, i);
  for (guint i = 0; i < DOU_TEST_N_WRITERS; i++)
    {
      check_user (&audit, i);
      check_messages (&audit, i);
    }
  dou_test_writers_assert_found (writers);
  check_files (&audit);
  g_assert_cmpint (dou_test_daemon_recount (server), ==, 0);

  g_hash_table_unref (audit.n_likes);
  g_hash_table_unref (audit.videos);
  dou_test_http_free (audit.http);
}
