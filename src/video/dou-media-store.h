/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-objects.h"

G_BEGIN_DECLS

/* Seconds after which an object store that was not reached is asked again. */
#define DOU_MEDIA_STORE_RETRY_DELAY 30

#define DOU_TYPE_MEDIA_STORE (dou_media_store_get_type ())
G_DECLARE_FINAL_TYPE (DouMediaStore, dou_media_store, DOU, MEDIA_STORE, GObject)

DouMediaStore *dou_media_store_new (const char *state_dir, GError **error);
void dou_media_store_set_objects (DouMediaStore *self, DouMediaObjects *objects, guint retry_delay);
gboolean dou_media_store_is_remote (DouMediaStore *self);
gboolean dou_media_store_can_read (DouMediaStore *self, const char *name);

char *dou_media_store_name_video (gint64 id, const char *extension);
char *dou_media_store_name_transcoded (gint64 id);
char *dou_media_store_name_cover (gint64 id);
char *dou_media_store_name_picture (gint64 id, const char *kind);
char *dou_media_store_get_path (DouMediaStore *self, const char *name);
char *dou_media_store_get_work_directory (DouMediaStore *self, gint64 id);
GArray *dou_media_store_list_work (DouMediaStore *self, GError **error);

void dou_media_store_begin_async (DouMediaStore *self, gint64 id, GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean dou_media_store_begin_finish (DouMediaStore *self, GAsyncResult *result, GError **error);

void dou_media_store_place_async (DouMediaStore *self, gint64 id, int fd, const char *video,
                                  const char *cover, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_media_store_place_finish (DouMediaStore *self, GAsyncResult *result, GError **error);

void dou_media_store_settle_async (DouMediaStore *self, gint64 id, const char *video,
                                   const char *cover, GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean dou_media_store_settle_finish (DouMediaStore *self, GAsyncResult *result, GError **error);

void dou_media_store_settle_later (DouMediaStore *self, gint64 id, const char *video,
                                   const char *cover);

void dou_media_store_open_async (DouMediaStore *self, gint64 id, const char *name,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data);
int dou_media_store_open_finish (DouMediaStore *self, GAsyncResult *result, GError **error);

void dou_media_store_remove_async (DouMediaStore *self, const char *const *names,
                                   GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_media_store_remove_finish (DouMediaStore *self, GAsyncResult *result, GError **error);

G_END_DECLS
