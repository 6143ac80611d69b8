/* SPDX-License-Identifier: Apache-2.0 */

/* Whether a file is a video that is accepted: a look at its first bytes, then ffprobe. */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <unistd.h>

#include "common/dou-status.h"
#include "video/dou-media-pin.h"
#include "video/dou-media-probe.h"

/* Enough for the brand of an MP4 and for the EBML header with its DocType. */
#define SNIFF_LENGTH 64
/* An ordinary file takes 0.1 s. */
#define PROBE_CPU 20
#define PROBE_WALL 60
/* ffprobe opens a decoder for every stream, also for a cover picture. */
#define COVER_CODECS "png,mjpeg"
/* All that is asked: what a report does not hold cannot mislead. */
#define ENTRIES                                                                                   \
  "format=format_name,duration:stream=codec_type,codec_name,pix_fmt,width,height:"                \
  "stream_disposition=attached_pic"

typedef struct
{
  DouMediaInfo info;
  gint64 max_duration; /* milliseconds */
} Probe;

static gboolean
check (Probe *probe, GBytes *report, GError **error)
{
  gsize length;
  const char *json = g_bytes_get_data (report, &length);
  DouMediaInfo *info = &probe->info;

  if (!dou_media_info_parse (info, json != NULL ? json : "", length, error))
    return FALSE;

  /* What was recorded live by a browser does not know how long it is. */
  if (info->duration == 0 && info->container == DOU_MEDIA_CONTAINER_MATROSKA)
    return TRUE;

  return dou_media_info_check_duration (info->duration, probe->max_duration, error);
}

static void
run_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Probe *probe = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes) report
      = dou_media_runner_run_finish (DOU_MEDIA_RUNNER (source), result, &error);

  if (report == NULL || !check (probe, report, &error))
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_memdup2 (&probe->info, sizeof probe->info), g_free);
}

static void
run (GTask *task, int fd)
{
  Probe *probe = g_task_get_task_data (task);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) arguments = NULL;
  DouMediaRun job = {
    .program = "ffprobe",
    .input_fd = fd,
    .cpu = PROBE_CPU,
    .wall = PROBE_WALL,
    .fatal = DOU_MEDIA_PICTURE_SIZE,
  };

  g_strv_builder_add_many (builder, "-v", "error", "-of", "json=compact=1", "-show_entries",
                           ENTRIES, NULL);
  dou_media_pin (builder, probe->info.container, COVER_CODECS);
  arguments = g_strv_builder_end (builder);
  job.arguments = (const char *const *) arguments;

  dou_media_runner_run_async (g_task_get_source_object (task), &job, g_task_get_cancellable (task),
                              run_cb, g_object_ref (task));
}

/**
 * dou_media_probe_async:
 * @runner: runs ffprobe
 * @fd: a file; its offset is neither used nor changed, and it may be closed after the call
 * @max_duration: milliseconds that a video may last
 * @cancellable: (nullable): ends ffprobe
 * @callback: called with the result
 * @user_data: for @callback
 */
void
dou_media_probe_async (DouMediaRunner *runner, int fd, gint64 max_duration,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (runner, cancellable, callback, user_data);
  Probe *probe = g_new0 (Probe, 1);
  guint8 bytes[SNIFF_LENGTH];
  gssize length = pread (fd, bytes, sizeof bytes, 0);

  g_return_if_fail (DOU_IS_MEDIA_RUNNER (runner));

  g_task_set_source_tag (task, dou_media_probe_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, probe, g_free);
  probe->max_duration = max_duration;

  if (length == 0)
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_NO_FILE, "the file is empty");
  else if (length < 0 || !dou_media_info_sniff (&probe->info, bytes, (gsize) length))
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNSUPPORTED_MEDIA,
                             "neither MP4 nor Matroska");
  else
    run (task, fd);
}

/**
 * dou_media_probe_finish:
 * @result: from the callback
 * @error: return location for %DOU_STATUS_NO_FILE, %DOU_STATUS_UNSUPPORTED_MEDIA, one of the other
 *   statuses of media, or an error of dou_media_runner_run_finish()
 *
 * Returns: (transfer full) (nullable): what there is to know, to be freed with g_free()
 */
DouMediaInfo *
dou_media_probe_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_media_probe_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
