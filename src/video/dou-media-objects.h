/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-object-store.h"

G_BEGIN_DECLS

/**
 * DouMediaObjects:
 *
 * Files of the media store that are in an object store, by the same names.
 */
#define DOU_TYPE_MEDIA_OBJECTS (dou_media_objects_get_type ())
G_DECLARE_FINAL_TYPE (DouMediaObjects, dou_media_objects, DOU, MEDIA_OBJECTS, GObject)

DouMediaObjects *dou_media_objects_new (DouObjectStore *store);

void dou_media_objects_put_async (DouMediaObjects *self, const char *const *names,
                                  const char *const *paths, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_media_objects_put_finish (DouMediaObjects *self, GAsyncResult *result,
                                       GError **error);

void dou_media_objects_remove_async (DouMediaObjects *self, const char *const *names,
                                     const char *stem, GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean dou_media_objects_remove_finish (DouMediaObjects *self, GAsyncResult *result,
                                          GError **error);

void dou_media_objects_fetch_async (DouMediaObjects *self, const char *name, const char *directory,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
int dou_media_objects_fetch_finish (DouMediaObjects *self, GAsyncResult *result, GError **error);

G_END_DECLS
