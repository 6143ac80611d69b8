/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-runner.h"
#include "video/dou-media-store.h"

G_BEGIN_DECLS

/**
 * DouMediaImport:
 * @video: name of the video below media/
 * @cover: name of its cover below media/
 * @transcode: whether not every phone and browser plays it
 *
 * A file that was taken into the store.
 */
typedef struct
{
  char *video; /* (owned) */
  char *cover; /* (owned) */
  gboolean transcode;
} DouMediaImport;

void dou_media_import_free (DouMediaImport *import);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouMediaImport, dou_media_import_free)

#define DOU_TYPE_MEDIA_IMPORTER (dou_media_importer_get_type ())
G_DECLARE_FINAL_TYPE (DouMediaImporter, dou_media_importer, DOU, MEDIA_IMPORTER, GObject)

DouMediaImporter *dou_media_importer_new (DouMediaRunner *runner, DouMediaStore *store,
                                          gint64 max_size, gint64 max_duration, guint n_slots);
void dou_media_importer_set_max_time (DouMediaImporter *self, gint64 max_time);

void dou_media_importer_import_async (DouMediaImporter *self, gint64 id, int fd,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);
DouMediaImport *dou_media_importer_import_finish (DouMediaImporter *self, GAsyncResult *result,
                                                  GError **error);

G_END_DECLS
