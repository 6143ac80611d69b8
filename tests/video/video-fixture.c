/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <unistd.h>

#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"
#include "video/video-fixture.h"

#define MEMORY (1024 * 1024 * 1024)
#define MAX_DURATION 60000
#define MAX_SIZE (64 * 1024 * 1024)

static void
changed_cb (DouVideoManager *manager, GArray *ids, gpointer user_data)
{
  g_array_append_vals (user_data, ids->data, ids->len);
}

/* The rows alone, for tests that have no files. */
void
video_fixture_open_store (VideoFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  if (fixture->address == NULL)
    fixture->address = dou_test_engine_create (fixture->directory, "video");
  fixture->store = dou_video_store_open (fixture->address, DOU_CLOCK (fixture->clock), &error);
  g_assert_no_error (error);
}

void
video_fixture_open (VideoFixture *fixture)
{
  g_autoptr (DouMediaRunner) runner = NULL;
  g_autoptr (DouMediaImporter) importer = NULL;
  g_autoptr (DouVideoJobs) jobs = NULL;
  g_autoptr (DouVideoTranscoder) transcoder = NULL;
  g_autoptr (DouVideoCleaner) cleaner = NULL;
  g_autoptr (GError) error = NULL;

  if (fixture->store == NULL)
    video_fixture_open_store (fixture);
  fixture->media = dou_media_store_new (fixture->directory, &error);
  g_assert_no_error (error);
  if (fixture->objects != NULL)
    dou_media_store_set_objects (fixture->media, fixture->objects, 1);
  runner = dou_media_runner_new (MEMORY, &error);
  g_assert_no_error (error);
  importer = dou_media_importer_new (runner, fixture->media, MAX_SIZE, MAX_DURATION, 2);
  if (fixture->max_time > 0)
    dou_media_importer_set_max_time (importer, fixture->max_time);
  jobs = dou_video_jobs_new (fixture->store, fixture->media, fixture->node, fixture->lease);
  if (fixture->queue != NULL)
    dou_video_jobs_set_queue (jobs, fixture->queue);
  transcoder = dou_video_transcoder_new (fixture->store, fixture->media, jobs, runner, MAX_DURATION,
                                         fixture->retry_delay);
  cleaner = dou_video_cleaner_new (fixture->store, fixture->media, transcoder, fixture->social, 1);
  fixture->manager = dou_video_manager_new (fixture->store, fixture->media, importer, transcoder,
                                            cleaner, &error);
  g_assert_no_error (error);
  fixture->keeper = dou_picture_keeper_new (fixture->store, fixture->media,
                                            fixture->picture_delay);
  fixture->pictures = dou_picture_importer_new (runner, fixture->store, fixture->media,
                                                fixture->keeper, 2);
  g_signal_connect (fixture->manager, "changed", G_CALLBACK (changed_cb), fixture->changed);
  g_signal_connect (fixture->manager, "work-counts-changed", G_CALLBACK (changed_cb),
                    fixture->changed_authors);
}

static gboolean
is_idle (gpointer data)
{
  return !dou_video_manager_is_busy (data);
}

/* Until nothing is under way, transcoding included. */
void
video_fixture_wait_idle (VideoFixture *fixture)
{
  dou_test_wait_until (is_idle, fixture->manager);
}

/* The orderly end. */
void
video_fixture_close (VideoFixture *fixture)
{
  if (fixture->manager != NULL)
    {
      dou_video_manager_stop (fixture->manager);
      video_fixture_wait_idle (fixture);
      g_assert_finalize_object (g_steal_pointer (&fixture->manager));
    }

  if (fixture->pictures != NULL)
    {
      g_assert_finalize_object (g_steal_pointer (&fixture->pictures));
      g_assert_finalize_object (g_steal_pointer (&fixture->keeper));
    }

  /* A thread that has just ended its step may still hold it. */
  g_clear_object (&fixture->media);
  if (fixture->store != NULL)
    g_assert_finalize_object (g_steal_pointer (&fixture->store));
}

void
video_fixture_set_up (VideoFixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->picture_delay = DOU_PICTURE_KEEPER_DELAY;
  fixture->clock = dou_manual_clock_new (VIDEO_NOON);
  fixture->changed = g_array_new (FALSE, FALSE, sizeof (gint64));
  fixture->changed_authors = g_array_new (FALSE, FALSE, sizeof (gint64));
}

void
video_fixture_tear_down (VideoFixture *fixture, gconstpointer data)
{
  video_fixture_close (fixture);
  g_clear_object (&fixture->social);
  g_clear_object (&fixture->objects);
  g_array_unref (fixture->changed);
  g_array_unref (fixture->changed_authors);
  g_assert_finalize_object (fixture->clock);
  g_clear_pointer (&fixture->address, dou_test_engine_remove);
  dou_test_dir_remove (fixture->directory);
}

gboolean
video_fixture_publish (VideoFixture *fixture, gint64 id, GBytes *bytes, GError **error)
{
  int fd = dou_test_media_upload (fixture->directory, bytes);
  const DouVideoUpload upload = { id, VIDEO_AUTHOR, "title", fd };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_video_manager_publish_async (fixture->manager, &upload, dou_test_wait_result_cb, &pending);
  close (fd);
  result = dou_test_wait_result (&pending);
  return dou_video_manager_publish_finish (fixture->manager, result, error);
}

/* Returns: (transfer full) (nullable): the name of its file */
char *
video_fixture_import (VideoFixture *fixture, const DouPicture *picture, GBytes *bytes,
                      GError **error)
{
  int fd = dou_test_media_upload (fixture->directory, bytes);
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_picture_importer_import_async (fixture->pictures, picture, fd, dou_test_wait_result_cb,
                                     &pending);
  close (fd);
  result = dou_test_wait_result (&pending);
  return dou_picture_importer_import_finish (fixture->pictures, result, error);
}

/* Returns: (transfer full) (nullable) */
DouVideo *
video_fixture_get (VideoFixture *fixture, gint64 id)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) videos = NULL;
  g_autoptr (GError) error = NULL;

  dou_video_store_get_videos_async (fixture->store, &id, 1, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  videos = dou_video_store_get_videos_finish (fixture->store, result, &error);
  g_assert_no_error (error);
  return g_ptr_array_steal_index (videos, 0);
}

/* Files of any kind below media/, and videos that are being worked on. */
guint
video_fixture_count_files (VideoFixture *fixture)
{
  g_autofree char *media = dou_media_store_get_path (fixture->media, "");
  g_autoptr (GArray) work = dou_media_store_list_work (fixture->media, NULL);

  return work->len + dou_test_dir_count_files (media);
}

/* That of @id, the only video there may be, there is either a row and its files, or nothing. */
void
video_fixture_assert_files (VideoFixture *fixture, gint64 id)
{
  g_autoptr (DouVideo) video = video_fixture_get (fixture, id);

  g_assert_cmpuint (video_fixture_count_files (fixture), ==, video != NULL ? 2 : 0);
  if (video != NULL)
    {
      g_autofree char *file = dou_media_store_get_path (fixture->media, video->file);
      g_autofree char *cover = dou_media_store_get_path (fixture->media, video->cover);

      g_assert_true (g_file_test (file, G_FILE_TEST_IS_REGULAR));
      g_assert_true (g_file_test (cover, G_FILE_TEST_IS_REGULAR));
    }
}
