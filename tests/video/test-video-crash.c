/* SPDX-License-Identifier: Apache-2.0 */

/* The service is killed in the middle of publishing and of transcoding, over and over, a little
 * later each time. After each start there is either a row and its files, or nothing, and publishing
 * again has the result that it would have had. */

#include "config.h"

#include <signal.h>
#include <unistd.h>

#include "lib/dou-test-wait.h"
#include "video/video-fixture.h"

/* Each time it is another video: this one, and one for each turn more. */
#define ID G_GINT64_CONSTANT (1000)
/* Turns of the loop by which the next one lives longer. */
#define STEP 6
/* What the process that is to die is told: where, and after how many turns of its loop. */
#define DIRECTORY_VARIABLE "DOU_TEST_DIRECTORY"
#define TURNS_VARIABLE "DOU_TEST_TURNS"
/* Made there if it had nothing left to do. */
#define DONE_FILE "done"

/* Publishes, and transcodes, until it is time to die. */
static void
run_and_die (DouTestMedia media)
{
  VideoFixture fixture = { 0 };
  gint64 n_turns = g_ascii_strtoll (g_getenv (TURNS_VARIABLE), NULL, 10);
  g_autofree char *done = g_build_filename (g_getenv (DIRECTORY_VARIABLE), DONE_FILE, NULL);
  g_autoptr (GBytes) bytes = dou_test_media_make (media);
  GAsyncResult *pending = NULL;
  int fd;

  fixture.directory = g_strdup (g_getenv (DIRECTORY_VARIABLE));
  fixture.clock = dou_manual_clock_new (VIDEO_NOON);
  fixture.changed = g_array_new (FALSE, FALSE, sizeof (gint64));
  fixture.changed_authors = g_array_new (FALSE, FALSE, sizeof (gint64));
  video_fixture_open (&fixture);
  fd = dou_test_media_upload (fixture.directory, bytes);
  dou_video_manager_publish_async (fixture.manager,
                                   &(DouVideoUpload){ ID + n_turns, VIDEO_AUTHOR, "title", fd },
                                   dou_test_wait_result_cb, &pending);
  for (gint64 i = 0; i < n_turns; i++)
    {
      g_main_context_iteration (NULL, TRUE);
      if (pending != NULL && !dou_video_manager_is_busy (fixture.manager))
        {
          g_assert_true (g_file_set_contents (done, "", 0, NULL));
          break;
        }
    }

  kill (getpid (), SIGKILL);
}

/* If there is a row for @id, its files are there; and no others than those that rows name. */
static void
assert_complete (VideoFixture *fixture, gint64 id)
{
  g_autoptr (DouVideo) video = video_fixture_get (fixture, id);
  gint64 n_videos = dou_video_manager_get_video_count (fixture->manager);

  g_assert_cmpuint (video_fixture_count_files (fixture), ==, 2 * n_videos);
  if (video != NULL)
    {
      g_autofree char *file = dou_media_store_get_path (fixture->media, video->file);
      g_autofree char *cover = dou_media_store_get_path (fixture->media, video->cover);

      g_assert_true (g_file_test (file, G_FILE_TEST_IS_REGULAR));
      g_assert_true (g_file_test (cover, G_FILE_TEST_IS_REGULAR));
    }
}

/* Test that being killed at any time leaves nothing in between. */
static void
test_kill (VideoFixture *fixture, gconstpointer data)
{
  DouTestMedia media = GPOINTER_TO_INT (data);
  g_autofree char *done = g_build_filename (fixture->directory, DONE_FILE, NULL);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  if (g_test_subprocess ())
    {
      run_and_die (media);
      return;
    }

  g_setenv (DIRECTORY_VARIABLE, fixture->directory, TRUE);
  for (guint n_turns = 1; !g_file_test (done, G_FILE_TEST_EXISTS); n_turns += STEP)
    {
      g_autofree char *turns = g_strdup_printf ("%u", n_turns);

      g_setenv (TURNS_VARIABLE, turns, TRUE);
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_failed ();

      video_fixture_open (fixture);
      video_fixture_wait_idle (fixture);
      assert_complete (fixture, ID + n_turns);
      video_fixture_close (fixture);
    }

  video_fixture_open (fixture);
  bytes = dou_test_media_make (media);
  g_assert_true (video_fixture_publish (fixture, ID + 1, bytes, &error));
  g_assert_no_error (error);
  video_fixture_wait_idle (fixture);
  assert_complete (fixture, ID + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/video/video-crash/publishing", VideoFixture,
              GINT_TO_POINTER (DOU_TEST_MEDIA_SILENT), video_fixture_set_up, test_kill,
              video_fixture_tear_down);
  g_test_add ("/video/video-crash/transcoding", VideoFixture,
              GINT_TO_POINTER (DOU_TEST_MEDIA_WEBM), video_fixture_set_up, test_kill,
              video_fixture_tear_down);

  return g_test_run ();
}
