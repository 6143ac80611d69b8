/* SPDX-License-Identifier: Apache-2.0 */

/* GET and HEAD /media/… of what is in an object store.
 *
 * First the store is asked whether the object is there, and what it is like: so a video that was deleted
 * is a 404, one that was transcoded since the client got its name is found by its new one, and a store
 * that is away is a 503, of this server and in its words. What was found is remembered for some
 * seconds, which makes a video that many watch cost one question. Then
 *
 *   signed   the client is sent there, with an address that is good for some minutes
 *   proxy    the bytes are passed on, as if they were here: ranges, conditions, entity tags
 *
 * A stream that is passed on holds a connection to the store for as long as its client takes. So there is a
 * bound of its own for these, over which clients are told to come back, and the connections are more:
 * questions never wait for somebody who watches.
 *
 * Addresses are signed for the beginning of the minutes that they are asked in, so that within these
 * everybody gets the same, from all nodes, and caches know it again.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include "common/dou-lru.h"
#include "gateway/dou-byte-range.h"
#include "gateway/dou-media-file.h"
#include "gateway/dou-media-proxy.h"
#include "gateway/dou-media-remote.h"
#include "gateway/dou-preconditions.h"

#define PREFIX "/media/"

/* Seconds for which a player may go on asking an address for ranges; and how often there is a new one.
 * The answer that has it may be kept for as long as it is still good then. */
#define ADDRESS_LIFE 900
#define ADDRESS_INTERVAL 300
#define REDIRECT_CACHE_CONTROL "private, max-age=300"

/* As for files that are here: a name is never used for other content. */
#define CACHE_CONTROL "public, max-age=31536000, immutable"

/* For how long an object is believed to be there still. */
#define MAX_AGE (10 * G_TIME_SPAN_SECOND)
/* Objects of which something is remembered. */
#define MAX_KNOWN 4096

/* Connections to the store beside those of streams. */
#define QUESTIONS 64

struct _DouMediaRemote
{
  GObject parent_instance;

  DouObjectStore *store; /* (owned) */
  DouLru *known;         /* (owned) (element-type utf8 Known): by name */
  guint max_streams;
  guint n_streams; /* that are passed on at the moment */
  gboolean redirects;
  gboolean was_denied; /* and has said so */
  gboolean was_refused; /* the same, of anything */
};

G_DEFINE_FINAL_TYPE (DouMediaRemote, dou_media_remote, G_TYPE_OBJECT)

typedef struct
{
  DouObjectInfo *info; /* (owned) */
  char *last_modified; /* (owned) (nullable) */
  gint64 asked_at;     /* monotonic time */
} Known;

/* A request that waits to know whether an object is there. */
typedef struct
{
  DouMediaRemote *remote; /* (owned) */
  DouRequest *request;    /* (owned) */
  char *name;             /* (owned) as the client knows it */
  char *candidate;        /* (owned) as it may be called now */
  guint n_candidates;     /* so far, beside the first name */
} Question;

static void
known_free (gpointer data)
{
  Known *known = data;

  dou_object_info_free (known->info);
  g_free (known->last_modified);
  g_free (known);
}

static void
question_free (Question *question)
{
  g_object_unref (question->remote);
  g_object_unref (question->request);
  g_free (question->name);
  g_free (question->candidate);
  g_free (question);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

static void
dou_media_remote_dispose (GObject *object)
{
  DouMediaRemote *self = DOU_MEDIA_REMOTE (object);

  g_clear_object (&self->store);
  g_clear_pointer (&self->known, dou_lru_free);

  G_OBJECT_CLASS (dou_media_remote_parent_class)->dispose (object);
}

static void
dou_media_remote_class_init (DouMediaRemoteClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_media_remote_dispose;
}

static void
dou_media_remote_init (DouMediaRemote *self)
{
  self->known = dou_lru_new (g_str_hash, g_str_equal, g_free, known_free, MAX_KNOWN);
}

/**
 * dou_media_remote_new:
 * @address: where the objects are
 * @max_streams: how many are passed on at a time; more are refused
 *
 * Returns: (transfer full): the objects there
 */
DouMediaRemote *
dou_media_remote_new (const DouObjectAddress *address, guint max_streams)
{
  DouMediaRemote *self = g_object_new (DOU_TYPE_MEDIA_REMOTE, NULL);
  /* Somebody waits: two short tries. */
  const DouObjectLimits limits
      = { .timeout = 5, .n_attempts = 2, .n_running = max_streams + QUESTIONS };

  self->max_streams = max_streams;
  self->store = dou_object_store_new (address, &limits);
  self->redirects = address->redirects;
  return self;
}

static void
redirect (DouRequest *request, const char *location, const char *cache_control)
{
  soup_message_headers_replace (dou_request_get_answer_headers (request), "Location", location);
  soup_message_headers_replace (dou_request_get_answer_headers (request), "Cache-Control", cache_control);
  dou_request_reply_bytes (request, SOUP_STATUS_FOUND, NULL, NULL);
}

static void
redirect_to_store (DouMediaRemote *self, DouRequest *request, const char *name)
{
  const char *method = dou_request_get_method (request);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (GDateTime) since = g_date_time_new_from_unix_utc (now - now % ADDRESS_INTERVAL);
  g_autofree char *location
      = dou_object_store_presign (self->store, method, name, ADDRESS_LIFE, since);

  redirect (request, location, REDIRECT_CACHE_CONTROL);
}

static void
add_headers (DouRequest *request, const Known *known)
{
  SoupMessageHeaders *headers = dou_request_get_answer_headers (request);

  soup_message_headers_replace (headers, "ETag", known->info->etag);
  if (known->last_modified != NULL)
    soup_message_headers_replace (headers, "Last-Modified", known->last_modified);
  soup_message_headers_replace (headers, "Accept-Ranges", "bytes");
  soup_message_headers_replace (headers, "Cache-Control", CACHE_CONTROL);
}

static void
stream_ended_cb (gpointer data)
{
  g_autoptr (DouMediaRemote) self = data;

  self->n_streams--;
}

static void
pass_on_bytes (DouMediaRemote *self, DouRequest *request, const char *name, guint http_code, guint64 offset,
               guint64 length)
{
  if (self->n_streams >= self->max_streams)
    {
      soup_message_headers_clear (dou_request_get_answer_headers (request));
      dou_request_reply_status (request, DOU_STATUS_UNAVAILABLE);
      return;
    }

  self->n_streams++;
  dou_media_proxy_start (request, self->store, name, http_code, dou_media_file_get_content_type (name), offset,
                         length, stream_ended_cb, g_object_ref (self));
}

static void
pass_on_range (DouMediaRemote *self, DouRequest *request, const char *name, const Known *known)
{
  SoupMessageHeaders *asked
      = dou_request_get_headers (request);
  const DouValidators validators = { known->info->etag, known->info->mtime };
  DouByteRange range = DOU_BYTE_RANGE_WHOLE;
  guint64 size = known->info->size;
  guint64 offset = 0;
  guint64 length = size;

  if (dou_preconditions_allow_range (soup_message_headers_get_one (asked, "If-Range"), &validators))
    range = dou_byte_range_parse (soup_message_headers_get_one (asked, "Range"), size, &offset,
                                  &length);

  if (range == DOU_BYTE_RANGE_UNSATISFIABLE)
    {
      g_autofree char *text = g_strdup_printf ("bytes */%" G_GUINT64_FORMAT, size);

      soup_message_headers_replace (dou_request_get_answer_headers (request), "Content-Range", text);
      soup_message_headers_replace (dou_request_get_answer_headers (request), "Cache-Control", "no-store");
      dou_request_reply_bytes (request, SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE, NULL, NULL);
    }
  else if (range == DOU_BYTE_RANGE_PART)
    {
      soup_message_headers_set_content_range (dou_request_get_answer_headers (request), (goffset) offset,
                                              (goffset) (offset + length - 1), (goffset) size);
      pass_on_bytes (self, request, name, SOUP_STATUS_PARTIAL_CONTENT, offset, length);
    }
  else if (size > 0)
    pass_on_bytes (self, request, name, SOUP_STATUS_OK, 0, size);
  else
    dou_request_reply_bytes (request, SOUP_STATUS_OK, dou_media_file_get_content_type (name), NULL);
}

static void
pass_on (DouMediaRemote *self, DouRequest *request, const char *name, const Known *known)
{
  SoupMessageHeaders *asked = dou_request_get_headers (request);
  const DouValidators validators = { known->info->etag, known->info->mtime };

  add_headers (request, known);
  if (dou_preconditions_is_unmodified (soup_message_headers_get_list (asked, "If-None-Match"),
                                       soup_message_headers_get_one (asked, "If-Modified-Since"),
                                       &validators))
    dou_request_reply_bytes (request, SOUP_STATUS_NOT_MODIFIED, NULL, NULL);
  else if (g_str_equal (dou_request_get_method (request), "HEAD"))
    {
      soup_message_headers_set_content_length (dou_request_get_answer_headers (request), (goffset) known->info->size);
      dou_request_reply_bytes (request, SOUP_STATUS_OK, dou_media_file_get_content_type (name), NULL);
    }
  else
    pass_on_range (self, request, name, known);
}

static void
answer (DouMediaRemote *self, DouRequest *request, const char *name, const Known *known)
{
  if (self->redirects)
    redirect_to_store (self, request, name);
  else
    pass_on (self, request, name, known);
}

/* Returns: (transfer none) (nullable): what is known of it that is not too old */
static const Known *
dou_media_remote_recall (DouMediaRemote *self, const char *name)
{
  Known *known = dou_lru_lookup (self->known, name);

  return known != NULL && g_get_monotonic_time () - known->asked_at < MAX_AGE ? known : NULL;
}

/* @info: (transfer full) */
static const Known *
dou_media_remote_learn (DouMediaRemote *self, const char *name, DouObjectInfo *info)
{
  Known *known = g_new0 (Known, 1);

  known->info = info;
  known->asked_at = g_get_monotonic_time ();
  if (info->mtime > 0)
    {
      g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (info->mtime);

      known->last_modified = soup_date_time_to_string (date, SOUP_DATE_HTTP);
    }
  dou_lru_insert (self->known, g_strdup (name), known, 1);
  return known;
}

static void ask (Question *question);

/* It is called otherwise than the client thinks, or is not there. */
static void
ask_for_successor (Question *question)
{
  g_autoptr (Question) owned = question;

  g_free (question->candidate);
  question->candidate
      = dou_media_file_get_successor (question->name, question->n_candidates++);
  if (question->candidate != NULL)
    ask (g_steal_pointer (&owned));
  else
    dou_request_reply_status (question->request, DOU_STATUS_NOT_FOUND);
}

/* Strangers ask for what is not there as often as they like. */
static void
dou_media_remote_tell_denied (DouMediaRemote *self, const GError *error)
{
  if (self->was_denied)
    g_info ("%s", error->message);
  else
    g_warning ("%s (either there is no such object, and the key may not list the bucket, so that the "
               "store does not say so; or the key may not read it. Clients are told that it is not there)",
               error->message);
  self->was_denied = TRUE;
}

/* Nor that it refuses everything. */
static void
dou_media_remote_tell_failed (DouMediaRemote *self, const GError *error)
{
  if (self->was_refused || error->domain != DOU_OBJECT_ERROR)
    g_info ("%s", error->message);
  else
    g_warning ("%s (clients are told to try again)", error->message);
  self->was_refused |= error->domain == DOU_OBJECT_ERROR;
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Question) question = user_data;
  g_autoptr (GError) error = NULL;
  DouObjectInfo *info
      = dou_object_store_head_finish (DOU_OBJECT_STORE (source), result, &error);

  if (info != NULL)
    {
      const Known *known
          = dou_media_remote_learn (question->remote, question->candidate, info);
      g_autofree char *location = g_strconcat (dou_request_get_origin (question->request), PREFIX,
                                               question->candidate, NULL);

      if (g_str_equal (question->candidate, question->name))
        answer (question->remote, question->request, question->name, known);
      else
        redirect (question->request, location, "no-cache");
    }
  else if (g_error_matches (error, DOU_ERROR, DOU_STATUS_NOT_FOUND))
    ask_for_successor (g_steal_pointer (&question));
  else if (g_error_matches (error, DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_DENIED))
    {
      dou_media_remote_tell_denied (question->remote, error);
      ask_for_successor (g_steal_pointer (&question));
    }
  else
    {
      dou_media_remote_tell_failed (question->remote, error);
      dou_request_reply_status (question->request, dou_media_proxy_get_status (error));
    }
}

/* @question: (transfer full) */
static void
ask (Question *question)
{
  dou_object_store_head_async (question->remote->store, question->candidate,
                               dou_request_get_cancellable (question->request), answered_cb,
                               question);
}

/**
 * dou_media_remote_handle:
 * @self: remote files
 * @request: a GET or HEAD that is not answered yet
 * @name: a path below the media directory, from outside
 *
 * Answers it, now or later.
 */
void
dou_media_remote_handle (DouMediaRemote *self, DouRequest *request, const char *name)
{
  const Known *known;
  Question *question;

  g_return_if_fail (DOU_IS_MEDIA_REMOTE (self));

  if (dou_media_file_get_content_type (name) == NULL)
    {
      dou_request_reply_status (request, DOU_STATUS_NOT_FOUND);
      return;
    }

  known = dou_media_remote_recall (self, name);
  if (known != NULL)
    {
      answer (self, request, name, known);
      return;
    }

  question = g_new0 (Question, 1);
  question->remote = g_object_ref (self);
  question->request = g_object_ref (request);
  question->name = g_strdup (name);
  question->candidate = g_strdup (name);
  ask (question);
}
