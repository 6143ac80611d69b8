/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DOU_MEDIA_RUN_INPUT:
 *
 * The name under which a run finds its input. ffmpeg 5.1 has no protocol for descriptors, and a
 * pipe cannot be sought in; opened by this name it is a file like any other, also if it has no
 * name.
 */
#define DOU_MEDIA_RUN_INPUT "file:/proc/self/fd/3"

/* How the message of ffmpeg begins that a picture is invalid or has too many pixels. */
#define DOU_MEDIA_PICTURE_SIZE "Picture size"

/**
 * DouMediaRun:
 * @program: `ffmpeg` or `ffprobe`
 * @arguments: (array zero-terminated=1): without the program
 * @input_fd: the file to read, as %DOU_MEDIA_RUN_INPUT
 * @output: (nullable): the directory to write to
 * @cpu: seconds of processor time
 * @wall: seconds after which the run is ended
 * @file_size: bytes that an output file may grow to
 * @niceness: 0 to 19
 * @fatal: (nullable): a message that means failure, though the program ends well
 *
 * One run of a program on a stranger's file.
 */
typedef struct
{
  const char *program;          /* (unowned) */
  const char *const *arguments; /* (unowned) */
  int input_fd;
  const char *output; /* (unowned) (nullable) */
  gint64 cpu;
  guint wall;
  gint64 file_size;
  int niceness;
  const char *fatal; /* (unowned) (nullable) static */
} DouMediaRun;

#define DOU_TYPE_MEDIA_RUNNER (dou_media_runner_get_type ())
G_DECLARE_FINAL_TYPE (DouMediaRunner, dou_media_runner, DOU, MEDIA_RUNNER, GObject)

DouMediaRunner *dou_media_runner_new (gint64 memory, GError **error);
void dou_media_runner_warn_about_sandbox (DouMediaRunner *self);

void dou_media_runner_run_async (DouMediaRunner *self, const DouMediaRun *run,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data);
GBytes *dou_media_runner_run_finish (DouMediaRunner *self, GAsyncResult *result, GError **error);

G_END_DECLS
