/* SPDX-License-Identifier: Apache-2.0 */

/* ImportPictures on the bus. */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-status.h"
#include "video/dou-picture-call.h"

/* A call with pictures, which end one by one. */
typedef struct
{
  DouCall *call;      /* (owned) */
  GVariant **results; /* (owned) (element-type (is)) */
  gsize n_pending;
} Import;

/* One of them. */
typedef struct
{
  Import *import; /* (unowned) which ends with the last of them */
  gsize index;
} Item;

static void
import_settle (Import *self, gsize index, DouStatus status, const char *name)
{
  self->results[index] = g_variant_new ("(is)", (gint32) status, name);
  if (--self->n_pending > 0)
    return;

  dou_call_reply (self->call,
                  g_variant_new_array (G_VARIANT_TYPE ("(is)"), self->results,
                                       g_variant_n_children (self->call->argument)),
                  NULL);
  dou_call_free (self->call);
  g_free (self->results);
  g_free (self);
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
  import_settle (item->import, item->index, status, name != NULL ? name : "");
}

/**
 * dou_picture_call_handle:
 * @call: (transfer full): a call of `a(xxsh)`, of no more pictures than a message can carry
 * @importer: takes the pictures in
 * @files: (nullable): the descriptors
 */
void
dou_picture_call_handle (DouCall *call, DouPictureImporter *importer, GUnixFDList *files)
{
  g_autoptr (GVariant) argument = g_variant_ref (call->argument);
  gsize n_items = g_variant_n_children (argument);
  Import *import;

  if (n_items == 0)
    {
      dou_call_reply (call, g_variant_new ("a(is)", NULL), NULL);
      dou_call_free (call);
      return;
    }

  import = g_new (Import, 1);
  *import = (Import){ call, g_new0 (GVariant *, n_items), n_items };
  for (gsize i = 0; i < n_items; i++)
    {
      DouPicture picture;
      const char *kind;
      gint32 handle;
      Item *item;

      g_variant_get_child (argument, i, "(xx&sh)", &picture.id, &picture.owner, &kind, &handle);
      if (!dou_picture_kind_parse (&picture.kind, kind))
        {
          import_settle (import, i, DOU_STATUS_BAD_PARAMETER, "");
          continue;
        }

      item = g_new (Item, 1);
      *item = (Item){ import, i };
      dou_picture_importer_import_async (importer, &picture, dou_call_get_fd (files, handle),
                                         imported_cb, item);
    }
}
