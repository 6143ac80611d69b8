/* SPDX-License-Identifier: Apache-2.0 */

/* The two jobs that read a file from its beginning to its end.
 *
 * Copying takes the streams out of one container, and puts them into an MP4 with its index in
 * front, or nowhere, where only the reading matters. Either way it proves that the file is whole,
 * which ffprobe does not: with -xerror a file that was cut short fails. It also measures how long
 * the video really is, whatever its header says.
 *
 * Transcoding is for the background: one picture after another is decoded and encoded again, at low
 * priority and with at most two threads, to what every phone and browser plays. A damaged picture
 * in the middle does not fail it; a result that lacks a part of the video does.
 *
 * Names, places and dates that a phone wrote into the file are not for everybody, and left out; the
 * rotation is kept.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include <string.h>
#include <sys/stat.h>

#include "common/dou-status.h"
#include "video/dou-media-convert.h"
#include "video/dou-media-pin.h"

/* The demuxer of Matroska says so of a file that was cut short, and even -xerror lets it pass. */
#define CUT_SHORT "File ended prematurely"

/* Copying takes 3 s of processor time a GiB. A slow disk may take much longer by the clock. */
#define COPY_CPU 60
#define COPY_BYTES_PER_CPU_SECOND (16 * 1024 * 1024)
#define COPY_WALL 60
#define COPY_BYTES_PER_WALL_SECOND (8 * 1024 * 1024)
/* An MP4 may need a little more than the container that the streams come from. */
#define COPY_ROOM (16 * 1024 * 1024)

/* Transcoding a second of 4K HEVC takes 15 s on a slow core, of 720p VP9 half a second. */
#define TRANSCODE_CPU 120
#define TRANSCODE_CPU_PER_SECOND 60
#define TRANSCODE_WALL_PER_CPU 3
#define TRANSCODE_NICENESS 15
/* What the rates below allow, in bytes a second, and as much again for bursts. */
#define TRANSCODE_BYTES_PER_SECOND (2 * (4000000 + 128000) / 8)
#define TRANSCODE_ROOM (16 * 1024 * 1024)
/* Part of the video that must be there afterwards. */
#define TRANSCODE_MIN_PERCENT 95

/* Encoders pad the end of a stream to whole frames, and progress does not count the last ones. */
#define DURATION_TOLERANCE 1000

/* At most 1280 pixels on either side, none added, both even as 4:2:0 wants it. */
#define TRANSCODE_SCALE                                                                           \
  "scale='min(1280,iw)':'min(1280,ih)':force_original_aspect_ratio=decrease:"                     \
  "force_divisible_by=2"

/* What is expected of a run: the data of its task. */
typedef struct
{
  gint64 duration;     /* milliseconds that the header says, or 0 */
  gint64 max_duration; /* milliseconds */
  gboolean whole;      /* all of it must be there afterwards */
} Expectation;

static void
map_stream (GStrvBuilder *arguments, int index)
{
  g_autofree char *stream = g_strdup_printf ("0:%d", index);

  if (index >= 0)
    g_strv_builder_add_many (arguments, "-map", stream, NULL);
}

static GStrvBuilder *
begin_arguments (void)
{
  GStrvBuilder *arguments = g_strv_builder_new ();

  g_strv_builder_add_many (arguments, "-v", "error", "-nostdin", "-y", "-nostats", "-progress",
                           "pipe:1", "-filter_threads", "1", NULL);
  return arguments;
}

static void
add_streams (GStrvBuilder *arguments, const DouMediaJob *job)
{
  dou_media_pin (arguments, job->info->container, NULL);
  map_stream (arguments, job->info->video_index);
  map_stream (arguments, job->info->audio_index);
  g_strv_builder_add_many (arguments, "-map_metadata", "-1", "-map_metadata:s", "-1",
                           "-map_chapters", "-1", NULL);
}

static void
add_mp4 (GStrvBuilder *arguments, const char *directory)
{
  g_autofree char *path = g_build_filename (directory, DOU_MEDIA_VIDEO_FILE, NULL);
  g_autofree char *output = g_strconcat ("file:", path, NULL);

  g_strv_builder_add_many (arguments, "-movflags", "+faststart", "-f", "mp4", output, NULL);
}

/* The last “out_time_us=N” of a progress report, in milliseconds; 0 if there is none. */
static gint64
get_progress (GBytes *report)
{
  static const char key[] = "out_time_us=";
  gsize length;
  const char *text = g_bytes_get_data (report, &length);
  const char *last
      = text != NULL ? g_strrstr_len (text, (gssize) length, key) : NULL;
  g_autofree char *digits = NULL;

  if (last == NULL)
    return 0;

  last += strlen (key);
  digits = g_strndup (last, length - (gsize) (last - text));
  return MAX (g_ascii_strtoll (digits, NULL, 10), 0) / 1000;
}

static gboolean
check_progress (const Expectation *expected, GBytes *report, GError **error)
{
  gint64 duration = get_progress (report);

  /* A video of one picture has a length by its header alone. */
  if (!dou_media_info_check_duration (MAX (duration, MIN (expected->duration, 1)),
                                      expected->max_duration + DURATION_TOLERANCE, error))
    return FALSE;

  if (expected->whole
      && duration + DURATION_TOLERANCE < expected->duration * TRANSCODE_MIN_PERCENT / 100)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_MEDIA_DAMAGED,
                   "%" G_GINT64_FORMAT " ms became %" G_GINT64_FORMAT " ms", expected->duration,
                   duration);
      return FALSE;
    }

  return TRUE;
}

static void
run_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) report
      = dou_media_runner_run_finish (DOU_MEDIA_RUNNER (source), result, &error);

  if (report == NULL || !check_progress (g_task_get_task_data (task), report, &error))
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
run (GTask *task, DouMediaRun *run, GStrvBuilder *builder)
{
  g_auto (GStrv) arguments = g_strv_builder_end (builder);

  run->program = "ffmpeg";
  run->arguments = (const char *const *) arguments;
  dou_media_runner_run_async (g_task_get_source_object (task), run, g_task_get_cancellable (task),
                              run_cb, g_object_ref (task));
}

static GTask *
new_task (DouMediaRunner *runner, const DouMediaJob *job, gboolean whole,
          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (runner, cancellable, callback, user_data);
  Expectation *expected = g_new0 (Expectation, 1);

  expected->whole = whole;
  expected->duration = job->info->duration;
  expected->max_duration = job->max_duration;
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, expected, g_free);
  return task;
}

/**
 * dou_media_copy_async:
 * @runner: runs ffmpeg
 * @job: what to copy: with a directory to %DOU_MEDIA_VIDEO_FILE in it, without one nowhere; not
 *   needed after the call
 * @cancellable: (nullable): ends the run
 * @callback: called once no process is left
 * @user_data: for @callback
 */
void
dou_media_copy_async (DouMediaRunner *runner, const DouMediaJob *job, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = new_task (runner, job, FALSE, cancellable, callback, user_data);
  g_autoptr (GStrvBuilder) arguments = begin_arguments ();
  struct stat status;
  DouMediaRun limits = { .input_fd = job->fd, .output = job->directory, .fatal = CUT_SHORT };

  g_return_if_fail (DOU_IS_MEDIA_RUNNER (runner));

  g_task_set_source_tag (task, dou_media_copy_async);
  if (fstat (job->fd, &status) != 0)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_INTERNAL, "the file cannot be examined");
      return;
    }

  limits.cpu = COPY_CPU + status.st_size / COPY_BYTES_PER_CPU_SECOND;
  limits.wall = COPY_WALL + (guint) (status.st_size / COPY_BYTES_PER_WALL_SECOND);
  limits.file_size = status.st_size + status.st_size / 8 + COPY_ROOM;

  g_strv_builder_add (arguments, "-xerror");
  add_streams (arguments, job);
  g_strv_builder_add_many (arguments, "-c", "copy", NULL);
  if (job->directory != NULL)
    add_mp4 (arguments, job->directory);
  else
    g_strv_builder_add_many (arguments, "-f", "null", "-", NULL);

  run (task, &limits, arguments);
}

/**
 * dou_media_copy_finish:
 * @result: from the callback
 * @error: return location for %DOU_STATUS_MEDIA_DAMAGED, %DOU_STATUS_MEDIA_TOO_LONG, or an error of
 *   dou_media_runner_run_finish()
 *
 * Returns: whether the file is whole, and not too long
 */
gboolean
dou_media_copy_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_media_copy_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
add_encoders (GStrvBuilder *arguments, const DouMediaInfo *info)
{
  if (info->plays_video)
    g_strv_builder_add_many (arguments, "-c:v", "copy", NULL);
  else
    g_strv_builder_add_many (arguments, "-c:v", "libx264", "-preset", "veryfast", "-crf", "23",
                             "-maxrate", "4000k", "-bufsize", "8000k", "-pix_fmt", "yuv420p",
                             "-threads", "2", "-vf", TRANSCODE_SCALE, NULL);

  if (info->plays_audio)
    g_strv_builder_add_many (arguments, "-c:a", "copy", NULL);
  else
    g_strv_builder_add_many (arguments, "-c:a", "aac", "-b:a", "128k", "-ac", "2", NULL);
}

/**
 * dou_media_transcode_async:
 * @runner: runs ffmpeg
 * @job: what to transcode, to %DOU_MEDIA_VIDEO_FILE in its directory; not needed after the call
 * @cancellable: (nullable): ends the run
 * @callback: called once no process is left
 * @user_data: for @callback
 */
void
dou_media_transcode_async (DouMediaRunner *runner, const DouMediaJob *job,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = new_task (runner, job, TRUE, cancellable, callback, user_data);
  g_autoptr (GStrvBuilder) arguments = begin_arguments ();
  g_autofree char *max_seconds
      = g_strdup_printf ("%" G_GINT64_FORMAT, job->max_duration / 1000 + 1);
  gint64 seconds
      = (job->info->duration > 0 ? job->info->duration : job->max_duration) / 1000 + 1;
  DouMediaRun limits = {
    .input_fd = job->fd,
    .output = job->directory,
    .cpu = TRANSCODE_CPU + seconds * TRANSCODE_CPU_PER_SECOND,
    .file_size = TRANSCODE_ROOM + seconds * TRANSCODE_BYTES_PER_SECOND,
    .niceness = TRANSCODE_NICENESS,
  };

  g_return_if_fail (DOU_IS_MEDIA_RUNNER (runner));
  g_return_if_fail (job->directory != NULL);

  g_task_set_source_tag (task, dou_media_transcode_async);
  limits.wall = (guint) (limits.cpu * TRANSCODE_WALL_PER_CPU);

  /* Frames hours apart would otherwise be filled up with copies of the last. */
  g_strv_builder_add_many (arguments, "-t", max_seconds, NULL);
  add_streams (arguments, job);
  add_encoders (arguments, job->info);
  add_mp4 (arguments, job->directory);
  run (task, &limits, arguments);
}

/**
 * dou_media_transcode_finish:
 * @result: from the callback
 * @error: return location for %DOU_STATUS_MEDIA_DAMAGED, %DOU_STATUS_MEDIA_TOO_LONG, or an error of
 *   dou_media_runner_run_finish()
 *
 * Returns: whether the whole video is there
 */
gboolean
dou_media_transcode_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_media_transcode_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
