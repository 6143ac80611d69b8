/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <unistd.h>

#include <gio/gunixfdlist.h>

#include "lib/dou-test-bus.h"
#include "lib/dou-test-picture.h"
#include "lib/dou-test-service.h"
#include "lib/dou-test-wait.h"
#include "video/dou-video-impl.h"
#include "video/video-fixture.h"

#define ID G_GINT64_CONSTANT (1000)
typedef struct
{
  VideoFixture video;
  DouTestBus *bus;       /* (owned) */
  DouService *service;   /* (owned) the connection of the service's process */
  DouVideoImpl *impl;    /* (owned) */
  GDBusConnection *peer; /* (owned) the connection of a client's process */
} Fixture;

static GVariant *
call_with_files (Fixture *fixture, const char *method, GVariant *arguments, GUnixFDList *files,
                 GError **error)
{
  return dou_test_service_call (fixture->peer, "org.doutok.Video", "org.doutok.Video1", method,
                                arguments, files, error);
}

static void
assert_reply (Fixture *fixture, const char *method, const char *arguments, GUnixFDList *files,
              const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = call_with_files (fixture, method, g_variant_new_parsed (arguments), files, &error);

  dou_test_service_assert_reply (reply, error, expected);
}

static void
assert_error (Fixture *fixture, const char *method, GVariant *arguments, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_with_files (fixture, method, arguments, NULL, &error);

  g_assert_null (reply);
  dou_test_service_assert_error (error, expected);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  video_fixture_set_up (&fixture->video, data);
  video_fixture_open (&fixture->video);
  fixture->bus = dou_test_bus_new ();
  fixture->service = dou_test_service_new (fixture->bus);
  fixture->peer = dou_test_bus_connect (fixture->bus);
  fixture->impl = dou_video_impl_new (fixture->service, fixture->video.manager,
                                      fixture->video.pictures);
  g_assert_true (dou_service_export (fixture->service, G_DBUS_INTERFACE_SKELETON (fixture->impl),
                                     "/org/doutok/Video", "org.doutok.Video", &error));

  dou_test_service_await (fixture->peer, "org.doutok.Video");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_video_manager_stop (fixture->video.manager);
  video_fixture_wait_idle (&fixture->video);
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (fixture->impl));
  dou_test_bus_disconnect (fixture->peer);
  g_clear_object (&fixture->service);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->impl);
  dou_test_bus_free (fixture->bus);
  video_fixture_tear_down (&fixture->video, data);
}

/* A list of files as a gateway sends them; the descriptors are its. */
static GUnixFDList *
make_files (Fixture *fixture, GBytes *first, GBytes *second)
{
  int fds[] = { dou_test_media_upload (fixture->video.directory, first),
                dou_test_media_upload (fixture->video.directory, second) };

  return g_unix_fd_list_new_from_array (fds, G_N_ELEMENTS (fds));
}

static GVariant *
repeat (const char *item, guint n)
{
  GVariant *child = g_variant_new_parsed (item);
  g_autofree GVariant **children = g_new (GVariant *, n);
  GVariant *array;

  for (guint i = 0; i < n; i++)
    children[i] = child;
  array = g_variant_new_array (NULL, children, n);
  return g_variant_new_tuple (&array, 1);
}

/* Test that a message with more items than one call may have is refused as a whole. */
static void
test_too_many (Fixture *fixture, gconstpointer data)
{
  const char *too_large = "org.doutok.Error.TooLarge";
  const guint n = DOU_VIDEO_ITEMS_MAX + 1;

  assert_error (fixture, "Publish",
                repeat ("(int64 1, int64 1, 'a', handle 0)", DOU_VIDEO_UPLOADS_MAX + 1),
                too_large);
  assert_error (fixture, "GetFeed", repeat ("(int64 0, uint32 1)", n), too_large);
  assert_error (fixture, "GetWorks", repeat ("(int64 1, int64 0, uint32 1)", n), too_large);
  assert_error (fixture, "GetVideos", repeat ("int64 1", n), too_large);
  assert_error (fixture, "GetWorkCounts", repeat ("int64 1", n), too_large);
  assert_error (fixture, "DeleteVideos", repeat ("(int64 1, int64 1)", n), too_large);
}

/* Test that a handle without a file is that item's error alone, also if there are no files. */
static void
test_bad_handles (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GUnixFDList) files = make_files (fixture, NULL, NULL);
  const char *arguments = "([(int64 1, int64 1, 'a', handle 0), (2, 1, 'a', 2), (3, 1, 'a', -1),"
                          " (4, 1, 'a', 2147483647)],)";

  assert_reply (fixture, "Publish", arguments, NULL, "([3, 3, 3, 3],)");
  assert_reply (fixture, "Publish", arguments, files, "([19, 3, 3, 3],)");
}

/* Test that nothing in is nothing out. */
static void
test_empty (Fixture *fixture, gconstpointer data)
{
  assert_reply (fixture, "Publish", "(@a(xxsh) [],)", NULL, "([],)");
  assert_reply (fixture, "GetFeed", "(@a(xu) [],)", NULL, "([],)");
  assert_reply (fixture, "GetWorks", "(@a(xxu) [],)", NULL, "([],)");
  assert_reply (fixture, "GetVideos", "(@ax [],)", NULL, "([],)");
  assert_reply (fixture, "GetWorkCounts", "(@ax [],)", NULL, "([],)");
  assert_reply (fixture, "DeleteVideos", "(@a(xx) [],)", NULL, "([],)");
  assert_reply (fixture, "GetFeed", "([(int64 0, uint32 30)],)", NULL, "([(0, [])],)");
}

/* Test that each upload of a call has its own result, and that all lists show what is published. */
static void
test_publish (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) good = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autoptr (GBytes) text = g_bytes_new_static ("text", 4);
  g_autoptr (GUnixFDList) files = make_files (fixture, good, text);

  assert_reply (fixture, "Publish",
                "([(int64 1001, int64 77, 'no video', handle 1), (1000, 77, ' 你好 ', 0),"
                " (1002, 77, '', 0), (1000, 77, 'again', 0)],)",
                files, "([11, 0, 18, 0],)");
  assert_reply (fixture, "GetFeed", "([(int64 0, uint32 30), (5, 3)],)", NULL,
                "([(1700000000000, [1000]), (1700000000000, [1000])],)");
  assert_reply (fixture, "GetWorks", "([(int64 77, int64 0, uint32 30), (78, 0, 30)],)", NULL,
                "([(0, [1000]), (0, [])],)");
  assert_reply (fixture, "GetVideos", "([int64 7, 1000],)", NULL,
                "([(15, 7, 0, '', '', '', 0), (0, 1000, 77, '你好', "
                "'video/00/1000.mp4', 'cover/00/1000.jpg', 1700000000000)],)");
  assert_reply (fixture, "GetWorkCounts", "([int64 78, 77],)", NULL, "([0, 1],)");
}

/* Test that each picture of a call has its own result, and that none is what is not known. */
static void
test_import_pictures (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) good = dou_test_picture_make ("mjpeg", 64, 64);
  g_autoptr (GBytes) text = g_bytes_new_static ("text", 4);
  g_autoptr (GUnixFDList) files = make_files (fixture, good, text);

  assert_error (fixture, "ImportPictures",
                repeat ("(int64 1, int64 1, 'avatar', handle 0)", DOU_VIDEO_UPLOADS_MAX + 1),
                "org.doutok.Error.TooLarge");
  assert_reply (fixture, "ImportPictures", "(@a(xxsh) [],)", NULL, "([],)");
  assert_reply (fixture, "ImportPictures",
                "([(int64 1000, int64 77, 'avatar', handle 0), (1001, 77, 'cover', 0)],)", NULL,
                "([(3, ''), (3, '')],)");
  assert_reply (fixture, "ImportPictures",
                "([(int64 1000, int64 77, 'avatar', handle 0), (1001, 77, 'background', 1),"
                " (1002, 77, 'background', 0), (0, 77, 'avatar', 0), (1003, 0, 'avatar', 0)],)",
                files,
                "([(0, 'avatar/00/1000.jpg'), (31, ''), (0, 'background/00/1002.jpg'), (3, ''), "
                "(3, '')],)");
}

/* What a client has heard, in order. */
static void
signal_cb (GDBusConnection *connection, const char *sender, const char *path,
           const char *interface, const char *name, GVariant *parameters, gpointer user_data)
{
  g_autofree char *text = g_variant_print (parameters, FALSE);

  g_string_append_printf (user_data, "%s%s ", name, text);
}

/* Test that a client hears of a change before it gets the reply, and of the next one too. */
static void
test_signals (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) webm = dou_test_media_make (DOU_TEST_MEDIA_WEBM);
  g_autoptr (GUnixFDList) files = make_files (fixture, webm, NULL);
  g_autoptr (GString) heard = g_string_new (NULL);
  guint id = g_dbus_connection_signal_subscribe (fixture->peer, NULL, "org.doutok.Video1", NULL,
                                                 NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, signal_cb,
                                                 heard, NULL);

  assert_reply (fixture, "Publish", "([(int64 1000, int64 77, 'title', handle 0)],)", files,
                "([0],)");
  g_assert_cmpstr (heard->str, ==, "Changed([1000],) WorkCountsChanged([77],) ");
  g_string_truncate (heard, 0);
  video_fixture_wait_idle (&fixture->video);
  assert_reply (fixture, "GetVideos", "([int64 1000],)", NULL,
                "([(0, 1000, 77, 'title', 'video/00/1000-1.mp4', "
                "'cover/00/1000.jpg', 1700000000000)],)");
  g_assert_cmpstr (heard->str, ==, "Changed([1000],) ");
  g_dbus_connection_signal_unsubscribe (fixture->peer, id);
}

/* Test that each deletion of a call has its own result, that a client hears of it before it gets the
 * reply, and that the file of an upload that is being transcoded is gone by then. */
static void
test_delete (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) good = dou_test_media_make (DOU_TEST_MEDIA_SILENT);
  g_autoptr (GBytes) webm = dou_test_media_make (DOU_TEST_MEDIA_WEBM);
  g_autoptr (GUnixFDList) files = make_files (fixture, good, webm);
  g_autoptr (GString) heard = g_string_new (NULL);
  guint id;

  assert_reply (fixture, "Publish", "([(int64 1000, int64 77, 'a', handle 0)],)", files, "([0],)");
  assert_reply (fixture, "Publish", "([(int64 1001, int64 77, 'b', handle 1)],)", files, "([0],)");
  id = g_dbus_connection_signal_subscribe (fixture->peer, NULL, "org.doutok.Video1", NULL, NULL,
                                           NULL, G_DBUS_SIGNAL_FLAGS_NONE, signal_cb, heard, NULL);
  assert_reply (fixture, "DeleteVideos",
                "([(int64 1001, int64 78), (5, 77), (1001, 77), (1001, 77), (-1, 0)],)", NULL,
                "([9, 15, 0, 0, 15],)");
  g_assert_cmpstr (heard->str, ==, "Changed([1001],) WorkCountsChanged([77],) ");
  g_assert_cmpuint (video_fixture_count_files (&fixture->video), ==, 2);
  g_string_truncate (heard, 0);

  assert_reply (fixture, "DeleteVideos", "([(int64 1001, int64 77), (1001, 78)],)", NULL,
                "([0, 15],)");
  assert_reply (fixture, "GetFeed", "([(int64 0, uint32 30)],)", NULL,
                "([(1700000000000, [1000])],)");
  assert_reply (fixture, "GetWorkCounts", "([int64 77],)", NULL, "([1],)");
  assert_reply (fixture, "Recount", "()", NULL, "(0,)");
  g_assert_cmpstr (heard->str, ==, "");
  g_dbus_connection_signal_unsubscribe (fixture->peer, id);
}

static void
assert_property (GDBusProxy *proxy, const char *name, const char *expected)
{
  g_autoptr (GVariant) value = g_dbus_proxy_get_cached_property (proxy, name);
  g_autofree char *text = g_variant_print (value, FALSE);

  g_assert_cmpstr (text, ==, expected);
}

static void
proxy_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GDBusProxy **) user_data = g_dbus_proxy_new_finish (result, NULL);
}

static gboolean
is_set (gpointer data)
{
  return *(gpointer *) data != NULL;
}

static gboolean
counts_are_told (gpointer data)
{
  g_autoptr (GVariant) videos = g_dbus_proxy_get_cached_property (data, "VideoCount");
  g_autoptr (GVariant) transcodes = g_dbus_proxy_get_cached_property (data, "PendingTranscodes");

  return g_variant_get_int64 (videos) == 1 && g_variant_get_uint32 (transcodes) == 0;
}

/* Test that the properties are what they should be, and follow what happens. */
static void
test_properties (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) webm = dou_test_media_make (DOU_TEST_MEDIA_WEBM);
  g_autoptr (GUnixFDList) files = make_files (fixture, webm, NULL);
  GDBusProxy *proxy = NULL;

  g_dbus_proxy_new (fixture->peer, G_DBUS_PROXY_FLAGS_NONE, NULL, "org.doutok.Video",
                    "/org/doutok/Video", "org.doutok.Video1", NULL, proxy_cb, &proxy);
  dou_test_wait_until (is_set, &proxy);
  assert_property (proxy, "Version", "'" DOU_VERSION "'");
  assert_property (proxy, "SchemaVersion", "7");
  assert_property (proxy, "VideoCount", "0");
  assert_property (proxy, "PendingTranscodes", "0");
  assert_property (proxy, "FailedTranscodes", "0");

  assert_reply (fixture, "Publish", "([(int64 1000, int64 77, 'title', handle 0)],)", files,
                "([0],)");
  dou_test_wait_until (counts_are_told, proxy);
  g_object_unref (proxy);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/video/video-impl/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("too-many", test_too_many);
  ADD ("bad-handles", test_bad_handles);
  ADD ("empty", test_empty);
  ADD ("publish", test_publish);
  ADD ("import-pictures", test_import_pictures);
  ADD ("signals", test_signals);
  ADD ("delete", test_delete);
  ADD ("properties", test_properties);
#undef ADD

  return g_test_run ();
}
