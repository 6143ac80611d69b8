/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <json-glib/json-glib.h>

#include "launcher/dou-demo-client.h"
#include "launcher/dou-demo-video.h"
#include "lib/dou-test-dir.h"

/* The first of each kind of sound and the first repetition; all of them take half a minute. */
static const guint some[] = { 0, 3, 5, DOU_DEMO_VIDEO_KINDS + 2 };

/* Test that a place that is none for a server is refused. */
static void
test_bad_url (void)
{
  static const char *const urls[] = { "", "127.0.0.1:8080", "ftp://127.0.0.1/", "http://", "http:" };

  for (gsize i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (dou_demo_client_new (urls[i], &error));
      g_assert_nonnull (error);
    }
}

/* Test that a video that cannot be written is an error which says so. */
static void
test_not_writable (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (dou_demo_video_make (0, "/dev/null/video.mp4", NULL, &error));
  g_assert_nonnull (strstr (error->message, "/dev/null/video.mp4"));
}

/* Test that making a video can be given up. */
static void
test_given_up (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (dou_demo_video_make (0, "/dev/null/video.mp4", cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Test that no two titles are the same, and that there are some in Chinese and some in English. */
static void
test_titles (void)
{
  g_autoptr (GHashTable) titles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint n_ascii = 0;

  for (guint i = 0; i < 3 * DOU_DEMO_VIDEO_KINDS; i++)
    {
      char *title = dou_demo_video_get_title (i);

      n_ascii += g_str_is_ascii (title);
      g_assert_true (g_hash_table_add (titles, title));
    }

  g_assert_cmpuint (n_ascii, >, 0);
  g_assert_cmpuint (n_ascii, <, 3 * DOU_DEMO_VIDEO_KINDS);
}

static JsonObject *
probe (const char *path, JsonParser *parser)
{
  g_autofree char *quoted = g_shell_quote (path);
  g_autofree char *command = g_strdup_printf (
      "ffprobe -v error -of json -show_entries stream=codec_name,width,height:format=duration %s",
      quoted);
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;

  g_spawn_command_line_sync (command, &output, NULL, NULL, &error);
  g_assert_no_error (error);
  json_parser_load_from_data (parser, output, -1, &error);
  g_assert_no_error (error);
  return json_node_get_object (json_parser_get_root (parser));
}

static void
assert_video (guint index, const char *path)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObject *info;
  JsonObject *picture;
  JsonArray *streams;
  double duration;

  dou_demo_video_make (index, path, NULL, &error);
  g_assert_no_error (error);

  info = probe (path, parser);
  streams = json_object_get_array_member (info, "streams");
  g_assert_cmpuint (json_array_get_length (streams), ==, 2);
  picture = json_array_get_object_element (streams, 0);
  g_assert_cmpstr (json_object_get_string_member (picture, "codec_name"), ==, "h264");
  g_assert_cmpint (json_object_get_int_member (picture, "width"), ==, 540);
  g_assert_cmpint (json_object_get_int_member (picture, "height"), ==, 960);
  g_assert_cmpstr (json_object_get_string_member (json_array_get_object_element (streams, 1),
                                                  "codec_name"),
                   ==, "aac");

  duration = g_ascii_strtod (json_object_get_string_member (
                                 json_object_get_object_member (info, "format"), "duration"),
                             NULL);
  g_assert_cmpfloat (duration, >=, 4.9);
  g_assert_cmpfloat (duration, <=, 10.0);
}

/* Test that what ffmpeg makes is what phones make: upright, a few seconds, H.264 and AAC. */
static void
test_videos (void)
{
  g_autofree char *directory = dou_test_dir_new ();
  g_autofree char *path = g_build_filename (directory, "video.mp4", NULL);

  if (g_getenv ("DOUTOK_TEST_LONG") != NULL)
    for (guint i = 0; i < 2 * DOU_DEMO_VIDEO_KINDS; i++)
      assert_video (i, path);
  else
    for (gsize i = 0; i < G_N_ELEMENTS (some); i++)
      assert_video (some[i], path);

  dou_test_dir_remove (g_steal_pointer (&directory));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/launcher/demo/bad-url", test_bad_url);
  g_test_add_func ("/launcher/demo/not-writable", test_not_writable);
  g_test_add_func ("/launcher/demo/given-up", test_given_up);
  g_test_add_func ("/launcher/demo/titles", test_titles);
  g_test_add_func ("/launcher/demo/videos", test_videos);

  return g_test_run ();
}
