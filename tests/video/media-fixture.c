/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <unistd.h>

#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"
#include "video/media-fixture.h"

#define MEMORY (1024 * 1024 * 1024)

void
media_fixture_set_up (MediaFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->runner = dou_media_runner_new (MEMORY, &error);
  g_assert_no_error (error);
  fixture->store = dou_media_store_new (fixture->directory, &error);
  g_assert_no_error (error);
  fixture->importer = dou_media_importer_new (fixture->runner, fixture->store, MEDIA_MAX_SIZE,
                                              MEDIA_MAX_DURATION, 2);
}

void
media_fixture_tear_down (MediaFixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->importer);
  g_assert_finalize_object (fixture->runner);
  /* A thread that has just ended its step may still hold it. */
  g_object_unref (fixture->store);
  dou_test_dir_remove (fixture->directory);
}

/* Takes in a file, as far as the row that the caller would commit. */
DouMediaImport *
media_fixture_import (MediaFixture *fixture, gint64 id, GBytes *bytes, GError **error)
{
  int fd = dou_test_media_upload (fixture->directory, bytes);
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_media_importer_import_async (fixture->importer, id, fd, NULL, dou_test_wait_result_cb,
                                   &pending);
  close (fd);
  result = dou_test_wait_result (&pending);
  return dou_media_importer_import_finish (fixture->importer, result, error);
}

/* Files of any kind below media/, and videos that are being worked on. */
guint
media_fixture_count_files (MediaFixture *fixture)
{
  g_autofree char *media = dou_media_store_get_path (fixture->store, "");
  g_autoptr (GArray) work = dou_media_store_list_work (fixture->store, NULL);

  return work->len + dou_test_dir_count_files (media);
}
