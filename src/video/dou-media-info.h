/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouMediaContainer:
 * @DOU_MEDIA_CONTAINER_MOV: MP4 and QuickTime: ffmpeg's demuxer “mov”
 * @DOU_MEDIA_CONTAINER_MATROSKA: Matroska and WebM: its demuxer “matroska”
 */
typedef enum
{
  DOU_MEDIA_CONTAINER_MOV,
  DOU_MEDIA_CONTAINER_MATROSKA,
} DouMediaContainer;

/**
 * DouMediaInfo:
 * @container: what the file's first bytes say
 * @extension: the name ending for the file as it came, `mp4`, `mov`, `webm` or `mkv`
 * @duration: milliseconds, or 0 if the file does not say
 * @width: of the picture, before rotation
 * @height: of the picture, before rotation
 * @video_index: number of the one video stream
 * @audio_index: number of the first audio stream, or -1
 * @plays_video: whether every phone and browser plays the video stream (H.264, 8 bits, 4:2:0)
 * @plays_audio: whether every phone and browser plays the audio stream (AAC, or none)
 *
 * What is known of a file that was found acceptable.
 */
typedef struct
{
  DouMediaContainer container;
  const char *extension; /* (unowned) static */
  gint64 duration;
  int width;
  int height;
  int video_index;
  int audio_index;
  gboolean plays_video;
  gboolean plays_audio;
} DouMediaInfo;

gboolean dou_media_info_sniff (DouMediaInfo *self, const guint8 *bytes, gsize length);
gboolean dou_media_info_parse (DouMediaInfo *self, const char *json, gsize length, GError **error);
gboolean dou_media_info_check_duration (gint64 duration, gint64 max_duration, GError **error);

G_END_DECLS
