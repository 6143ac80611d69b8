/* SPDX-License-Identifier: Apache-2.0 */

/* Passes on what an object store has, for clients that cannot reach it.
 *
 * A piece is read when the client has taken the one before: a slow client makes the object store wait, and
 * there is one piece of each video in memory. The answer begins when the store's has begun, so that a
 * store that fails is told as such. What fails later can only be broken off.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-media-proxy.h"

/* Bytes of a piece: some turns of the loop a second for a client that watches, and little memory for
 * hundreds of them. */
#define PIECE (128 * 1024)

typedef struct
{
  DouRequest *request;       /* (owned) */
  GInputStream *stream;      /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned) of reading */
  const char *content_type;  /* (unowned) static */
  guint http_code;
  guint64 length;
  gboolean is_reading;
  gboolean is_dropped;
  GDestroyNotify ended;
  gpointer user_data; /* for it */
} Proxy;

static void
proxy_free (Proxy *self)
{
  g_object_unref (self->request);
  g_clear_object (&self->stream);
  g_object_unref (self->cancellable);
  self->ended (self->user_data);
  g_free (self);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Proxy *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) piece
      = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  self->is_reading = FALSE;
  if (self->is_dropped)
    {
      proxy_free (self);
      return;
    }

  if (piece != NULL && g_bytes_get_size (piece) > 0)
    {
      dou_request_feed (self->request, piece);
      return;
    }

  g_info ("A part of a file is not to be had: %s",
          error != NULL ? error->message : "the object store ends too early");
  dou_request_break_off (self->request);
}

static void
want_cb (gpointer data)
{
  Proxy *self = data;

  self->is_reading = TRUE;
  g_input_stream_read_bytes_async (self->stream, PIECE, G_PRIORITY_DEFAULT, self->cancellable,
                                   read_cb, self);
}

static void
drop_cb (gpointer data)
{
  Proxy *self = data;

  self->is_dropped = TRUE;
  if (self->is_reading)
    g_cancellable_cancel (self->cancellable);
  else
    proxy_free (self);
}

static void
got_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Proxy *self = user_data;
  g_autoptr (GError) error = NULL;
  const DouBodyFeed feed = { self->length, want_cb, drop_cb, self };

  self->stream = dou_object_store_get_finish (DOU_OBJECT_STORE (source), result, &error);
  if (self->stream != NULL)
    {
      dou_request_reply_feed (self->request, self->http_code, self->content_type, &feed);
      return;
    }

  g_info ("%s", error->message);
  soup_message_headers_clear (dou_request_get_answer_headers (self->request));
  dou_request_reply_status (self->request, dou_media_proxy_get_status (error));
  proxy_free (self);
}

/**
 * dou_media_proxy_get_status:
 * @error: why an object cannot be had
 *
 * A store denies what it may not say is missing. Whatever else it refuses is no matter of the client's, which may try
 * again: the operator has to change something.
 *
 * Returns: what the client is told
 */
DouStatus
dou_media_proxy_get_status (const GError *error)
{
  if (error->domain != DOU_OBJECT_ERROR)
    return dou_status_from_error (error);
  return error->code == DOU_OBJECT_ERROR_DENIED ? DOU_STATUS_NOT_FOUND : DOU_STATUS_UNAVAILABLE;
}

/**
 * dou_media_proxy_start:
 * @request: a GET that is not answered yet; its response headers are set
 * @store: what is passed on
 * @name: of an object
 * @http_code: 200, or 206 for a part
 * @content_type: static
 * @offset: the first byte
 * @length: how many
 * @ended: called when the answer is over, and with it the connection to the store
 * @user_data: for @ended
 *
 * Answers with a part of an object.
 */
void
dou_media_proxy_start (DouRequest *request, DouObjectStore *store, const char *name,
                       guint http_code, const char *content_type, guint64 offset, guint64 length,
                       GDestroyNotify ended, gpointer user_data)
{
  Proxy *self = g_new0 (Proxy, 1);

  self->request = g_object_ref (request);
  self->cancellable = g_cancellable_new ();
  self->content_type = content_type;
  self->http_code = http_code;
  self->length = length;
  self->ended = ended;
  self->user_data = user_data;
  dou_object_store_get_async (store, name, offset, length, dou_request_get_cancellable (request),
                              got_cb, self);
}
