/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-object-client.h"

G_BEGIN_DECLS

/**
 * DouObjectInfo:
 * @size: bytes
 * @etag: with its quotation marks
 * @mtime: when it was stored, in seconds since 1970; 0 if the store does not say
 *
 * What a store says of an object.
 */
typedef struct
{
  guint64 size;
  char *etag; /* (owned) */
  gint64 mtime;
} DouObjectInfo;

void dou_object_info_free (DouObjectInfo *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouObjectInfo, dou_object_info_free)

/**
 * DouObjectStore:
 *
 * A bucket of an S3-compatible object store. Names of objects are those of files below media/.
 */
#define DOU_TYPE_OBJECT_STORE (dou_object_store_get_type ())
G_DECLARE_FINAL_TYPE (DouObjectStore, dou_object_store, DOU, OBJECT_STORE, GObject)

DouObjectStore *dou_object_store_new (const DouObjectAddress *address,
                                      const DouObjectLimits *limits);
void dou_object_store_set_part_size (DouObjectStore *self, gsize part_size);

void dou_object_store_put_async (DouObjectStore *self, const char *name, const char *content_type,
                                 const char *path, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_object_store_put_finish (DouObjectStore *self, GAsyncResult *result, GError **error);

void dou_object_store_head_async (DouObjectStore *self, const char *name,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data);
DouObjectInfo *dou_object_store_head_finish (DouObjectStore *self, GAsyncResult *result,
                                             GError **error);

void dou_object_store_get_async (DouObjectStore *self, const char *name, guint64 offset,
                                 guint64 length, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
GInputStream *dou_object_store_get_finish (DouObjectStore *self, GAsyncResult *result,
                                           GError **error);

void dou_object_store_delete_async (DouObjectStore *self, const char *name,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean dou_object_store_delete_finish (DouObjectStore *self, GAsyncResult *result,
                                         GError **error);

void dou_object_store_abort_async (DouObjectStore *self, const char *stem,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean dou_object_store_abort_finish (DouObjectStore *self, GAsyncResult *result, GError **error);

void dou_object_store_check_async (DouObjectStore *self, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_object_store_check_finish (DouObjectStore *self, GAsyncResult *result, GError **error);

char *dou_object_store_presign (DouObjectStore *self, const char *method, const char *name,
                                guint expires, GDateTime *since);

G_END_DECLS
