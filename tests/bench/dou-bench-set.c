/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <glib/gstdio.h>

#include "bench/dou-bench-set.h"
#include "chat/dou-chat-store.h"
#include "common/dou-json-writer.h"
#include "social/dou-social-store.h"
#include "user/dou-user-store.h"
#include "video/dou-video-store.h"

/* Goes up when what is filled in changes, so that no old set is taken for a new one. */
#define GENERATOR_VERSION 1

static const DouBenchSet sets[] = {
  { .name = "tiny",
    .users = 100,
    .videos = 100,
    .likes_per_user = 5,
    .follows_per_user = 3,
    .has_star = TRUE,
    .commented_videos = 50,
    .commented_video_gap = 2 },
  { .name = "small",
    .users = 1000,
    .videos = 1000,
    .likes_per_user = 20,
    .follows_per_user = 10,
    .commented_videos = 1000,
    .commented_video_gap = 1 },
  { .name = "large",
    .users = 1000000,
    .videos = 1000000,
    .likes_per_user = 10,
    .follows_per_user = 2,
    .has_star = TRUE,
    .commented_videos = 50000,
    .commented_video_gap = 20 },
};

/**
 * dou_bench_set_find:
 * @name: “tiny”, “small” or “large”
 *
 * Returns: (transfer none) (nullable): the set of that name
 */
const DouBenchSet *
dou_bench_set_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (sets); i++)
    if (g_strcmp0 (sets[i].name, name) == 0)
      return &sets[i];

  return NULL;
}

/* The versions of all schemas, as new databases tell them. */
static char *
get_schemas (const char *directory, GError **error)
{
  g_autoptr (DouDatabaseAddress) user_address = dou_database_address_new_in (directory, "user");
  g_autoptr (DouDatabaseAddress) video_address = dou_database_address_new_in (directory, "video");
  g_autoptr (DouDatabaseAddress) social_address = dou_database_address_new_in (directory, "social");
  g_autoptr (DouDatabaseAddress) chat_address = dou_database_address_new_in (directory, "chat");
  g_autoptr (DouClock) clock = dou_system_clock_new ();
  g_autoptr (DouUserStore) user = NULL;
  g_autoptr (DouVideoStore) video = NULL;
  g_autoptr (DouSocialStore) social = NULL;
  g_autoptr (DouChatStore) chat = NULL;

  if ((user = dou_user_store_open (user_address, error)) == NULL
      || (video = dou_video_store_open (video_address, clock, error)) == NULL
      || (social = dou_social_store_open (social_address, error)) == NULL
      || (chat = dou_chat_store_open (chat_address, error)) == NULL)
    return NULL;

  return g_strdup_printf ("%u.%u.%u.%u", dou_user_store_get_schema_version (user),
                          dou_video_store_get_schema_version (video),
                          dou_social_store_get_schema_version (social),
                          dou_chat_store_get_schema_version (chat));
}

static void
remove_directory (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_unlink (file);
    }
  g_rmdir (path);
}

/**
 * dou_bench_set_get_key:
 * @self: a set
 * @error: return location
 *
 * Returns: (transfer full): a name for what the set is made of and for the schemas it is kept in: a
 *   directory of this name can be used again; or %NULL
 */
char *
dou_bench_set_get_key (const DouBenchSet *self, GError **error)
{
  g_autofree char *directory = g_dir_make_tmp ("doutok-bench-XXXXXX", error);
  g_autofree char *schemas = directory != NULL ? get_schemas (directory, error) : NULL;

  if (directory != NULL)
    remove_directory (directory);

  return schemas != NULL
             ? g_strdup_printf ("%s-%d-%s", self->name, GENERATOR_VERSION, schemas)
             : NULL;
}

static void
write_member (DouJsonWriter *writer, const char *name, gint64 value)
{
  dou_json_writer_name (writer, name);
  dou_json_writer_int64 (writer, value);
}

/**
 * dou_bench_set_describe:
 * @self: a set
 * @error: return location
 *
 * Returns: (transfer full): as JSON, what scripts need in order to ask for what is in it; or %NULL
 */
char *
dou_bench_set_describe (const DouBenchSet *self, GError **error)
{
  g_autofree char *key = dou_bench_set_get_key (self, error);
  g_auto (DouJsonWriter) writer = { 0 };

  if (key == NULL)
    return NULL;

  dou_json_writer_init (&writer, 1024);
  dou_json_writer_begin_object (&writer);
  dou_json_writer_name (&writer, "key");
  dou_json_writer_string (&writer, key);
  dou_json_writer_name (&writer, "password");
  dou_json_writer_string (&writer, DOU_BENCH_PASSWORD);
  write_member (&writer, "users", self->users);
  write_member (&writer, "videos", self->videos);
  write_member (&writer, "likes_per_user", self->likes_per_user);
  write_member (&writer, "commented_videos", self->commented_videos);
  write_member (&writer, "commented_video_gap", self->commented_video_gap);
  write_member (&writer, "id_step", DOU_BENCH_ID_STEP);
  write_member (&writer, "first_user", DOU_BENCH_FIRST_USER);
  write_member (&writer, "first_video", DOU_BENCH_FIRST_VIDEO);
  write_member (&writer, "first_time", DOU_BENCH_FIRST_TIME);
  write_member (&writer, "time_step", DOU_BENCH_TIME_STEP);
  write_member (&writer, "message_time", DOU_BENCH_MESSAGE_TIME);
  dou_json_writer_end_object (&writer);
  return dou_json_writer_steal (&writer, NULL);
}

/**
 * dou_bench_user_id:
 * @number: of a user, from 0
 *
 * Returns: the user's id
 */
gint64
dou_bench_user_id (guint64 number)
{
  return DOU_BENCH_FIRST_USER + (gint64) number * DOU_BENCH_ID_STEP;
}

/**
 * dou_bench_video_id:
 * @number: of a video, from 0
 *
 * Returns: the video's id
 */
gint64
dou_bench_video_id (guint64 number)
{
  return DOU_BENCH_FIRST_VIDEO + (gint64) number * DOU_BENCH_ID_STEP;
}
