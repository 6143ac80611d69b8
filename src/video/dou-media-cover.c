/* SPDX-License-Identifier: Apache-2.0 */

/* Cuts the cover of a video: its first picture that is not black, as a JPEG of at most 720 pixels
 * on either side.
 *
 * The first seconds are searched by the filter “blackframe” (0.1 s; ffmpeg's “thumbnail” takes 0.65
 * s and 200 MB and finds nothing better). If all of them are black, or cannot be searched in time,
 * the very first picture serves. Cutting the cover in the same run as copying the streams was
 * rejected: that run then decodes the whole video, which takes 12 s instead of 0.3 s for a minute
 * of 720p.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <fcntl.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "video/dou-media-cover.h"
#include "video/dou-media-pin.h"

/* How far to look for a picture. */
#define SEARCH_SECONDS "10"
#define COVER_CPU 30
#define COVER_WALL 60
#define COVER_SIZE (8 * 1024 * 1024)

/* A picture is black if 90 % of it is darker than 32 of 255. */
#define NOT_BLACK                                                                                 \
  "blackframe=amount=0:threshold=32,"                                                             \
  "metadata=select:key=lavfi.blackframe.pblack:value=90:function=less,"
#define SCALE                                                                                     \
  "scale='min(720,iw)':'min(720,ih)':force_original_aspect_ratio=decrease:force_divisible_by=2,"  \
  "format=yuvj420p"

/* A cover that is being cut: the data of its task. */
typedef struct
{
  DouMediaInfo info;
  char *directory;  /* (owned) */
  char *path;       /* (owned) of the result */
  int fd;           /* (owned) */
  gboolean any;     /* the first picture will do */
} Cover;

static void
cover_free (Cover *cover)
{
  if (cover->fd >= 0)
    g_close (cover->fd, NULL);
  g_free (cover->directory);
  g_free (cover->path);
  g_free (cover);
}

static void run (GTask *task);

static gboolean
is_there (const char *path)
{
  struct stat status;

  return stat (path, &status) == 0 && status.st_size > 0;
}

static void
run_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Cover *cover = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) output
      = dou_media_runner_run_finish (DOU_MEDIA_RUNNER (source), result, &error);

  if (output != NULL && is_there (cover->path))
    g_task_return_boolean (task, TRUE);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
           || (cover->any && error != NULL))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (cover->any)
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_MEDIA_DAMAGED, "it has no picture");
  else
    {
      cover->any = TRUE;
      run (task);
    }
}

static void
run (GTask *task)
{
  Cover *cover = g_task_get_task_data (task);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *stream = g_strdup_printf ("0:%d", cover->info.video_index);
  g_autofree char *output = g_strconcat ("file:", cover->path, NULL);
  g_auto (GStrv) arguments = NULL;
  DouMediaRun job = {
    .program = "ffmpeg",
    .input_fd = cover->fd,
    .output = cover->directory,
    .cpu = COVER_CPU,
    .wall = COVER_WALL,
    .file_size = COVER_SIZE,
  };

  g_strv_builder_add_many (builder, "-v", "error", "-nostdin", "-y", "-filter_threads", "1", "-t",
                           SEARCH_SECONDS, NULL);
  dou_media_pin (builder, cover->info.container, NULL);
  g_strv_builder_add_many (builder, "-map", stream, "-vf", cover->any ? SCALE : NOT_BLACK SCALE,
                           "-frames:v", "1", "-q:v", "4", "-threads", "1", "-map_metadata", "-1",
                           "-c:v", "mjpeg", "-f", "image2", "-update", "1", output, NULL);
  arguments = g_strv_builder_end (builder);
  job.arguments = (const char *const *) arguments;

  dou_media_runner_run_async (g_task_get_source_object (task), &job, g_task_get_cancellable (task),
                              run_cb, g_object_ref (task));
}

/**
 * dou_media_cover_async:
 * @runner: runs ffmpeg
 * @job: the video; the cover goes to %DOU_MEDIA_COVER_FILE in its directory. Not needed after the
 *   call
 * @cancellable: (nullable): ends the run
 * @callback: called once no process is left
 * @user_data: for @callback
 */
void
dou_media_cover_async (DouMediaRunner *runner, const DouMediaJob *job, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (runner, cancellable, callback, user_data);
  Cover *cover = g_new0 (Cover, 1);

  g_return_if_fail (DOU_IS_MEDIA_RUNNER (runner));
  g_return_if_fail (job->directory != NULL);

  cover->info = *job->info;
  cover->directory = g_strdup (job->directory);
  cover->path = g_build_filename (job->directory, DOU_MEDIA_COVER_FILE, NULL);
  cover->fd = fcntl (job->fd, F_DUPFD_CLOEXEC, 0);
  g_task_set_source_tag (task, dou_media_cover_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, cover, (GDestroyNotify) cover_free);
  run (task);
}

/**
 * dou_media_cover_finish:
 * @result: from the callback
 * @error: return location for %DOU_STATUS_MEDIA_DAMAGED, or an error of
 *   dou_media_runner_run_finish()
 *
 * Returns: whether there is a cover
 */
gboolean
dou_media_cover_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_media_cover_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
