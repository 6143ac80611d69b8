/* SPDX-License-Identifier: Apache-2.0 */

/* What is left of a video that a database server has committed, and not said so. */

#include "config.h"

#include "common/dou-status.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"
#include "lib/dou-test-wait.h"
#include "video/video-fixture.h"

#define ID G_GINT64_CONSTANT (1000)
#define PROGRAM "/usr/bin/python3"

typedef struct
{
  VideoFixture video; /* must be first */
  char *directory;    /* (owned) where the proxy listens */
  char *host;         /* (owned) where the server does */
  GSubprocess *proxy; /* (owned) */
} Fixture;

/* Puts a way to the server in front of it that breaks down once. */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "video", "lossy-proxy.py", NULL);
  g_autoptr (GError) error = NULL;
  char line[8];

  video_fixture_set_up (&fixture->video, data);
  fixture->directory = dou_test_dir_new ();
  fixture->video.address = dou_test_engine_create (fixture->video.directory, "video");
  fixture->host = g_steal_pointer (&fixture->video.address->host);
  fixture->video.address->host = g_strdup (fixture->directory);
  fixture->proxy = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error,
                                     PROGRAM, script, fixture->directory, fixture->host, NULL);
  g_assert_no_error (error);
  g_assert_cmpint (g_input_stream_read (g_subprocess_get_stdout_pipe (fixture->proxy), line, sizeof line, NULL, NULL),
                   >, 0);
  video_fixture_open (&fixture->video);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  video_fixture_close (&fixture->video);
  g_subprocess_force_exit (fixture->proxy);
  g_assert_true (g_subprocess_wait (fixture->proxy, NULL, NULL));
  g_object_unref (fixture->proxy);
  g_free (fixture->video.address->host);
  fixture->video.address->host = fixture->host;
  video_fixture_tear_down (&fixture->video, data);
  dou_test_dir_remove (fixture->directory);
}

static gboolean
has_no_files (gpointer data)
{
  return video_fixture_count_files (data) == 0;
}

/* Test that of a video whose author was told that it is not published neither row nor file is left when the server
 * is there again, that nothing of it is counted, and that the same can be published then. */
static void
test_withdrawn (Fixture *fixture, gconstpointer data)
{
  VideoFixture *video = &fixture->video;
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_H264);
  g_autoptr (DouVideo) withdrawn = NULL;
  g_autoptr (DouVideo) next = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (video_fixture_publish (video, ID, bytes, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_clear_error (&error);
  g_assert_cmpuint (video_fixture_count_files (video), >, 0);

  dou_test_wait_until (has_no_files, video);
  video_fixture_wait_idle (video);
  withdrawn = video_fixture_get (video, ID);
  g_assert_null (withdrawn);
  g_assert_cmpint (dou_video_manager_get_video_count (video->manager), ==, 0);

  g_assert_true (video_fixture_publish (video, ID + 1, bytes, &error));
  g_assert_no_error (error);
  next = video_fixture_get (video, ID + 1);
  g_assert_nonnull (next);
  g_assert_cmpint (dou_video_manager_get_video_count (video->manager), ==, 1);
}

/* Test that the next start does it if this one ends before. */
static void
test_restarted (Fixture *fixture, gconstpointer data)
{
  VideoFixture *video = &fixture->video;
  g_autoptr (GBytes) bytes = dou_test_media_make (DOU_TEST_MEDIA_H264);
  g_autoptr (DouVideo) row = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (video_fixture_publish (video, ID, bytes, &error));
  video_fixture_close (video);

  g_free (video->address->host);
  video->address->host = g_strdup (fixture->host);
  video_fixture_open (video);
  video_fixture_assert_files (video, ID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* That the database is away is a warning. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);

  if (dou_test_engine_is_server ())
    {
      g_test_add ("/video/lost-commit/withdrawn", Fixture, NULL, set_up, test_withdrawn, tear_down);
      g_test_add ("/video/lost-commit/restarted", Fixture, NULL, set_up, test_restarted, tear_down);
    }

  return g_test_run ();
}
