/* SPDX-License-Identifier: Apache-2.0 */

/* What ffprobe says about a file, with every word of it doubted: ffprobe has just read a stranger's
 * file and may itself be in the stranger's hands. Nothing is taken over but numbers within limits
 * and names from the tables below.
 *
 * ffprobe's own verdict (its exit status) proves nothing: it is 0 for a picture of no size, for a
 * file without streams and for a file that lasts a year.
 */

#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "common/dou-status.h"
#include "video/dou-media-info.h"

/* As in the options that ffmpeg is given, see dou-media-pin.c. */
#define MAX_STREAMS 8
#define MAX_PIXELS (4096 * 4096)
/* A picture of one line is none; one wider than this no decoder of a phone takes. */
#define MIN_SIDE 16
#define MAX_SIDE 8192
/* A thread of a picture: of the smaller cover no line would be left. */
#define MAX_RATIO 32
/* A report is four levels deep; json-glib's parser follows any depth until the stack ends. */
#define MAX_DEPTH 8
/* A year: beyond any limit that can be configured, and far from where milliseconds overflow. */
#define MAX_SECONDS (366.0 * 86400.0)

/* As ffprobe names them. */
static const char *const video_codecs[] = { "h264", "hevc", "vp8", "vp9", "av1", NULL };
static const char *const audio_codecs[] = { "aac", "mp3", "opus", "vorbis", NULL };
/* Eight bits, 4:2:0, of either range. */
static const char *const plain_formats[] = { "yuv420p", "yuvj420p", NULL };

/**
 * dou_media_info_sniff:
 * @self: information to begin: container and extension are set
 * @bytes: the beginning of a file
 * @length: how much of it, 64 bytes if there are as many
 *
 * Tells the container by the first bytes, never by the name. What is not told here is refused
 * before any program looks at it.
 *
 * Returns: whether it is a container that is accepted
 */
gboolean
dou_media_info_sniff (DouMediaInfo *self, const guint8 *bytes, gsize length)
{
  static const guint8 ebml[] = { 0x1a, 0x45, 0xdf, 0xa3 };
  /* The element DocType of the EBML header, with the four letters of its value. */
  static const guint8 webm[] = { 0x42, 0x82, 0x84, 'w', 'e', 'b', 'm' };

  if (length >= 12 && memcmp (bytes + 4, "ftyp", 4) == 0)
    {
      self->container = DOU_MEDIA_CONTAINER_MOV;
      self->extension = memcmp (bytes + 8, "qt  ", 4) == 0 ? "mov" : "mp4";
      return TRUE;
    }

  if (length >= 12 && memcmp (bytes, ebml, sizeof ebml) == 0)
    {
      self->container = DOU_MEDIA_CONTAINER_MATROSKA;
      self->extension = memmem (bytes, length, webm, sizeof webm) != NULL ? "webm" : "mkv";
      return TRUE;
    }

  return FALSE;
}

/* Outside of strings. */
static gboolean
is_shallow (const char *json, gsize length)
{
  gboolean in_string = FALSE;
  int depth = 0;

  for (gsize i = 0; i < length; i++)
    if (in_string)
      {
        if (json[i] == '\\')
          i++;
        else if (json[i] == '"')
          in_string = FALSE;
      }
    else if (json[i] == '"')
      in_string = TRUE;
    else if (json[i] == '[' || json[i] == '{')
      {
        if (++depth > MAX_DEPTH)
          return FALSE;
      }
    else if (json[i] == ']' || json[i] == '}')
      depth--;

  return TRUE;
}

static JsonObject *
get_object (JsonObject *object, const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static const char *
get_string (JsonObject *object, const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  gboolean is_string = node != NULL && JSON_NODE_HOLDS_VALUE (node)
                       && json_node_get_value_type (node) == G_TYPE_STRING;

  return is_string ? json_node_get_string (node) : "";
}

/* A number from 0 to @max, else 0. */
static int
get_number (JsonObject *object, const char *name, int max)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  gint64 value = 0;

  if (node != NULL && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_INT64)
    value = json_node_get_int (node);

  return value >= 0 && value <= max ? (int) value : 0;
}

/* Seconds as text in, milliseconds out; 0 if there is no such thing. */
static gint64
get_duration (JsonObject *object)
{
  const char *text = get_string (object, "duration");
  char *end = NULL;
  gdouble seconds = g_ascii_strtod (text, &end);

  if (end == text || *end != '\0' || !(seconds > 0.0))
    return 0;

  return (gint64) (MIN (seconds, MAX_SECONDS) * 1000.0);
}

static gboolean
refuse (GError **error, DouStatus status, const char *why)
{
  g_set_error_literal (error, DOU_ERROR, status, why);
  return FALSE;
}

static gboolean
take_video (DouMediaInfo *self, JsonObject *stream, int index, GError **error)
{
  const char *codec = get_string (stream, "codec_name");

  /* A picture of the cover, as some programs add it. */
  if (get_number (get_object (stream, "disposition"), "attached_pic", 1) == 1)
    return TRUE;

  if (self->video_index >= 0)
    return refuse (error, DOU_STATUS_MEDIA_TOO_BIG, "more than one video stream");
  if (!g_strv_contains (video_codecs, codec))
    return refuse (error, DOU_STATUS_MEDIA_TOO_BIG, "a video codec that is not accepted");

  self->video_index = index;
  self->width = get_number (stream, "width", MAX_SIDE);
  self->height = get_number (stream, "height", MAX_SIDE);
  self->plays_video = g_str_equal (codec, "h264")
                      && g_strv_contains (plain_formats, get_string (stream, "pix_fmt"));

  /* ffprobe itself says 0 of a picture that is too large for it. */
  if (self->width < MIN_SIDE || self->height < MIN_SIDE
      || self->width > MAX_PIXELS / self->height || self->width > self->height * MAX_RATIO
      || self->height > self->width * MAX_RATIO)
    return refuse (error, DOU_STATUS_MEDIA_TOO_BIG, "a picture size that is not accepted");

  return TRUE;
}

static gboolean
take_audio (DouMediaInfo *self, JsonObject *stream, int index, GError **error)
{
  const char *codec = get_string (stream, "codec_name");

  if (!g_strv_contains (audio_codecs, codec))
    return refuse (error, DOU_STATUS_MEDIA_TOO_BIG, "an audio codec that is not accepted");

  if (self->audio_index < 0)
    {
      self->audio_index = index;
      self->plays_audio = g_str_equal (codec, "aac");
    }

  return TRUE;
}

static gboolean
take_streams (DouMediaInfo *self, JsonArray *streams, GError **error)
{
  guint n_streams = streams != NULL ? json_array_get_length (streams) : 0;

  if (n_streams == 0)
    return refuse (error, DOU_STATUS_MEDIA_DAMAGED, "no streams");
  if (n_streams > MAX_STREAMS)
    return refuse (error, DOU_STATUS_MEDIA_TOO_BIG, "too many streams");

  for (guint i = 0; i < n_streams; i++)
    {
      JsonNode *node = json_array_get_element (streams, i);
      JsonObject *stream = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      const char *type = get_string (stream, "codec_type");

      if (g_str_equal (type, "video") && !take_video (self, stream, (int) i, error))
        return FALSE;
      if (g_str_equal (type, "audio") && !take_audio (self, stream, (int) i, error))
        return FALSE;
    }

  return self->video_index >= 0 || refuse (error, DOU_STATUS_MEDIA_NO_VIDEO, "no video stream");
}

static gboolean
take_report (DouMediaInfo *self, JsonObject *report, GError **error)
{
  static const char *const formats[] = {
    [DOU_MEDIA_CONTAINER_MOV] = "mov,",
    [DOU_MEDIA_CONTAINER_MATROSKA] = "matroska,",
  };
  JsonObject *format = get_object (report, "format");
  JsonNode *streams = json_object_get_member (report, "streams");

  if (!g_str_has_prefix (get_string (format, "format_name"), formats[self->container]))
    return refuse (error, DOU_STATUS_MEDIA_DAMAGED, "not the format that it began as");

  self->duration = get_duration (format);
  return take_streams (self,
                       streams != NULL && JSON_NODE_HOLDS_ARRAY (streams)
                           ? json_node_get_array (streams)
                           : NULL,
                       error);
}

/**
 * dou_media_info_parse:
 * @self: information begun by dou_media_info_sniff(); complete if the result is %TRUE
 * @json: what ffprobe wrote, or anything else
 * @length: bytes
 * @error: return location for %DOU_STATUS_MEDIA_DAMAGED, %DOU_STATUS_MEDIA_NO_VIDEO or
 *   %DOU_STATUS_MEDIA_TOO_BIG
 *
 * Returns: whether the file is one that is accepted, its duration aside
 */
gboolean
dou_media_info_parse (DouMediaInfo *self, const char *json, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  JsonNode *root;

  self->duration = 0;
  self->width = 0;
  self->height = 0;
  self->video_index = -1;
  self->audio_index = -1;
  self->plays_video = FALSE;
  self->plays_audio = TRUE;

  if (!g_utf8_validate_len (json, length, NULL) || !is_shallow (json, length)
      || !json_parser_load_from_data (parser, json, (gssize) length, NULL))
    return refuse (error, DOU_STATUS_MEDIA_DAMAGED, "no readable report");

  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return refuse (error, DOU_STATUS_MEDIA_DAMAGED, "no report");

  return take_report (self, json_node_get_object (root), error);
}

/**
 * dou_media_info_check_duration:
 * @duration: milliseconds
 * @max_duration: milliseconds
 * @error: return location for %DOU_STATUS_MEDIA_DAMAGED or %DOU_STATUS_MEDIA_TOO_LONG
 *
 * Returns: whether 0 < @duration ≤ @max_duration
 */
gboolean
dou_media_info_check_duration (gint64 duration, gint64 max_duration, GError **error)
{
  if (duration <= 0)
    return refuse (error, DOU_STATUS_MEDIA_DAMAGED, "it has no duration");
  if (duration > max_duration)
    return refuse (error, DOU_STATUS_MEDIA_TOO_LONG, "it lasts too long");

  return TRUE;
}
