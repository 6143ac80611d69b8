/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/dou-media-routes.h"
#include "gateway/dou-upload.h"
#include "lib/dou-test-dir.h"

#include "upload-fixture.h"

static void
add_checksum (DouUpload *upload, DouJsonWriter *writer)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  int fd = dou_upload_get_fd (upload, 0);
  guint8 buffer[65536];
  off_t position = 0;
  struct stat info;
  gssize n;

  g_assert_no_errno (fstat (fd, &info));
  g_assert_cmpuint (info.st_nlink, ==, 0);
  g_assert_cmpuint ((guint64) info.st_size, ==, dou_upload_get_size (upload, 0));

  while ((n = pread (fd, buffer, sizeof buffer, position)) > 0)
    {
      g_checksum_update (checksum, buffer, n);
      position += n;
    }
  g_assert_cmpint (n, ==, 0);

  dou_json_writer_name (writer, "checksum");
  dou_json_writer_string (writer, g_checksum_get_string (checksum));
}

/* Publishes the file as the video service does. */
static void
give_name (UploadFixture *fixture, DouUpload *upload, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->directory, "media", name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", dou_upload_get_fd (upload, 0));

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_no_errno (linkat (AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW));
}

/* Says what arrived, and keeps it where `path` says. */
static void
upload_handler (DouRequest *request, gpointer user_data)
{
  UploadFixture *fixture = user_data;
  DouUpload *upload = dou_request_get_body_sink (request);
  const char *names[] = { "title", "token" };
  g_auto (DouJsonWriter) writer = { NULL };

  fixture->n_handled++;
  dou_request_begin_reply (request, DOU_STATUS_OK, &writer);
  dou_json_writer_name (&writer, "size");
  dou_json_writer_int64 (&writer, (gint64) dou_upload_get_size (upload, 0));
  if (dou_upload_get_size (upload, 0) > 0)
    add_checksum (upload, &writer);
  else
    g_assert_cmpint (dou_upload_get_fd (upload, 0), ==, -1);

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (dou_request_get_parameter (request, names[i]) != NULL)
      {
        dou_json_writer_name (&writer, names[i]);
        dou_json_writer_string (&writer, dou_request_get_parameter (request, names[i]));
      }
  dou_request_end_reply (request, DOU_STATUS_OK, &writer);

  if (dou_request_get_parameter (request, "path") != NULL)
    give_name (fixture, upload, dou_request_get_parameter (request, "path"));
}

/* Two files with a limit each; other forms than multipart are left to the server. */
static gpointer
open_two (DouRequest *request, gpointer user_data, DouStatus *status)
{
  static const DouUploadFile files[] = { { "first", 3 }, { "second", 5 } };
  SoupMessageHeaders *headers
      = dou_request_get_headers (request);
  const char *type = soup_message_headers_get_content_type (headers, NULL);

  *status = DOU_STATUS_OK;
  return g_strcmp0 (type, "multipart/form-data") == 0
             ? dou_upload_new (request, user_data, files, G_N_ELEMENTS (files), status)
             : NULL;
}

static const DouBodySinkClass two_sink_class = {
  .open = open_two,
  .write = dou_upload_write,
  .close = dou_upload_close,
  .free = dou_upload_free,
};

/* Says how large each file is, and what the title is. */
static void
two_handler (DouRequest *request, gpointer user_data)
{
  UploadFixture *fixture = user_data;
  DouUpload *upload = dou_request_get_body_sink (request);
  const char *title = dou_request_get_parameter (request, "title");
  g_auto (DouJsonWriter) writer = { NULL };

  fixture->n_handled++;
  dou_request_begin_reply (request, DOU_STATUS_OK, &writer);
  dou_json_writer_name (&writer, "first");
  dou_json_writer_int64 (&writer, upload != NULL ? (gint64) dou_upload_get_size (upload, 0) : -1);
  dou_json_writer_name (&writer, "second");
  dou_json_writer_int64 (&writer, upload != NULL ? (gint64) dou_upload_get_size (upload, 1) : -1);
  dou_json_writer_name (&writer, "title");
  dou_json_writer_string (&writer, title != NULL ? title : "");
  dou_request_end_reply (request, DOU_STATUS_OK, &writer);
}

void
upload_fixture_set_up (UploadFixture *fixture, gconstpointer data)
{
  static const DouRoute routes[] = {
    { PATH, DOU_METHOD_POST, upload_handler, &dou_upload_sink_class },
    { TWO_PATH, DOU_METHOD_POST, two_handler, &two_sink_class },
  };
  g_autofree char *directory = NULL;
  g_autoptr (GError) error = NULL;

  dou_test_server_set_up (&fixture->server, NULL);
  fixture->context.config = fixture->server.config;
  fixture->directory = dou_test_dir_new ();
  dou_config_set (fixture->context.config, DOU_CONFIG_STATE_DIR, fixture->directory, &error);
  g_assert_no_error (error);
  dou_config_set (fixture->context.config, DOU_CONFIG_MAX_UPLOAD, data, &error);
  g_assert_no_error (error);

  directory = g_build_filename (fixture->directory, "media", NULL);
  fixture->media = dou_media_new (directory, &error);
  g_assert_no_error (error);
  dou_router_add (fixture->server.router, routes, G_N_ELEMENTS (routes), &fixture->context);
  dou_media_routes_add (fixture->server.router, fixture->media);
}

/* What was not given a name is gone. */
void
upload_fixture_tear_down (UploadFixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "media", NULL);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    g_assert_cmpstr (name, ==, "video");
  dou_test_server_tear_down (&fixture->server, NULL);
  g_assert_finalize_object (fixture->media);
  dou_test_dir_remove (fixture->directory);
}
