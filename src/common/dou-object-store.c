/* SPDX-License-Identifier: Apache-2.0 */

/* The requests that a media store is made of. How a file gets there is in dou-object-upload.c. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include "common/dou-object-store.h"
#include "common/dou-object-upload.h"
#include "common/dou-status.h"

/* A larger file is sent in parts of this size. Stores take parts from 5 MiB on, and 10,000 of them:
 * this is enough for the largest upload that can be configured. */
#define PART_SIZE ((gsize) 16 * 1024 * 1024)

struct _DouObjectStore
{
  GObject parent_instance;

  DouObjectClient *client; /* (owned) */
  gsize part_size;
};

G_DEFINE_FINAL_TYPE (DouObjectStore, dou_object_store, G_TYPE_OBJECT)

void
dou_object_info_free (DouObjectInfo *self)
{
  g_free (self->etag);
  g_free (self);
}

static void
dou_object_store_dispose (GObject *object)
{
  g_clear_object (&DOU_OBJECT_STORE (object)->client);

  G_OBJECT_CLASS (dou_object_store_parent_class)->dispose (object);
}

static void
dou_object_store_class_init (DouObjectStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_object_store_dispose;
}

static void
dou_object_store_init (DouObjectStore *self)
{
  self->part_size = PART_SIZE;
}

/**
 * dou_object_store_new:
 * @address: where it is
 * @limits: how much of it is put up with
 *
 * Returns: (transfer full): a store, for the thread-default main context
 */
DouObjectStore *
dou_object_store_new (const DouObjectAddress *address, const DouObjectLimits *limits)
{
  DouObjectStore *self = g_object_new (DOU_TYPE_OBJECT_STORE, NULL);

  self->client = dou_object_client_new (address, limits);
  return self;
}

/**
 * dou_object_store_set_part_size:
 * @self: a store
 * @part_size: bytes from which on a file is sent in parts, and of one
 */
void
dou_object_store_set_part_size (DouObjectStore *self, gsize part_size)
{
  g_return_if_fail (DOU_IS_OBJECT_STORE (self));

  self->part_size = part_size;
}

/* Returns: (transfer full): a task of @self */
static GTask *
begin (DouObjectStore *self, gpointer tag, GCancellable *cancellable, GAsyncReadyCallback callback,
       gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  return task;
}

static gboolean
finish_boolean (DouObjectStore *self, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gpointer
finish_pointer (DouObjectStore *self, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
put_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dou_object_upload_finish (DOU_OBJECT_CLIENT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * dou_object_store_put_async:
 * @self: a store
 * @name: of the object
 * @content_type: what it is
 * @path: a file that nobody changes
 * @cancellable: (nullable): gives up
 * @callback: called once the object is there, and its size and checksum are right
 * @user_data: for @callback
 */
void
dou_object_store_put_async (DouObjectStore *self, const char *name, const char *content_type,
                            const char *path, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_OBJECT_STORE (self));

  dou_object_upload_async (
    self->client, name, content_type, path, self->part_size, cancellable, put_cb,
    begin (self, dou_object_store_put_async, cancellable, callback, user_data));
}

/**
 * dou_object_store_put_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location for the errors of dou_object_client_send_finish(), or
 *   %DOU_STATUS_UNAVAILABLE if the store has something else than what was sent
 *
 * Returns: whether the whole object is there; if not, nothing is, as far as the store could be told
 */
gboolean
dou_object_store_put_finish (DouObjectStore *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, dou_object_store_put_async, error);
}

static void
asked_why_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (DouObjectAnswer) answer
    = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);

  if (answer == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_new_error (task, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_FORBIDDEN,
                             "The object store allows GET of %s, but not HEAD",
                             (const char *) g_task_get_task_data (task));
}

/* The answer to HEAD has no words. */
static void
ask_why (GTask *task)
{
  DouObjectStore *self = g_task_get_source_object (task);
  DouObjectRequest *request
    = dou_object_request_new (SOUP_METHOD_GET, g_task_get_task_data (task));

  dou_object_request_add_header (request, "range", "bytes=0-0");
  dou_object_client_send_async (self->client, request, g_task_get_cancellable (task), asked_why_cb,
                                g_object_ref (task));
}

static void
head_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (DouObjectAnswer) answer = NULL;
  g_autoptr (GDateTime) date = NULL;
  DouObjectInfo *info;
  const char *etag, *modified;
  GError *error = NULL;

  answer = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);
  if (g_error_matches (error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_FORBIDDEN))
    {
      g_error_free (error);
      ask_why (task);
      return;
    }
  if (answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  etag = soup_message_headers_get_one (answer->headers, "ETag");
  modified = soup_message_headers_get_one (answer->headers, "Last-Modified");
  date = modified != NULL ? soup_date_time_new_from_http_string (modified) : NULL;
  info = g_new0 (DouObjectInfo, 1);
  info->size = (guint64) soup_message_headers_get_content_length (answer->headers);
  info->etag = g_strdup (etag != NULL ? etag : "");
  info->mtime = date != NULL ? g_date_time_to_unix (date) : 0;
  g_task_return_pointer (task, info, (GDestroyNotify) dou_object_info_free);
}

/**
 * dou_object_store_head_async:
 * @self: a store
 * @name: of an object
 * @cancellable: (nullable): gives up
 * @callback: called with what the store says of it
 * @user_data: for @callback
 */
void
dou_object_store_head_async (DouObjectStore *self, const char *name, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_OBJECT_STORE (self));

  task = begin (self, dou_object_store_head_async, cancellable, callback, user_data);
  g_task_set_task_data (task, g_strdup (name), g_free);
  dou_object_client_send_async (self->client, dou_object_request_new (SOUP_METHOD_HEAD, name),
                                cancellable, head_cb, task);
}

DouObjectInfo *
dou_object_store_head_finish (DouObjectStore *self, GAsyncResult *result, GError **error)
{
  return finish_pointer (self, result, dou_object_store_head_async, error);
}

static void
get_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (DouObjectAnswer) answer
    = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);

  if (answer != NULL)
    g_task_return_pointer (task, g_steal_pointer (&answer->stream), g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * dou_object_store_get_async:
 * @self: a store
 * @name: of an object
 * @offset: the first byte
 * @length: how many, as there are; 0 for all from @offset on
 * @cancellable: (nullable): gives up, as long as there is no answer
 * @callback: called with a stream
 * @user_data: for @callback
 */
void
dou_object_store_get_async (DouObjectStore *self, const char *name, guint64 offset, guint64 length,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  DouObjectRequest *request;

  g_return_if_fail (DOU_IS_OBJECT_STORE (self));

  request = dou_object_request_new (SOUP_METHOD_GET, name);
  request->streams = TRUE;
  if (offset > 0 || length > 0)
    {
      g_autofree char *end
        = length > 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT, offset + length - 1) : g_strdup ("");
      g_autofree char *range = g_strdup_printf ("bytes=%" G_GUINT64_FORMAT "-%s", offset, end);

      dou_object_request_add_header (request, "range", range);
    }

  dou_object_client_send_async (
    self->client, request, cancellable, get_cb,
    begin (self, dou_object_store_get_async, cancellable, callback, user_data));
}

/**
 * dou_object_store_get_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location for the errors of dou_object_client_send_finish()
 *
 * Returns: (transfer full) (nullable): the bytes; reading fails if the store is silent for too long, or
 *   breaks off
 */
GInputStream *
dou_object_store_get_finish (DouObjectStore *self, GAsyncResult *result, GError **error)
{
  return finish_pointer (self, result, dou_object_store_get_async, error);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (DouObjectAnswer) answer = NULL;
  GError *error = NULL;

  answer = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);
  if (g_error_matches (error, DOU_ERROR, DOU_STATUS_NOT_FOUND))
    g_clear_error (&error);

  if (error == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * dou_object_store_delete_async:
 * @self: a store
 * @name: of an object, which need not be there
 * @cancellable: (nullable): gives up
 * @callback: called once it is gone
 * @user_data: for @callback
 */
void
dou_object_store_delete_async (DouObjectStore *self, const char *name, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_OBJECT_STORE (self));

  dou_object_client_send_async (
    self->client, dou_object_request_new (SOUP_METHOD_DELETE, name), cancellable, deleted_cb,
    begin (self, dou_object_store_delete_async, cancellable, callback, user_data));
}

gboolean
dou_object_store_delete_finish (DouObjectStore *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, dou_object_store_delete_async, error);
}

static void
aborted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (dou_object_upload_abort_finish (DOU_OBJECT_CLIENT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * dou_object_store_abort_async:
 * @self: a store
 * @stem: what the names of objects begin with, up to the last dot or minus
 * @cancellable: (nullable): gives up
 * @callback: called when no upload of one of them is under way any more
 * @user_data: for @callback
 *
 * Removes the parts that an upload has left which could not be ended.
 */
void
dou_object_store_abort_async (DouObjectStore *self, const char *stem, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_OBJECT_STORE (self));

  dou_object_upload_abort_async (
    self->client, stem, cancellable, aborted_cb,
    begin (self, dou_object_store_abort_async, cancellable, callback, user_data));
}

gboolean
dou_object_store_abort_finish (DouObjectStore *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, dou_object_store_abort_async, error);
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (DouObjectAnswer) answer
    = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);

  if (answer != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * dou_object_store_check_async:
 * @self: a store
 * @cancellable: (nullable): gives up
 * @callback: called when it is known whether it can be used
 * @user_data: for @callback
 *
 * Asks for a list of one object: that there is such a bucket, and that the keys are good, is said in words
 * then.
 */
void
dou_object_store_check_async (DouObjectStore *self, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  DouObjectRequest *request;

  g_return_if_fail (DOU_IS_OBJECT_STORE (self));

  request = dou_object_request_new (SOUP_METHOD_GET, "");
  dou_object_request_add_parameter (request, "list-type", "2");
  dou_object_request_add_parameter (request, "max-keys", "1");
  dou_object_client_send_async (
    self->client, request, cancellable, checked_cb,
    begin (self, dou_object_store_check_async, cancellable, callback, user_data));
}

gboolean
dou_object_store_check_finish (DouObjectStore *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, dou_object_store_check_async, error);
}

/**
 * dou_object_store_presign:
 * @self: a store
 * @method: of HTTP
 * @name: of an object
 * @expires: seconds for which the address is good
 * @since: when it begins to be
 *
 * Returns: (transfer full): a URL with which anybody can make this request
 */
char *
dou_object_store_presign (DouObjectStore *self, const char *method, const char *name,
                          guint expires, GDateTime *since)
{
  g_return_val_if_fail (DOU_IS_OBJECT_STORE (self), NULL);

  return dou_object_client_presign (self->client, method, name, expires, since);
}
