/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "lib/dou-test-wait.h"
#include "video/dou-media-convert.h"
#include "video/media-objects-fixture.h"

static guint n_buckets;

DouTestObjectStore *objects_fixture_server;

/* A machine that does many things at once may need some time for each. */
const DouObjectLimits objects_fixture_patient = { .timeout = 60, .n_attempts = 3, .n_running = 8 };
/* For a store that is known to hang. */
static const DouObjectLimits impatient = { .timeout = 1, .n_attempts = 2, .n_running = 8 };

DouMediaObjects *
objects_fixture_new_objects (const char *bucket, const DouObjectLimits *limits)
{
  g_autoptr (DouObjectAddress) address = dou_test_object_store_get_address (objects_fixture_server, bucket);
  g_autoptr (DouObjectStore) store = dou_object_store_new (address, limits);

  return dou_media_objects_new (store);
}

void
objects_fixture_set_up (ObjectsFixture *fixture, gconstpointer data)
{
  fixture->bucket = g_strdup_printf ("bucket-%u", n_buckets++);
  dou_test_object_store_make_bucket (objects_fixture_server, fixture->bucket);
  video_fixture_set_up (&fixture->video, data);
  fixture->video.objects = objects_fixture_new_objects (fixture->bucket, &objects_fixture_patient);
  video_fixture_open (&fixture->video);
}

void
objects_fixture_tear_down (ObjectsFixture *fixture, gconstpointer data)
{
  dou_test_object_store_go_on (objects_fixture_server);
  video_fixture_tear_down (&fixture->video, data);
  g_free (fixture->bucket);
}

void
objects_fixture_hang (ObjectsFixture *fixture)
{
  g_autoptr (DouMediaObjects) hurried = objects_fixture_new_objects (fixture->bucket, &impatient);

  dou_media_store_set_objects (fixture->video.media, hurried, 1);
  dou_test_object_store_hang (objects_fixture_server);
}

void
objects_fixture_go_on (ObjectsFixture *fixture)
{
  dou_test_object_store_go_on (objects_fixture_server);
  dou_media_store_set_objects (fixture->video.media, fixture->video.objects, 1);
}

/* Returns: names of all objects, in order, separated by spaces */
static char *
list_objects (ObjectsFixture *fixture)
{
  g_autofree char *text = dou_test_object_store_list (objects_fixture_server, fixture->bucket, NULL);
  g_auto (GStrv) parts = g_strsplit (text, "<Key>", -1);
  GString *names = g_string_new (NULL);

  for (char **part = parts + 1; *part != NULL; part++)
    g_string_append_printf (names, "%s%.*s", names->len > 0 ? " " : "", (int) strcspn (*part, "<"), *part);
  return g_string_free (names, FALSE);
}

void
objects_fixture_assert_objects (ObjectsFixture *fixture, const char *expected)
{
  g_autofree char *names = list_objects (fixture);

  g_assert_cmpstr (names, ==, expected);
}

guint
objects_fixture_count_work (ObjectsFixture *fixture)
{
  g_autoptr (GArray) ids = dou_media_store_list_work (fixture->video.media, NULL);

  return ids->len;
}

void
objects_fixture_begin (ObjectsFixture *fixture)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_media_store_begin_async (fixture->video.media, ID, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_true (dou_media_store_begin_finish (fixture->video.media, result, &error));
  g_assert_no_error (error);
}

/* Begins, and makes what is to be placed. */
void
objects_fixture_begin_with_files (ObjectsFixture *fixture)
{
  g_autofree char *work = dou_media_store_get_work_directory (fixture->video.media, ID);
  g_autofree char *video = g_build_filename (work, DOU_MEDIA_VIDEO_FILE, NULL);
  g_autofree char *cover = g_build_filename (work, DOU_MEDIA_COVER_FILE, NULL);

  objects_fixture_begin (fixture);
  g_assert_true (g_file_set_contents (video, "a video", -1, NULL));
  g_assert_true (g_file_set_contents (cover, "a cover", -1, NULL));
}

gboolean
objects_fixture_place (ObjectsFixture *fixture, const char *video, const char *cover, GError **error)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_media_store_place_async (fixture->video.media, ID, -1, video, cover, NULL, dou_test_wait_result_cb,
                               &pending);
  result = dou_test_wait_result (&pending);
  return dou_media_store_place_finish (fixture->video.media, result, error);
}

gboolean
objects_fixture_settle (ObjectsFixture *fixture, const char *video, const char *cover, GError **error)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_media_store_settle_async (fixture->video.media, ID, video, cover, dou_test_wait_result_cb,
                                &pending);
  result = dou_test_wait_result (&pending);
  return dou_media_store_settle_finish (fixture->video.media, result, error);
}

int
objects_fixture_open_file (ObjectsFixture *fixture, const char *name, GError **error)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_media_store_open_async (fixture->video.media, ID, name, NULL, dou_test_wait_result_cb,
                              &pending);
  result = dou_test_wait_result (&pending);
  return dou_media_store_open_finish (fixture->video.media, result, error);
}
