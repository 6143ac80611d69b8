/* SPDX-License-Identifier: Apache-2.0 */

/* The program itself, started on a bus as the bus would start it. */

#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>

#include "common/dou-config.h"
#include "common/dou-paths.h"
#include "dou-dbus-video.h"
#include "video/dou-media-convert.h"
#include "lib/dou-test-bus.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-media.h"
#include "lib/dou-test-wait.h"

/* Of calls, in ms. */
#define TIMEOUT 30000

typedef struct
{
  char *directory;         /* (owned) */
  char *config;            /* (owned) path */
  DouTestBus *bus;         /* (owned) */
  GDBusConnection *peer;   /* (owned) */
  GSubprocess *program;    /* (owned) (nullable) */
  DouDBusVideo1 *video;    /* (owned) (nullable) */
  GAsyncResult *result;    /* (owned) (nullable) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->config = g_build_filename (fixture->directory, "doutok.conf", NULL);
  g_assert_true (dou_config_set (config, DOU_CONFIG_STATE_DIR, fixture->directory, &error));
  g_assert_true (dou_config_save (config, fixture->config, &error));
  g_assert_no_error (error);
  fixture->bus = dou_test_bus_new ();
  fixture->peer = dou_test_bus_connect (fixture->bus);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->video);
  g_clear_object (&fixture->program);
  dou_test_bus_disconnect (fixture->peer);
  dou_test_bus_free (fixture->bus);
  g_free (fixture->config);
  dou_test_dir_remove (fixture->directory);
}

static gboolean
has_owner (gpointer data)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (data);

  return owner != NULL;
}

static void
start (Fixture *fixture)
{
  g_autofree char *program = dou_paths_get_program ("doutok-video");
  g_autoptr (GError) error = NULL;

  fixture->program = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, program, "--bus-address",
                                       dou_test_bus_get_address (fixture->bus), "--config",
                                       fixture->config, NULL);
  g_assert_no_error (error);
  g_clear_object (&fixture->video);
  fixture->video = dou_dbus_video1_proxy_new_sync (fixture->peer, G_DBUS_PROXY_FLAGS_NONE,
                                                   "org.doutok.Video", "/org/doutok/Video", NULL,
                                                   &error);
  g_assert_no_error (error);
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (fixture->video), TIMEOUT);
  dou_test_wait_until (has_owner, fixture->video);
}

/* Waits until the program is gone, which has got a signal. */
static void
wait_for_end (Fixture *fixture, int signal)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  g_subprocess_wait_async (fixture->program, NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_true (g_subprocess_wait_finish (fixture->program, result, NULL));
  if (signal == SIGTERM)
    {
      g_assert_true (g_subprocess_get_if_exited (fixture->program));
      g_assert_cmpint (g_subprocess_get_exit_status (fixture->program), ==, EXIT_SUCCESS);
    }
  g_clear_object (&fixture->program);
}

/* Ends the program with a signal, and waits until it is gone. */
static void
end (Fixture *fixture, int signal)
{
  g_subprocess_send_signal (fixture->program, signal);
  wait_for_end (fixture, signal);
}

static void
begin_publish (Fixture *fixture, gint64 id, DouTestMedia media)
{
  g_autoptr (GBytes) bytes = dou_test_media_make (media);
  int fd = dou_test_media_upload (fixture->directory, bytes);
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new_from_array (&fd, 1);
  GVariant *upload = g_variant_new ("(xxsh)", id, (gint64) 77, "title", 0);

  dou_dbus_video1_call_publish (fixture->video, g_variant_new_array (NULL, &upload, 1),
                                G_DBUS_CALL_FLAGS_NONE, TIMEOUT, files, NULL,
                                dou_test_wait_result_cb, &fixture->result);
}

static GVariant *
wait_published (Fixture *fixture, GError **error)
{
  g_autoptr (GAsyncResult) result = dou_test_wait_result (&fixture->result);
  GVariant *statuses = NULL;

  dou_dbus_video1_call_publish_finish (fixture->video, &statuses, NULL, result, error);
  return statuses;
}

static void
finish_publish (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) statuses = wait_published (fixture, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = g_variant_print (statuses, FALSE);
  g_assert_cmpstr (text, ==, "[0]");
}

static guint
count_work (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->directory, "media", "work", NULL);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (directory);
  while (g_dir_read_name (directory) != NULL)
    n++;
  return n;
}

static gboolean
has_work (gpointer data)
{
  return count_work (data) > 0;
}

static gboolean
look_again_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Until the program has begun to work on a video. */
static void
wait_for_work (Fixture *fixture)
{
  guint id = g_timeout_add (1, look_again_cb, NULL);

  dou_test_wait_until (has_work, fixture);
  g_source_remove (id);
}

static gboolean
is_transcoded (gpointer data)
{
  return dou_dbus_video1_get_video_count (data) > 0
         && dou_dbus_video1_get_pending_transcodes (data) == 0;
}

/* Until ffmpeg writes, or has written already. */
static gboolean
is_transcoding (gpointer data)
{
  Fixture *fixture = data;
  g_autofree char *output = g_build_filename (fixture->directory, "media", "work", "1000",
                                              DOU_MEDIA_VIDEO_FILE, NULL);

  return g_file_test (output, G_FILE_TEST_EXISTS) || is_transcoded (fixture->video);
}

static void
wait_for_transcoding (Fixture *fixture)
{
  guint id = g_timeout_add (1, look_again_cb, NULL);

  dou_test_wait_until (is_transcoding, fixture);
  g_source_remove (id);
}

/* Test that the program cannot do without its bus or its directory, and says so. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *program = dou_paths_get_program ("doutok-video");
  const char *const argvs[][5] = {
    { program, "--bus-address", "unix:path=/absent", NULL },
    { program, "--bus-address", dou_test_bus_get_address (fixture->bus), "--config=/absent", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (argvs); i++)
    {
      g_autoptr (GSubprocess) process
          = g_subprocess_newv (argvs[i], G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);

      g_assert_true (g_subprocess_wait (process, NULL, NULL));
      g_assert_cmpint (g_subprocess_get_exit_status (process), ==, EXIT_FAILURE);
    }
}

/* Test that SIGTERM in the middle of transcoding ends the program soon and in order, without work
 * left, and that the next one does it. */
static void
test_term (Fixture *fixture, gconstpointer data)
{
  start (fixture);
  begin_publish (fixture, 1000, DOU_TEST_MEDIA_WEBM);
  finish_publish (fixture);
  wait_for_transcoding (fixture);
  end (fixture, SIGTERM);
  g_assert_cmpuint (count_work (fixture), ==, 0);

  start (fixture);
  dou_test_wait_until (is_transcoded, fixture->video);
  end (fixture, SIGTERM);
  g_assert_cmpuint (count_work (fixture), ==, 0);
}

/* Test that SIGTERM while a video is being published lets it be published. */
static void
test_term_publishing (Fixture *fixture, gconstpointer data)
{
  start (fixture);
  begin_publish (fixture, 1000, DOU_TEST_MEDIA_SILENT);
  wait_for_work (fixture);
  g_subprocess_send_signal (fixture->program, SIGTERM);
  finish_publish (fixture);
  wait_for_end (fixture, SIGTERM);
  g_assert_cmpuint (count_work (fixture), ==, 0);
}

/* Test that after SIGKILL nothing of the program runs on, and that publishing again succeeds. */
static void
test_kill (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  start (fixture);
  begin_publish (fixture, 1000, DOU_TEST_MEDIA_SILENT);
  wait_for_work (fixture);
  end (fixture, SIGKILL);
  g_assert_null (wait_published (fixture, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);

  start (fixture);
  g_assert_cmpuint (count_work (fixture), ==, 0);
  begin_publish (fixture, 1000, DOU_TEST_MEDIA_SILENT);
  finish_publish (fixture);
  end (fixture, SIGTERM);
  g_assert_cmpuint (count_work (fixture), ==, 0);
}

/* Test that the program ends when its bus does. */
static void
test_bus_dies (Fixture *fixture, gconstpointer data)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  start (fixture);
  dou_test_bus_kill (fixture->bus);
  g_subprocess_wait_async (fixture->program, NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_true (g_subprocess_wait_finish (fixture->program, result, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (fixture->program), ==, EXIT_FAILURE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/video-program/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("refused", test_refused);
  ADD ("term", test_term);
  ADD ("term-publishing", test_term_publishing);
  ADD ("kill", test_kill);
  ADD ("bus-dies", test_bus_dies);
#undef ADD

  return g_test_run ();
}
