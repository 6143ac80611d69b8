/* SPDX-License-Identifier: Apache-2.0 */

/* Makes of a stranger's picture one of ours: decoded, cut, turned, scaled down, and encoded as a
 * JPEG that holds pixels and nothing else. No metadata survive that, since nothing of the file is
 * copied; the orientation, which would be lost with them, is applied.
 *
 * The decoder is told to fail at the first damage (“explode”): without that ffmpeg makes a picture
 * with a grey lower half of a JPEG that was cut short, and says that all went well. What follows
 * behind the picture, as phones attach a video or a second picture, is not looked at.
 *
 * What is transparent becomes white. A picture is scaled before it is turned, since then there are
 * fewer pixels to turn; both cuts are the same either way. Smaller ones are not blown up.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-status.h"
#include "video/dou-media-convert.h"
#include "video/dou-picture-convert.h"

/* Seconds: 50 million pixels of PNG take 3 on a slow core. */
#define CONVERT_CPU 20
#define CONVERT_WALL 40
/* Bytes. A picture of 1280 × 1280 that is all noise takes 1.5 MB. */
#define CONVERT_SIZE (4 * 1024 * 1024)
/* Bytes at once: 50 million pixels with 16 bits in each of four colours. */
#define MAX_ALLOC "419430400"
#define CODECS "mjpeg,png,webp,vp8"

static const char *const demuxers[] = {
  [DOU_PICTURE_JPEG] = "jpeg_pipe",
  [DOU_PICTURE_PNG] = "png_pipe",
  [DOU_PICTURE_WEBP] = "webp_pipe",
};

/* What turns a picture upright, by Exif's number for how it lies. */
static const char *const turns[] = {
  [1] = "",
  [2] = "hflip,",
  [3] = "hflip,vflip,",
  [4] = "vflip,",
  [5] = "transpose=cclock_flip,",
  [6] = "transpose=clock,",
  [7] = "transpose=clock_flip,",
  [8] = "transpose=cclock,",
};

static char *
make_filter (const DouPictureInfo *info, DouPictureKind kind)
{
  g_autofree char *fit = NULL;

  /* No side may become 0 of a picture that is a thousand times as long as it is wide. */
  if (kind == DOU_PICTURE_AVATAR)
    fit = g_strdup_printf ("crop=w='min(iw,ih)':h='min(iw,ih)',scale=w='min(%d,iw)':h=-1",
                           DOU_PICTURE_AVATAR_SIDE);
  else
    fit = g_strdup_printf ("scale=w='max(1,round(iw*min(1,%d/max(iw,ih))))'"
                           ":h='max(1,round(ih*min(1,%d/max(iw,ih))))'",
                           DOU_PICTURE_BACKGROUND_SIDE, DOU_PICTURE_BACKGROUND_SIDE);

  return g_strdup_printf ("format=rgba,%s:flags=area,%ssplit[picture][copy],"
                          "[copy]lutrgb=r=255:g=255:b=255:a=255[white],"
                          "[white][picture]overlay=format=rgb,format=yuvj420p",
                          fit, turns[info->orientation]);
}

/* What the runner says of videos, said of pictures. */
static GError *
translate (GError *error)
{
  if (g_error_matches (error, DOU_ERROR, DOU_STATUS_MEDIA_DAMAGED))
    error->code = DOU_STATUS_PICTURE_DAMAGED;
  else if (g_error_matches (error, DOU_ERROR, DOU_STATUS_MEDIA_TOO_BIG))
    error->code = DOU_STATUS_PICTURE_TOO_BIG;

  return error;
}

static void
run_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) output
      = dou_media_runner_run_finish (DOU_MEDIA_RUNNER (source), result, &error);

  if (output == NULL)
    g_task_return_error (task, translate (error));
  else if (!g_file_test (g_task_get_task_data (task), G_FILE_TEST_IS_REGULAR))
    g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_PICTURE_DAMAGED, "it has no picture");
  else
    g_task_return_boolean (task, TRUE);
}

/**
 * dou_picture_convert_async:
 * @runner: runs ffmpeg
 * @info: what is known of the picture
 * @kind: what it is for
 * @fd: its file; the offset is neither used nor changed, and it may be closed after the call
 * @directory: absolute path of where %DOU_MEDIA_COVER_FILE is to be, which is the result
 * @callback: called once no process is left
 * @user_data: for @callback
 */
void
dou_picture_convert_async (DouMediaRunner *runner, const DouPictureInfo *info, DouPictureKind kind,
                           int fd, const char *directory, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (runner, NULL, callback, user_data);
  char *path = g_build_filename (directory, DOU_MEDIA_COVER_FILE, NULL);
  g_autofree char *output = g_strconcat ("file:", path, NULL);
  g_autofree char *pixels = g_strdup_printf ("%d", DOU_PICTURE_MAX_PIXELS);
  g_autofree char *filter = make_filter (info, kind);
  const char *const arguments[] = {
    "-v", "error", "-nostdin", "-y", "-filter_threads", "1", "-filter_complex_threads", "1",
    "-protocol_whitelist", "file", "-max_alloc", MAX_ALLOC, "-threads", "1", "-max_pixels", pixels,
    "-codec_whitelist", CODECS, "-err_detect", "explode", "-noautorotate",
    "-f", demuxers[info->format], "-i", DOU_MEDIA_RUN_INPUT,
    "-vf", filter, "-frames:v", "1", "-q:v", "3", "-threads", "1", "-map_metadata", "-1",
    "-flags:v", "+bitexact", "-c:v", "mjpeg", "-f", "image2", "-update", "1", output, NULL,
  };
  const DouMediaRun job = {
    .program = "ffmpeg",
    .arguments = arguments,
    .input_fd = fd,
    .output = directory,
    .cpu = CONVERT_CPU,
    .wall = CONVERT_WALL,
    .file_size = CONVERT_SIZE,
  };

  g_return_if_fail (DOU_IS_MEDIA_RUNNER (runner));

  g_task_set_source_tag (task, dou_picture_convert_async);
  g_task_set_task_data (task, path, g_free);
  dou_media_runner_run_async (runner, &job, NULL, run_cb, g_object_ref (task));
}

/**
 * dou_picture_convert_finish:
 * @result: from the callback
 * @error: return location for %DOU_STATUS_PICTURE_DAMAGED, %DOU_STATUS_PICTURE_TOO_BIG,
 *   %DOU_STATUS_DISK_FULL, %DOU_STATUS_UNAVAILABLE or %DOU_STATUS_INTERNAL
 *
 * Returns: whether there is a picture
 */
gboolean
dou_picture_convert_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_picture_convert_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
