/* SPDX-License-Identifier: Apache-2.0 */

/* Removes what users have published who are no more: some of their videos, as if their authors had
 * deleted them, and their pictures. The user domain asks again until nothing is left; what it asks is all
 * that has to be remembered of it, beside the mark that keeps anything from being published for them.
 *
 * A picture that is just being taken in has its row, and not yet its file: it is left to the next call.
 * One that begins to be taken in after the last call is named by no profile, and goes as such do. */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "video/dou-video-manager-private.h"
#include "video/dou-video-store-pictures.h"
#include "video/dou-video-users.h"

/* The data of a call's task. */
typedef struct
{
  DouPictureKeeper *keeper; /* (owned) */
  GArray *statuses;         /* (owned) (element-type gint32) of each user */
  GArray *users;            /* (owned) (element-type gint64) those that are ids */
  GArray *places;           /* (owned) (element-type guint) of each of them in the call */
  GArray *pictures;         /* (owned) (element-type gint64) that are being removed */
} Call;

static void
call_free (Call *call)
{
  g_object_unref (call->keeper);
  g_array_unref (call->statuses);
  g_array_unref (call->users);
  g_array_unref (call->places);
  g_array_unref (call->pictures);
  g_free (call);
}

static const gint64 *
get_ids (GArray *ids)
{
  return (const gint64 *) (gpointer) ids->data;
}

static void
found_remains_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GArray) left = NULL;
  GError *error = NULL;

  left = dou_video_store_find_remains_finish (DOU_VIDEO_STORE (source), result, &error);
  if (left == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < left->len; i++)
    {
      guint place = g_array_index (call->places, guint, g_array_index (left, guint, i));

      g_array_index (call->statuses, gint32, place) = DOU_STATUS_UNAVAILABLE;
    }
  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

/* @task: (transfer full) */
static void
find_remains (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  dou_video_store_find_remains_async (dou_video_manager_get_store (g_task_get_source_object (task)),
                                      call->users, found_remains_cb, task);
}

static void
deleted_pictures_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  g_autoptr (GError) error = NULL;

  if (!dou_video_store_change_pictures_finish (DOU_VIDEO_STORE (source), result, &error))
    g_warning ("Pictures of deleted users are left: %s", error->message);
  find_remains (task);
}

/* The row goes after the file, so that there is none without a row. */
static void
removed_files_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!dou_media_store_remove_finish (DOU_MEDIA_STORE (source), result, &error))
    {
      g_warning ("Pictures of deleted users are left: %s", error->message);
      find_remains (task);
      return;
    }

  dou_video_store_delete_pictures_async (
      dou_video_manager_get_store (g_task_get_source_object (task)), get_ids (call->pictures),
      call->pictures->len, deleted_pictures_cb, task);
}

static void
got_pictures_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouVideoManager *manager = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) pictures = NULL;
  GError *error = NULL;

  pictures = dou_video_store_get_pictures_finish (DOU_VIDEO_STORE (source), result, &error);
  if (pictures == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < pictures->len; i++)
    {
      const DouPicture *picture = &g_array_index (pictures, DouPicture, i);

      if (dou_picture_keeper_is_held (call->keeper, picture->id))
        continue;

      g_array_append_val (call->pictures, picture->id);
      g_ptr_array_add (names, dou_picture_get_name (picture));
    }

  if (call->pictures->len == 0)
    {
      find_remains (g_steal_pointer (&task));
      return;
    }

  g_ptr_array_add (names, NULL);
  dou_media_store_remove_async (manager->media, (const char *const *) names->pdata,
                                removed_files_cb, g_steal_pointer (&task));
}

/* @task: (transfer full) */
static void
remove_pictures (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  dou_video_store_get_pictures_of_async (
      dou_video_manager_get_store (g_task_get_source_object (task)), get_ids (call->users),
      call->users->len, got_pictures_cb, task);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GArray) statuses = NULL;
  GError *error = NULL;

  statuses = dou_video_manager_delete_finish (DOU_VIDEO_MANAGER (source), result, &error);
  if (statuses == NULL)
    g_task_return_error (task, error);
  else
    remove_pictures (g_steal_pointer (&task));
}

static void
found_works_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouVideoManager *manager = g_task_get_source_object (task);
  g_autoptr (GArray) deletions = NULL;
  GError *error = NULL;

  deletions = dou_video_store_remove_users_finish (DOU_VIDEO_STORE (source), result, &error);
  if (deletions == NULL)
    g_task_return_error (task, error);
  else if (deletions->len > 0)
    dou_video_manager_delete_async (manager,
                                    (const DouVideoDeletion *) (gpointer) deletions->data,
                                    deletions->len, deleted_cb, g_steal_pointer (&task));
  else
    remove_pictures (g_steal_pointer (&task));
}

/**
 * dou_video_remove_users_async:
 * @manager: deletes the videos
 * @keeper: knows which pictures are being taken in
 * @users: (array length=n_users): users who are no more
 * @n_users: how many
 * @callback: called once a piece of what they published is gone
 * @user_data: for @callback
 */
void
dou_video_remove_users_async (DouVideoManager *manager, DouPictureKeeper *keeper,
                              const gint64 *users, guint n_users, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task;
  Call *call;

  g_return_if_fail (DOU_IS_VIDEO_MANAGER (manager));
  g_return_if_fail (DOU_IS_PICTURE_KEEPER (keeper));

  call = g_new0 (Call, 1);
  call->keeper = g_object_ref (keeper);
  call->statuses = g_array_sized_new (FALSE, FALSE, sizeof (gint32), n_users);
  call->users = g_array_sized_new (FALSE, FALSE, sizeof (gint64), n_users);
  call->places = g_array_sized_new (FALSE, FALSE, sizeof (guint), n_users);
  call->pictures = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < n_users; i++)
    {
      gint32 status = users[i] > 0 && users[i] <= DOU_ID_MAX ? DOU_STATUS_OK
                                                             : DOU_STATUS_BAD_PARAMETER;

      g_array_append_val (call->statuses, status);
      if (status != DOU_STATUS_OK)
        continue;
      g_array_append_val (call->users, users[i]);
      g_array_append_val (call->places, i);
    }

  task = g_task_new (manager, NULL, callback, user_data);
  g_task_set_source_tag (task, dou_video_remove_users_async);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  dou_video_store_remove_users_async (dou_video_manager_get_store (manager), call->users,
                                      found_works_cb, task);
}

/**
 * dou_video_remove_users_finish:
 * @manager: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each a #DouStatus: 0 if nothing is left, Unavailable
 *   if it is to be called again, BadParameter; or %NULL with the errors of dou_database_write_finish()
 */
GArray *
dou_video_remove_users_finish (DouVideoManager *manager, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, manager), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_remove_users_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
