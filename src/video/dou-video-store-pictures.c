/* SPDX-License-Identifier: Apache-2.0 */

/* The rows of pictures. */

#include "config.h"

#include "video/dou-video-store-pictures.h"
#include "video/dou-video-store-private.h"

#define COLUMNS "xxx"

static char *
make_picture_json (const DouPicture *picture)
{
  const gint64 numbers[] = { picture->id, picture->owner, picture->kind };

  return dou_video_store_make_numbers (numbers, G_N_ELEMENTS (numbers));
}

static DouPicture
get_picture (DouRows *rows, guint row)
{
  return (DouPicture){ dou_rows_get_int64 (rows, row, 0), dou_rows_get_int64 (rows, row, 1),
                       (DouPictureKind) dou_rows_get_int64 (rows, row, 2) };
}

/**
 * dou_video_store_add_picture_async:
 * @self: a store
 * @picture: a picture whose file is going to be there
 * @callback: called once it is durable
 * @user_data: for @callback
 */
void
dou_video_store_add_picture_async (DouVideoStore *self, const DouPicture *picture,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (self,
                       (DouVideoOperation){
                           .change = "insert-picture",
                           .change_json = make_picture_json (picture),
                           .query = "get-pictures",
                           .query_json = dou_video_store_make_numbers (&picture->id, 1),
                           .columns = COLUMNS },
                       dou_video_store_add_picture_async, callback, user_data);
}

/**
 * dou_video_store_add_picture_finish:
 * @self: a store
 * @result: of the callback
 * @picture: (out): the row of that id, which stays another's if it was
 * @error: return location
 *
 * Returns: whether there is a row, or %FALSE with the errors of dou_database_write_finish()
 */
gboolean
dou_video_store_add_picture_finish (DouVideoStore *self, GAsyncResult *result, DouPicture *picture,
                                    GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_add_picture_async, error);

  if (operation == NULL)
    return FALSE;

  *picture = get_picture (operation->rows, 0);
  return TRUE;
}

/**
 * dou_video_store_get_pictures_of_async:
 * @self: a store
 * @owners: (array length=n_owners): ids of users
 * @n_owners: how many
 * @callback: called with the result, for dou_video_store_get_pictures_finish()
 * @user_data: for @callback
 */
void
dou_video_store_get_pictures_of_async (DouVideoStore *self, const gint64 *owners, guint n_owners,
                                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (self,
                       (DouVideoOperation){
                           .query = "get-pictures-of",
                           .query_json = dou_video_store_make_numbers (owners, n_owners),
                           .columns = COLUMNS },
                       dou_video_store_get_pictures_of_async, callback, user_data);
}

/**
 * dou_video_store_get_unsettled_async:
 * @self: a store
 * @callback: called with the pictures of which no profile was seen that names them, for
 *   dou_video_store_get_pictures_finish()
 * @user_data: for @callback
 */
void
dou_video_store_get_unsettled_async (DouVideoStore *self, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  dou_video_store_run (
      self, (DouVideoOperation){ .query = "get-unsettled-pictures", .columns = COLUMNS },
      dou_video_store_get_pictures_of_async, callback, user_data);
}

/**
 * dou_video_store_get_pictures_finish:
 * @self: a store
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouPicture) (nullable): the pictures
 */
GArray *
dou_video_store_get_pictures_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  DouVideoOperation *operation
      = dou_video_store_finish (self, result, dou_video_store_get_pictures_of_async, error);
  GArray *pictures;

  if (operation == NULL)
    return NULL;

  pictures = g_array_new (FALSE, FALSE, sizeof (DouPicture));
  for (guint i = 0; i < dou_rows_get_n_rows (operation->rows); i++)
    {
      DouPicture picture = get_picture (operation->rows, i);

      g_array_append_val (pictures, picture);
    }

  return pictures;
}

static void
change (DouVideoStore *self, const char *statement, const gint64 *ids, guint n_ids,
        GAsyncReadyCallback callback, gpointer user_data)
{
  dou_video_store_run (self,
                       (DouVideoOperation){
                           .change = statement,
                           .change_json = dou_video_store_make_numbers (ids, n_ids) },
                       dou_video_store_settle_pictures_async, callback, user_data);
}

/**
 * dou_video_store_settle_pictures_async:
 * @self: a store
 * @ids: (array length=n_ids): of pictures that profiles name
 * @n_ids: how many
 * @callback: called once it is durable, for dou_video_store_change_pictures_finish()
 * @user_data: for @callback
 */
void
dou_video_store_settle_pictures_async (DouVideoStore *self, const gint64 *ids, guint n_ids,
                                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  change (self, "settle-pictures", ids, n_ids, callback, user_data);
}

/**
 * dou_video_store_delete_pictures_async:
 * @self: a store
 * @ids: (array length=n_ids): of pictures whose files are gone
 * @n_ids: how many
 * @callback: called once it is durable, for dou_video_store_change_pictures_finish()
 * @user_data: for @callback
 */
void
dou_video_store_delete_pictures_async (DouVideoStore *self, const gint64 *ids, guint n_ids,
                                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_VIDEO_STORE (self));

  change (self, "delete-pictures", ids, n_ids, callback, user_data);
}

gboolean
dou_video_store_change_pictures_finish (DouVideoStore *self, GAsyncResult *result, GError **error)
{
  return dou_video_store_finish (self, result, dou_video_store_settle_pictures_async, error)
         != NULL;
}
