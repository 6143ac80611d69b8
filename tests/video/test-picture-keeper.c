/* SPDX-License-Identifier: Apache-2.0 */

/* Which pictures stay and which go; and that a service that is killed leaves none that would stay
 * for ever. */

#include "config.h"

#include <signal.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/dou-id-minter.h"
#include "lib/dou-manual-clock.h"
#include "lib/dou-test-picture.h"
#include "lib/dou-test-wait.h"
#include "video/video-fixture.h"

#define ID G_GINT64_CONSTANT (1000)
#define OTHER (VIDEO_AUTHOR + 1)
/* Turns of the loop by which the next process lives longer. */
#define STEP 3
/* What the process that is to die is told, and what it leaves if it had nothing left to do. */
#define DIRECTORY_VARIABLE "DOU_TEST_DIRECTORY"
#define TURNS_VARIABLE "DOU_TEST_TURNS"
#define DONE_FILE "done"

typedef struct
{
  VideoFixture video;
  GHashTable *named; /* (owned) (element-type utf8) (nullable) what the profiles name; NULL if asking fails */
  guint n_questions;
} Fixture;

static void
due_cb (DouPictureKeeper *keeper, GArray *owners, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_questions++;
  dou_picture_keeper_answer (keeper, fixture->named);
}

static void
fixture_open (Fixture *fixture)
{
  video_fixture_open (&fixture->video);
  g_signal_connect (fixture->video.keeper, "due", G_CALLBACK (due_cb), fixture);
  dou_picture_keeper_recover (fixture->video.keeper);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  video_fixture_set_up (&fixture->video, data);
  fixture->named = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!g_test_subprocess ())
    fixture_open (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->named, g_hash_table_unref);
  video_fixture_tear_down (&fixture->video, data);
}

/* With another delay, from what is on disk. */
static void
reopen (Fixture *fixture, guint delay)
{
  video_fixture_close (&fixture->video);
  fixture->video.picture_delay = delay;
  fixture_open (fixture);
}

/* Returns: (transfer full): its name */
static char *
import (Fixture *fixture, gint64 id, gint64 owner, DouPictureKind kind)
{
  g_autoptr (GBytes) bytes = dou_test_picture_make ("mjpeg", 16, 16);
  const DouPicture picture = { id, owner, kind };
  g_autoptr (GError) error = NULL;
  char *name = video_fixture_import (&fixture->video, &picture, bytes, &error);

  g_assert_no_error (error);
  return name;
}

static gboolean
exists (Fixture *fixture, const char *name)
{
  g_autofree char *path = dou_media_store_get_path (fixture->video.media, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
is_settled (gpointer data)
{
  return dou_picture_keeper_get_n_watched (((Fixture *) data)->video.keeper) == 0;
}

static void
wait_settled (Fixture *fixture)
{
  dou_test_wait_until (is_settled, fixture);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GArray **) user_data
      = dou_video_store_get_pictures_finish (DOU_VIDEO_STORE (source), result, NULL);
}

static gboolean
is_set (gpointer data)
{
  return *(gpointer *) data != NULL;
}

static guint
count_rows (Fixture *fixture)
{
  const gint64 owners[] = { VIDEO_AUTHOR, OTHER };
  GArray *rows = NULL;
  guint n_rows;

  dou_video_store_get_pictures_of_async (fixture->video.store, owners, G_N_ELEMENTS (owners),
                                         loaded_cb, &rows);
  dou_test_wait_until (is_set, &rows);
  n_rows = rows->len;
  g_array_unref (rows);
  return n_rows;
}

/* Test that a picture is left alone as long as it is young, named or not. */
static void
test_young (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = import (fixture, ID, VIDEO_AUTHOR, DOU_PICTURE_AVATAR);

  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_true (exists (fixture, name));
  g_assert_cmpuint (fixture->n_questions, ==, 0);
}

/* Test that of the old pictures those stay that a profile names, that the rest goes with its rows,
 * and that what was settled is not asked for again. */
static void
test_unnamed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *old = import (fixture, ID, VIDEO_AUTHOR, DOU_PICTURE_AVATAR);
  g_autofree char *avatar = import (fixture, ID + 1, VIDEO_AUTHOR, DOU_PICTURE_AVATAR);
  g_autofree char *background = import (fixture, ID + 2, VIDEO_AUTHOR, DOU_PICTURE_BACKGROUND);
  g_autofree char *others = import (fixture, ID + 3, OTHER, DOU_PICTURE_AVATAR);

  g_hash_table_add (fixture->named, g_strdup (avatar));
  g_hash_table_add (fixture->named, g_strdup (background));
  reopen (fixture, 0);
  wait_settled (fixture);
  g_assert_false (exists (fixture, old));
  g_assert_true (exists (fixture, avatar));
  g_assert_true (exists (fixture, background));
  g_assert_false (exists (fixture, others));
  g_assert_cmpuint (count_rows (fixture), ==, 2);

  fixture->n_questions = 0;
  reopen (fixture, 0);
  wait_settled (fixture);
  g_assert_cmpuint (count_rows (fixture), ==, 2);
  g_assert_cmpuint (fixture->n_questions, ==, 0);
}

/* Test that a picture that a profile named goes when its owner has another. */
static void
test_replaced (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  first = import (fixture, ID, VIDEO_AUTHOR, DOU_PICTURE_AVATAR);
  g_hash_table_add (fixture->named, g_strdup (first));
  reopen (fixture, 0);
  wait_settled (fixture);
  g_assert_true (exists (fixture, first));

  g_hash_table_remove_all (fixture->named);
  g_hash_table_add (fixture->named, g_strdup ("avatar/00/1001.jpg"));
  second = import (fixture, ID + 1, VIDEO_AUTHOR, DOU_PICTURE_AVATAR);
  wait_settled (fixture);
  g_assert_false (exists (fixture, first));
  g_assert_true (exists (fixture, second));
  g_assert_cmpuint (count_rows (fixture), ==, 1);
}

/* Test that nothing goes as long as nobody can tell what profiles name. */
static void
test_unknown (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = import (fixture, ID, VIDEO_AUTHOR, DOU_PICTURE_AVATAR);

  g_clear_pointer (&fixture->named, g_hash_table_unref);
  g_test_expect_message ("doutok-video", G_LOG_LEVEL_WARNING, "*are left for now*");
  reopen (fixture, 500);
  while (fixture->n_questions == 0)
    g_main_context_iteration (NULL, TRUE);
  g_test_assert_expected_messages ();
  g_assert_true (exists (fixture, name));
  g_assert_cmpuint (dou_picture_keeper_get_n_watched (fixture->video.keeper), ==, 1);

  fixture->named = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  wait_settled (fixture);
  g_assert_false (exists (fixture, name));
}

/* Test that a row without a file, as a crash leaves it, goes like others. */
static void
test_no_file (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = import (fixture, ID, VIDEO_AUTHOR, DOU_PICTURE_AVATAR);
  g_autofree char *path = dou_media_store_get_path (fixture->video.media, name);

  g_assert_cmpint (g_unlink (path), ==, 0);
  reopen (fixture, 0);
  wait_settled (fixture);
  g_assert_cmpuint (count_rows (fixture), ==, 0);
}

static void
add_row (Fixture *fixture, const DouPicture *picture)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DouPicture added;

  dou_video_store_add_picture_async (fixture->video.store, picture, dou_test_wait_result_cb,
                                     &pending);
  result = dou_test_wait_result (&pending);
  dou_video_store_add_picture_finish (fixture->video.store, result, &added, &error);
  g_assert_no_error (error);
}

/* Test that the row of a picture whose file is still on its way stays when others of its owner are
 * looked at, and when its own time from an earlier try has come. */
static void
test_held (Fixture *fixture, gconstpointer data)
{
  const DouPicture held = { ID, VIDEO_AUTHOR, DOU_PICTURE_AVATAR };
  const DouPicture other = { ID + 1, VIDEO_AUTHOR, DOU_PICTURE_AVATAR };

  wait_settled (fixture);
  reopen (fixture, 0);
  dou_picture_keeper_watch (fixture->video.keeper, &held);
  g_assert_true (dou_picture_keeper_hold (fixture->video.keeper, held.id));
  add_row (fixture, &held);
  add_row (fixture, &other);
  dou_picture_keeper_watch (fixture->video.keeper, &other);
  wait_settled (fixture);
  g_assert_cmpuint (count_rows (fixture), ==, 1);

  dou_picture_keeper_watch (fixture->video.keeper, &held);
  wait_settled (fixture);
  g_assert_cmpuint (count_rows (fixture), ==, 0);
}

/* Takes a picture in, and has it looked at, until it is time to die. */
static void
run_and_die (void)
{
  Fixture fixture = { 0 };
  gint64 n_turns = g_ascii_strtoll (g_getenv (TURNS_VARIABLE), NULL, 10);
  g_autofree char *done = g_build_filename (g_getenv (DIRECTORY_VARIABLE), DONE_FILE, NULL);
  g_autoptr (GBytes) bytes = dou_test_picture_make ("mjpeg", 16, 16);
  const DouPicture picture = { ID + n_turns, VIDEO_AUTHOR, DOU_PICTURE_AVATAR };
  GAsyncResult *pending = NULL;

  fixture.named = g_hash_table_new (g_str_hash, g_str_equal);
  fixture.video.directory = g_strdup (g_getenv (DIRECTORY_VARIABLE));
  fixture.video.clock = dou_manual_clock_new (VIDEO_NOON);
  fixture.video.changed = g_array_new (FALSE, FALSE, sizeof (gint64));
  fixture.video.changed_authors = g_array_new (FALSE, FALSE, sizeof (gint64));
  fixture_open (&fixture);
  dou_picture_importer_import_async (fixture.video.pictures, &picture,
                                     dou_test_media_upload (fixture.video.directory, bytes),
                                     dou_test_wait_result_cb, &pending);
  for (gint64 i = 0; i < n_turns; i++)
    {
      g_main_context_iteration (NULL, TRUE);
      if (pending != NULL && is_settled (&fixture))
        {
          g_assert_true (g_file_set_contents (done, "", 0, NULL));
          break;
        }
    }

  kill (getpid (), SIGKILL);
}

/* Test that being killed at any time, also while pictures are removed, leaves nothing that stays. */
static void
test_kill (Fixture *fixture, gconstpointer data)
{
  g_autofree char *done = g_build_filename (fixture->video.directory, DONE_FILE, NULL);

  if (g_test_subprocess ())
    {
      run_and_die ();
      return;
    }

  /* What set_up() has begun holds the keeper. */
  wait_settled (fixture);
  video_fixture_close (&fixture->video);
  fixture->video.picture_delay = 0;
  g_setenv (DIRECTORY_VARIABLE, fixture->video.directory, TRUE);
  for (guint n_turns = 1; !g_file_test (done, G_FILE_TEST_EXISTS); n_turns += STEP)
    {
      g_autofree char *turns = g_strdup_printf ("%u", n_turns);

      g_setenv (TURNS_VARIABLE, turns, TRUE);
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_failed ();

      fixture_open (fixture);
      g_assert_cmpuint (count_rows (fixture), <=, 1);
      wait_settled (fixture);
      g_assert_cmpuint (count_rows (fixture), ==, 0);
      g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 0);
      video_fixture_close (&fixture->video);
    }
}

/* Returns: an id that is younger than any delay */
static gint64
mint_young (Fixture *fixture)
{
  g_autoptr (DouManualClock) clock = dou_manual_clock_new (g_get_real_time () / 1000 + 60 * 1000);
  g_autofree char *path = g_build_filename (fixture->video.directory, "ids", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DouIdMinter) minter = dou_id_minter_new (DOU_CLOCK (clock), 1, 0, path, &error);
  gint64 id;

  g_assert_no_error (error);
  id = dou_id_minter_mint (minter, &error);
  g_assert_no_error (error);
  return id;
}

/* Test that a node does not remove what another one has just taken in for the same owner: only the other one's keeper
 * watches it, and the profile is about to name it. */
static void
test_other_node (Fixture *fixture, gconstpointer data)
{
  VideoFixture *video = &fixture->video;
  VideoFixture other;
  g_autoptr (DouMediaRunner) runner = dou_media_runner_new (1024 * 1024 * 1024, NULL);
  g_autoptr (GBytes) bytes = dou_test_picture_make ("mjpeg", 16, 16);
  const DouPicture picture = { mint_young (fixture), VIDEO_AUTHOR, DOU_PICTURE_AVATAR };
  g_autofree char *theirs = NULL;
  g_autofree char *ours = NULL;
  g_autoptr (GError) error = NULL;

  reopen (fixture, 0);
  other = *video;
  other.keeper = dou_picture_keeper_new (video->store, video->media, DOU_PICTURE_KEEPER_DELAY);
  other.pictures = dou_picture_importer_new (runner, video->store, video->media, other.keeper, 1);
  theirs = video_fixture_import (&other, &picture, bytes, &error);
  g_assert_no_error (error);

  ours = import (fixture, ID, VIDEO_AUTHOR, DOU_PICTURE_AVATAR);
  wait_settled (fixture);
  g_assert_false (exists (fixture, ours));
  g_assert_true (exists (fixture, theirs));
  g_assert_cmpuint (count_rows (fixture), ==, 1);

  g_object_unref (other.pictures);
  g_object_unref (other.keeper);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/picture-keeper/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("young", test_young);
  ADD ("unnamed", test_unnamed);
  ADD ("replaced", test_replaced);
  ADD ("unknown", test_unknown);
  ADD ("no-file", test_no_file);
  ADD ("held", test_held);
  ADD ("other-node", test_other_node);
  ADD ("kill", test_kill);
#undef ADD

  return g_test_run ();
}
