/* SPDX-License-Identifier: Apache-2.0 */

/* GET and HEAD /media/…: videos and covers. What is not here may be in an object store
 * (dou-media-remote.c).
 *
 * The body is a part of the mapped file, so nothing is copied here, and the connection sends a MiB
 * of it a turn, so that nobody else waits for long. A page that is not in memory does hold up the
 * loop until the disk has read it: up to 20 ms a turn, measured with a file that was read from the
 * disk as fast as it comes. So the kernel is asked beforehand for what a client is most likely to
 * take. To read everything in threads, or into buffers (half as much CPU again), was rejected: a
 * video that is watched at all is in memory most of the time. */

#include "config.h"

#include <string.h>

#include "gateway/dou-byte-range.h"
#include "gateway/dou-media-routes.h"
#include "gateway/dou-preconditions.h"

#define PREFIX "/media/"

/* A name is never used for other content, so a client need not ask again for a year. */
#define CACHE_CONTROL "public, max-age=31536000, immutable"

/* Bytes to ask the kernel for before the first of them is sent. To ask takes 0.2 ms a MiB that is
 * not in memory, and 0.01 ms a MiB that is. */
#define READ_AHEAD ((gsize) 4 * 1024 * 1024)

static void
reply_with_part (DouRequest *request,
                 guint http_code,
                 DouMediaFile *file,
                 gsize offset,
                 gsize length)
{
  const char *data = g_bytes_get_data (file->bytes, NULL);
  const DouFilePart part = { file->fd, offset };
  g_autoptr (GBytes) body
      = g_bytes_new_with_free_func (data + offset, length, (GDestroyNotify) dou_media_file_unref,
                                    dou_media_file_ref (file));

  dou_media_file_read_ahead (file, offset, MIN (length, READ_AHEAD));
  dou_request_reply_file (request, http_code, file->content_type, body, &part);
}

/* The video may have been replaced by one in another codec since the client was told this name. */
static gboolean
redirect_to_successor (DouRequest *request, DouMedia *media, const char *name)
{
  g_autofree char *successor = NULL;

  for (guint attempt = 0; (successor = dou_media_file_get_successor (name, attempt)) != NULL;
       attempt++)
    {
      DouStatus ignored;
      g_autoptr (DouMediaFile) file = dou_media_open (media, successor, &ignored);

      if (file != NULL)
        {
          g_autofree char *location
              = g_strconcat (dou_request_get_origin (request), PREFIX, successor, NULL);

          soup_message_headers_replace (dou_request_get_answer_headers (request), "Location", location);
          dou_request_reply_bytes (request, SOUP_STATUS_FOUND, NULL, NULL);
          return TRUE;
        }
      g_clear_pointer (&successor, g_free);
    }

  return FALSE;
}

static void
add_headers (SoupMessageHeaders *headers, DouMediaFile *file)
{
  soup_message_headers_replace (headers, "ETag", file->etag);
  soup_message_headers_replace (headers, "Last-Modified", file->last_modified);
  soup_message_headers_replace (headers, "Accept-Ranges", "bytes");
  soup_message_headers_replace (headers, "Cache-Control", CACHE_CONTROL);
}

/* Range means something with GET only (RFC 9110, section 14.2). */
static DouByteRange
choose_range (DouRequest *request, DouMediaFile *file, guint64 *offset, guint64 *length)
{
  SoupMessageHeaders *headers = dou_request_get_headers (request);
  const char *if_range = soup_message_headers_get_one (headers, "If-Range");
  DouValidators validators = { file->etag, file->mtime };

  if (!g_str_equal (dou_request_get_method (request), "GET")
      || !dou_preconditions_allow_range (if_range, &validators))
    return DOU_BYTE_RANGE_WHOLE;

  return dou_byte_range_parse (soup_message_headers_get_one (headers, "Range"), file->size, offset,
                               length);
}

static void
reply_with_file (DouRequest *request, DouMediaFile *file)
{
  SoupMessageHeaders *headers = dou_request_get_answer_headers (request);
  guint64 offset = 0, length = 0;

  switch (choose_range (request, file, &offset, &length))
    {
    case DOU_BYTE_RANGE_PART:
      soup_message_headers_set_content_range (
          headers, (goffset) offset, (goffset) (offset + length - 1), (goffset) file->size);
      reply_with_part (request, SOUP_STATUS_PARTIAL_CONTENT, file, offset, length);
      break;

    case DOU_BYTE_RANGE_UNSATISFIABLE:
      {
        g_autofree char *size = g_strdup_printf ("bytes */%" G_GSIZE_FORMAT, file->size);

        soup_message_headers_replace (headers, "Content-Range", size);
        soup_message_headers_replace (headers, "Cache-Control", "no-store");
        dou_request_reply_bytes (request, SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE, NULL, NULL);
        break;
      }

    case DOU_BYTE_RANGE_WHOLE:
    default:
      reply_with_part (request, SOUP_STATUS_OK, file, 0, file->size);
      break;
    }
}

static void
handle_media (DouRequest *request, gpointer user_data)
{
  DouMedia *media = user_data;
  SoupMessageHeaders *headers = dou_request_get_headers (request);
  const char *name = dou_request_get_path (request) + strlen (PREFIX);
  DouStatus status = DOU_STATUS_NOT_FOUND;
  g_autoptr (DouMediaFile) file = dou_media_open (media, name, &status);
  DouValidators validators;

  if (file == NULL && status == DOU_STATUS_NOT_FOUND && dou_media_get_remote (media) != NULL)
    {
      dou_media_remote_handle (dou_media_get_remote (media), request, name);
      return;
    }
  if (file == NULL)
    {
      if (status != DOU_STATUS_NOT_FOUND || !redirect_to_successor (request, media, name))
        dou_request_reply_status (request, status);
      return;
    }

  add_headers (dou_request_get_answer_headers (request), file);

  validators = (DouValidators){ file->etag, file->mtime };
  if (dou_preconditions_is_unmodified (soup_message_headers_get_list (headers, "If-None-Match"),
                                       soup_message_headers_get_one (headers, "If-Modified-Since"),
                                       &validators))
    dou_request_reply_bytes (request, SOUP_STATUS_NOT_MODIFIED, NULL, NULL);
  else
    reply_with_file (request, file);
}

/**
 * dou_media_routes_add:
 * @router: where to add them
 * @media: what is served; outlives @router
 *
 * Adds `/media/…`.
 */
void
dou_media_routes_add (DouRouter *router, DouMedia *media)
{
  static const DouRoute routes[] = {
    { PREFIX "*", DOU_METHOD_GET | DOU_METHOD_HEAD, handle_media, NULL },
  };

  dou_router_add (router, routes, G_N_ELEMENTS (routes), media);
}
