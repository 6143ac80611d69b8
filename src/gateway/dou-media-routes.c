/* SPDX-License-Identifier: Apache-2.0 */

/* GET and HEAD /media/…: videos and covers.
 *
 * The body is a slice of the mapped file, so nothing is copied here. What libsoup makes of a Range
 * header by itself is kept from it: it copies the whole file for ten bytes of it, and ignores
 * If-Range.
 *
 * A page that is not in memory holds up the loop while the disk reads it. So the kernel is asked
 * for what comes next while libsoup still writes what came before: READ_AHEAD bytes at the least.
 * Threads that read ahead were rejected, as was reading into buffers (half as much CPU again): a
 * video that is watched at all is watched from the page cache most of the time. */

#include "config.h"

#include <string.h>

#include "gateway/dou-byte-range.h"
#include "gateway/dou-media-routes.h"
#include "gateway/dou-preconditions.h"

#define PREFIX "/media/"

/* A name is never used for other content, so a client need not ask again for a year. */
#define CACHE_CONTROL "public, max-age=31536000, immutable"

/* Bytes to ask the kernel for ahead of what is written: as much as a socket takes at once. */
#define READ_AHEAD (1024 * 1024)

/* An answer on its way to a client. */
typedef struct
{
  DouMediaFile *file; /* (owned) */
  gsize position;     /* in the file, of the next byte to be written */
  gsize requested;    /* in the file, end of what the kernel was asked for */
  gsize end;          /* in the file, of the answer */
} Sending;

static void
sending_free (gpointer data, GClosure *closure)
{
  Sending *sending = data;

  dou_media_file_unref (sending->file);
  g_free (sending);
}

static void
sending_read_ahead (Sending *sending)
{
  gsize length = MIN (READ_AHEAD, sending->end - sending->requested);

  if (length == 0 || sending->requested > sending->position + READ_AHEAD)
    return;

  dou_media_file_read_ahead (sending->file, sending->requested, length);
  sending->requested += length;
}

static void
wrote_body_data_cb (SoupServerMessage *message, guint length, gpointer user_data)
{
  Sending *sending = user_data;

  sending->position += length;
  sending_read_ahead (sending);
}

static void
watch_sending (SoupServerMessage *message, DouMediaFile *file, gsize offset, gsize length)
{
  Sending *sending = g_new0 (Sending, 1);

  sending->file = dou_media_file_ref (file);
  sending->position = offset;
  sending->requested = offset;
  sending->end = offset + length;
  sending_read_ahead (sending);

  g_signal_connect_data (message, "wrote-body-data", G_CALLBACK (wrote_body_data_cb), sending,
                         sending_free, 0);
}

static void
reply_without_body (DouRequest *request, guint http_code)
{
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);

  dou_request_reply_bytes (request, http_code, NULL, nothing);
}

static void
reply_with_part (DouRequest *request,
                 guint http_code,
                 DouMediaFile *file,
                 gsize offset,
                 gsize length)
{
  SoupServerMessage *message = dou_request_get_message (request);
  g_autoptr (GBytes) part = NULL;

  if (soup_server_message_get_method (message) == SOUP_METHOD_HEAD)
    {
      soup_message_headers_set_content_length (soup_server_message_get_response_headers (message),
                                               (goffset) length);
      part = g_bytes_new_static ("", 0);
    }
  else
    {
      part = g_bytes_new_from_bytes (file->bytes, offset, length);
      watch_sending (message, file, offset, length);
    }

  dou_request_reply_bytes (request, http_code, file->content_type, part);
}

/* The video may have been replaced by one in another codec since the client was told this name. */
static gboolean
redirect_to_successor (DouRequest *request, DouMedia *media, const char *name)
{
  SoupServerMessage *message = dou_request_get_message (request);
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

          soup_message_headers_replace (soup_server_message_get_response_headers (message),
                                        "Location", location);
          reply_without_body (request, SOUP_STATUS_FOUND);
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
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
}

/* Range means something with GET only (RFC 9110, section 14.2). */
static DouByteRange
choose_range (SoupServerMessage *message, DouMediaFile *file, guint64 *offset, guint64 *length)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  DouValidators validators = { file->etag, file->mtime };
  DouByteRange range = DOU_BYTE_RANGE_WHOLE;

  if (soup_server_message_get_method (message) == SOUP_METHOD_GET
      && dou_preconditions_allow_range (soup_message_headers_get_one (headers, "If-Range"),
                                        &validators))
    range = dou_byte_range_parse (soup_message_headers_get_one (headers, "Range"), file->size,
                                  offset, length);

  /* So that libsoup does not cut a whole file by itself. */
  soup_message_headers_remove (headers, "Range");
  return range;
}

static void
reply_with_file (DouRequest *request, DouMediaFile *file)
{
  SoupServerMessage *message = dou_request_get_message (request);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  guint64 offset = 0, length = 0;

  switch (choose_range (message, file, &offset, &length))
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
        reply_without_body (request, SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE);
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
  SoupServerMessage *message = dou_request_get_message (request);
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *name = dou_request_get_path (request) + strlen (PREFIX);
  DouStatus status = DOU_STATUS_NOT_FOUND;
  g_autoptr (DouMediaFile) file = dou_media_open (media, name, &status);
  DouValidators validators;

  if (file == NULL)
    {
      if (status != DOU_STATUS_NOT_FOUND || !redirect_to_successor (request, media, name))
        dou_request_reply_status (request, status);
      return;
    }

  add_headers (soup_server_message_get_response_headers (message), file);

  validators = (DouValidators){ file->etag, file->mtime };
  if (dou_preconditions_is_unmodified (soup_message_headers_get_list (headers, "If-None-Match"),
                                       soup_message_headers_get_one (headers, "If-Modified-Since"),
                                       &validators))
    reply_without_body (request, SOUP_STATUS_NOT_MODIFIED);
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
