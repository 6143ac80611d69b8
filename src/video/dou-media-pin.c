/* SPDX-License-Identifier: Apache-2.0 */

/* The options that keep ffmpeg to the file it was given, the same for every run.
 *
 * Left to itself ffmpeg guesses the format from the content, and some formats are lists of other
 * files: an HLS playlist or an ffconcat script renamed .mp4 makes it open, decode and so publish
 * other users' files. -protocol_whitelist does not stop that (they are files too); only -f does,
 * which takes away the guess. The container is told by the first bytes (dou_media_info_sniff()) and
 * pinned here.
 *
 * The rest bounds what a small file can cost. Measured with ffmpeg 5.1.9: a picture of 14992×14992
 * in 1.7 MB takes 6 GB and more than 25 s to decode, -max_pixels refuses it in 0.15 s; 902 streams
 * take 1.6 GB, -max_streams refuses them in 0.07 s; a codec outside the list, such as a PNG of
 * 16000×16000, takes 0.8 GB, -codec_whitelist refuses it in 0.07 s.
 */

#include "config.h"

#include "video/dou-media-pin.h"
#include "video/dou-media-runner.h"

#define CODECS "h264,hevc,vp8,vp9,av1,libdav1d,aac,mp3,mp3float,opus,libopus,vorbis"

/**
 * dou_media_pin:
 * @arguments: where to add the options, and the input that they are for
 * @container: what the file is
 * @more_codecs: (nullable): decoders that may be opened beside the accepted ones
 */
void
dou_media_pin (GStrvBuilder *arguments, DouMediaContainer container, const char *more_codecs)
{
  g_autofree char *codecs = g_strjoin (",", CODECS, more_codecs, NULL);

  g_strv_builder_add_many (arguments,
                           "-protocol_whitelist", "file",
                           "-max_alloc", "268435456",
                           "-threads", "1",
                           "-max_pixels", "16777216",
                           "-max_streams", "8",
                           "-probesize", "10000000",
                           "-analyzeduration", "10000000",
                           "-codec_whitelist", codecs,
                           "-f", container == DOU_MEDIA_CONTAINER_MOV ? "mov" : "matroska",
                           "-i", DOU_MEDIA_RUN_INPUT,
                           NULL);
}
