/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouTestMedia:
 * @DOU_TEST_MEDIA_H264: MP4 with its index at the end; H.264 and AAC
 * @DOU_TEST_MEDIA_SILENT: MP4 with its index in front; H.264 alone
 * @DOU_TEST_MEDIA_SINGLE: MP4 with a single frame of H.264
 * @DOU_TEST_MEDIA_ROTATED: like @DOU_TEST_MEDIA_H264, held upright, with a place and a title in it
 * @DOU_TEST_MEDIA_BLACK_LEAD: MP4 that is black in its first half
 * @DOU_TEST_MEDIA_BLACK: MP4 that is black throughout
 * @DOU_TEST_MEDIA_COVERED: MP4 with a cover picture of its own
 * @DOU_TEST_MEDIA_QUICKTIME: MOV with a time code track; H.264 and AAC
 * @DOU_TEST_MEDIA_WEBM: WebM; VP9 and Opus
 * @DOU_TEST_MEDIA_LIVE: WebM that does not say how long it is, as browsers record it
 * @DOU_TEST_MEDIA_MATROSKA: Matroska; H.264 and Opus
 * @DOU_TEST_MEDIA_HEVC: MP4; HEVC with 10 bits and AAC. Not every ffmpeg can make it
 * @DOU_TEST_MEDIA_AUDIO: M4A; AAC alone
 * @DOU_TEST_MEDIA_SUBTITLES: Matroska with subtitles
 * @DOU_TEST_MEDIA_MANY_STREAMS: MP4 with more streams than are accepted
 * @DOU_TEST_MEDIA_TWO_VIDEOS: MP4 with two video streams
 * @DOU_TEST_MEDIA_PNG: MOV whose pictures are PNG
 * @DOU_TEST_MEDIA_YEAR: MP4 with two pictures that are a year apart
 * @DOU_TEST_MEDIA_GAPS: WebM with pictures that are hours apart
 *
 * Small videos of two seconds, 320×240 where nothing else is said, made by ffmpeg on the spot.
 */
typedef enum
{
  DOU_TEST_MEDIA_H264,
  DOU_TEST_MEDIA_SILENT,
  DOU_TEST_MEDIA_SINGLE,
  DOU_TEST_MEDIA_ROTATED,
  DOU_TEST_MEDIA_BLACK_LEAD,
  DOU_TEST_MEDIA_BLACK,
  DOU_TEST_MEDIA_COVERED,
  DOU_TEST_MEDIA_QUICKTIME,
  DOU_TEST_MEDIA_WEBM,
  DOU_TEST_MEDIA_LIVE,
  DOU_TEST_MEDIA_MATROSKA,
  DOU_TEST_MEDIA_HEVC,
  DOU_TEST_MEDIA_AUDIO,
  DOU_TEST_MEDIA_SUBTITLES,
  DOU_TEST_MEDIA_MANY_STREAMS,
  DOU_TEST_MEDIA_TWO_VIDEOS,
  DOU_TEST_MEDIA_PNG,
  DOU_TEST_MEDIA_YEAR,
  DOU_TEST_MEDIA_GAPS,
} DouTestMedia;

GBytes *dou_test_media_make (DouTestMedia media);
GBytes *dou_test_media_ffmpeg (const char *arguments);
GBytes *dou_test_media_make_huge (guint width, guint height);
GBytes *dou_test_media_change (GBytes *bytes, const char *arguments);
int dou_test_media_upload (const char *directory, GBytes *bytes);
char *dou_test_media_describe (const char *path, const char *entries);
guint dou_test_media_get_brightness (const char *path);

G_END_DECLS
