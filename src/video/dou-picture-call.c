/* SPDX-License-Identifier: Apache-2.0 */

/* ImportPictures on the bus. */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-status.h"
#include "video/dou-picture-call.h"

typedef struct
{
  DouService *service;               /* (unowned) held */
  DouDBusVideo1 *object;             /* (owned) */
  GDBusMethodInvocation *invocation; /* (owned) until the reply, which takes it */
  GVariant **results;                /* (owned) (element-type (is)) */
  gsize n_results;
  gsize n_pending;
} Call;

/* One picture of a call. */
typedef struct
{
  Call *call; /* (unowned) which ends with the last of them */
  gsize index;
} Item;

static void
call_settle (Call *call, gsize index, DouStatus status, const char *name)
{
  call->results[index] = g_variant_new ("(is)", (gint32) status, name);
  if (--call->n_pending > 0)
    return;

  dou_dbus_video1_complete_import_pictures (
      call->object, g_steal_pointer (&call->invocation), NULL,
      g_variant_new_array (G_VARIANT_TYPE ("(is)"), call->results, call->n_results));
  dou_service_release (call->service);
  g_object_unref (call->object);
  g_free (call->results);
  g_free (call);
}

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Item *item = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *name
      = dou_picture_importer_import_finish (DOU_PICTURE_IMPORTER (source), result, &error);
  DouStatus status = dou_status_from_error (error);

  if (status == DOU_STATUS_INTERNAL)
    g_warning ("ImportPictures: %s", error->message);
  call_settle (item->call, item->index, status, name != NULL ? name : "");
}

/* A handle is an index into the list of descriptors; both are the caller's, and may not fit. */
static int
get_fd (GUnixFDList *files, gint32 handle)
{
  int n_fds = 0;
  const int *fds = files != NULL ? g_unix_fd_list_peek_fds (files, &n_fds) : NULL;

  return handle >= 0 && handle < n_fds ? fds[handle] : -1;
}

/**
 * dou_picture_call_handle:
 * @importer: takes the pictures in
 * @service: held until the reply
 * @object: whose method is called
 * @invocation: (transfer full): the call, of no more pictures than a message can carry
 * @files: (nullable): the descriptors
 * @argument: a(xxsh)
 */
void
dou_picture_call_handle (DouPictureImporter *importer, DouService *service, DouDBusVideo1 *object,
                         GDBusMethodInvocation *invocation, GUnixFDList *files, GVariant *argument)
{
  gsize n_items = g_variant_n_children (argument);
  Call *call;

  if (n_items == 0)
    {
      dou_dbus_video1_complete_import_pictures (object, invocation, NULL,
                                                g_variant_new ("a(is)", NULL));
      return;
    }

  call = g_new0 (Call, 1);
  call->service = service;
  call->object = g_object_ref (object);
  call->invocation = invocation;
  call->results = g_new0 (GVariant *, n_items);
  call->n_results = n_items;
  call->n_pending = n_items;
  dou_service_hold (service);

  for (gsize i = 0; i < n_items; i++)
    {
      DouPicture picture;
      const char *kind;
      gint32 handle;
      Item *item;

      g_variant_get_child (argument, i, "(xx&sh)", &picture.id, &picture.owner, &kind, &handle);
      if (!dou_picture_kind_parse (&picture.kind, kind))
        {
          call_settle (call, i, DOU_STATUS_BAD_PARAMETER, "");
          continue;
        }

      item = g_new (Item, 1);
      *item = (Item){ call, i };
      dou_picture_importer_import_async (importer, &picture, get_fd (files, handle), imported_cb,
                                         item);
    }
}
