/* SPDX-License-Identifier: Apache-2.0 */

/* How requests get to an object store and back.
 *
 * Each try is signed anew, since a signature is good for some minutes only. What the store could not do
 * (it is not reached, is silent, or says that something is wrong with itself) is tried again after a
 * growing pause with some chance in it, so that many who were refused together do not come again
 * together. What it refuses is not: it would refuse it again.
 *
 * A store that hangs instead of failing is noticed by its silence: libsoup's time-out, which begins
 * anew with each byte. A store that sends a byte now and then is noticed by the time that a try may
 * take altogether, which depends on how much there is to send.
 *
 * Redirects are not followed: a signature is for one host. Nor are answers uncompressed: what is
 * stored is what is to be read.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include "common/dou-object-client.h"
#include "common/dou-object-metrics.h"
#include "common/dou-status.h"

/* Requests that wait for others to end; one more is refused. */
#define MAX_WAITING 4096
/* Bytes of an answer that is not streamed: errors and the documents around an upload are far smaller. */
#define MAX_ANSWER (64 * 1024)
/* Milliseconds before the second try; twice as long before the next. */
#define FIRST_PAUSE 200
/* What a try may take in seconds when there is nothing to send: so many times the silence, since a
 * store may say now and then that it is still putting a large object together. */
#define PATIENCE 4
/* Bytes a second that a store takes at least: a slow line of a home office. */
#define MIN_RATE (64 * 1024)

#define STATUS_TOO_MANY_REQUESTS 429

struct _DouObjectClient
{
  GObject parent_instance;

  DouObjectLimits limits;
  SoupSession *session; /* (owned) */
  DouS3Signer *signer;  /* (owned) */
  char *origin;         /* (owned) scheme, host and port */
  char *host;           /* (owned) */
  char *path;           /* (owned) before names */
  GQueue waiting;       /* (element-type GTask) (owned) */
  guint n_running;
};

G_DEFINE_FINAL_TYPE (DouObjectClient, dou_object_client, G_TYPE_OBJECT)

/* A request on its way: the data of its task. */
typedef struct
{
  DouObjectRequest *request; /* (owned) */
  SoupMessage *message;      /* (owned) (nullable) of the last try */
  GInputStream *stream;      /* (owned) (nullable) its answer */
  GCancellable *cancellable; /* (owned) (nullable) of the last try */
  GSource *deadline;         /* (owned) (nullable) of the last try */
  GSource *watch;            /* (owned) (nullable) of who may give up, during the last try */
  char *body;                /* (owned) (nullable) the answer */
  guint n_tried;
  gint64 begun; /* monotonic time of the first try */
  gboolean is_late; /* the last try took too long altogether */
} Call;

static void
destroy_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static void
call_end_try (Call *call)
{
  g_clear_pointer (&call->deadline, destroy_source);
  g_clear_pointer (&call->watch, destroy_source);
  g_clear_object (&call->cancellable);
  g_clear_object (&call->stream);
  g_clear_pointer (&call->body, g_free);
}

static void
call_free (Call *call)
{
  dou_object_request_free (call->request);
  g_clear_object (&call->message);
  g_assert (call->deadline == NULL && call->cancellable == NULL && call->stream == NULL);
  g_free (call->body);
  g_free (call);
}

/**
 * dou_object_request_new:
 * @method: of HTTP, static
 * @name: of an object
 *
 * Returns: (transfer full): a request without body
 */
DouObjectRequest *
dou_object_request_new (const char *method, const char *name)
{
  DouObjectRequest *self = g_new0 (DouObjectRequest, 1);

  self->method = method;
  self->name = g_strdup (name);
  self->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
dou_object_request_free (DouObjectRequest *self)
{
  g_free (self->name);
  g_clear_pointer (&self->query, g_hash_table_unref);
  g_hash_table_unref (self->headers);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_free (self->sha256);
  g_free (self);
}

void
dou_object_request_add_header (DouObjectRequest *self, const char *name, const char *value)
{
  g_hash_table_insert (self->headers, g_strdup (name), g_strdup (value));
}

void
dou_object_request_add_parameter (DouObjectRequest *self, const char *name, const char *value)
{
  if (self->query == NULL)
    self->query = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (self->query, g_strdup (name), g_strdup (value));
}

void
dou_object_answer_free (DouObjectAnswer *self)
{
  soup_message_headers_unref (self->headers);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_object (&self->stream);
  g_free (self);
}

/**
 * dou_object_answer_get_element:
 * @text: what a store has answered
 * @element: of XML, without attributes and without others in it
 *
 * Stores answer with short documents of XML, of which a word or two are needed.
 *
 * Returns: (transfer full) (nullable): what the first of its kind holds, as it is escaped there
 */
char *
dou_object_answer_get_element (const char *text, const char *element)
{
  g_autofree char *opening = g_strdup_printf ("<%s>", element);
  g_autofree char *closing = g_strdup_printf ("</%s>", element);
  const char *begin = strstr (text, opening);
  const char *end = begin != NULL ? strstr (begin, closing) : NULL;

  if (end == NULL)
    return NULL;

  begin += strlen (opening);
  return g_utf8_make_valid (begin, end - begin);
}

static void
dou_object_client_finalize (GObject *object)
{
  DouObjectClient *self = DOU_OBJECT_CLIENT (object);

  g_assert (g_queue_is_empty (&self->waiting));
  g_clear_object (&self->session);
  g_clear_pointer (&self->signer, dou_s3_signer_free);
  g_free (self->origin);
  g_free (self->host);
  g_free (self->path);

  G_OBJECT_CLASS (dou_object_client_parent_class)->finalize (object);
}

static void
dou_object_client_class_init (DouObjectClientClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_object_client_finalize;
}

static void
dou_object_client_init (DouObjectClient *self)
{
  g_queue_init (&self->waiting);
}

/**
 * dou_object_client_new:
 * @address: of the store
 * @limits: how much of it is put up with
 *
 * Returns: (transfer full): a client for the thread-default main context
 */
DouObjectClient *
dou_object_client_new (const DouObjectAddress *address, const DouObjectLimits *limits)
{
  DouObjectClient *self = g_object_new (DOU_TYPE_OBJECT_CLIENT, NULL);

  g_return_val_if_fail (limits->timeout > 0 && limits->n_attempts > 0 && limits->n_running > 0, NULL);

  self->limits = *limits;
  self->signer = dou_s3_signer_new (address->region, address->access_key, address->secret_key);
  self->origin = dou_object_address_get_origin (address);
  self->host = g_strdup (address->host);
  self->path = g_strdup (address->path);
  self->session = soup_session_new_with_options (
    "timeout", limits->timeout, "max-conns", (int) limits->n_running, "max-conns-per-host",
    (int) limits->n_running, "user-agent", "doutok", "proxy-resolver", NULL, NULL);
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_CONTENT_DECODER);
  dou_object_metrics_prepare ();
  return self;
}

static void dou_object_client_start_next (DouObjectClient *self);

static void
call_count (Call *call, DouObjectOutcome outcome)
{
  dou_object_metrics_count (call->request->method, outcome, g_get_monotonic_time () - call->begun);
}

/* The task has what it needs to return: the next may start. */
static void
finish (GTask *task, DouObjectOutcome outcome, DouObjectAnswer *answer, GError *error)
{
  g_autoptr (DouObjectClient) self = g_object_ref (g_task_get_source_object (task));
  Call *call = g_task_get_task_data (task);

  call_end_try (call);
  call_count (call, outcome);
  self->n_running--;
  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) dou_object_answer_free);
  else
    g_task_return_error (task, error);

  dou_object_client_start_next (self);
}

static void try (GTask *task);

static gboolean
try_again_cb (gpointer user_data)
{
  try (user_data);
  return G_SOURCE_REMOVE;
}

/* The store could not do it. @why: (transfer full) */
static void
retry_or_fail (GTask *task, char *why)
{
  g_autofree char *reason = why;
  DouObjectClient *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  g_autoptr (GSource) source = NULL;
  guint pause;

  call_end_try (call);
  if (g_task_return_error_if_cancelled (task))
    {
      /* Only what counts is left to be done. */
      call_count (call, DOU_OBJECT_CANCELLED);
      self->n_running--;
      dou_object_client_start_next (self);
      return;
    }
  if (call->n_tried == self->limits.n_attempts)
    {
      finish (task, DOU_OBJECT_FAILURE, NULL,
              g_error_new (DOU_ERROR, DOU_STATUS_UNAVAILABLE, "The object store, %s %s: %s",
                           call->request->method, call->request->name, reason));
      return;
    }

  pause = (guint) FIRST_PAUSE << (call->n_tried - 1);
  g_debug ("Object store, %s %s, try %u: %s", call->request->method, call->request->name,
           call->n_tried, reason);
  dou_object_metrics_count_retry (call->request->method);
  source = g_timeout_source_new (pause / 2 + (guint) g_random_int_range (0, (gint32) pause));
  g_source_set_callback (source, try_again_cb, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

static gboolean
may_be_tried_again (guint http_code, const char *code)
{
  return http_code >= 500 || http_code == STATUS_TOO_MANY_REQUESTS
         || http_code == SOUP_STATUS_REQUEST_TIMEOUT || g_strcmp0 (code, "RequestTimeout") == 0;
}

/* Returns: whether the store did what was asked of it, and there is nothing */
static gboolean
is_nothing (guint http_code)
{
  return http_code == SOUP_STATUS_NOT_FOUND || http_code == SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE
         || http_code == SOUP_STATUS_NOT_MODIFIED || http_code == SOUP_STATUS_PRECONDITION_FAILED;
}

/* The store has said why not. Of HEAD there is nothing but the number. */
static void
refuse (GTask *task, const char *body)
{
  Call *call = g_task_get_task_data (task);
  guint http_code = soup_message_get_status (call->message);
  g_autofree char *code = dou_object_answer_get_element (body, "Code");
  g_autofree char *text = dou_object_answer_get_element (body, "Message");
  g_autofree char *why
    = g_strdup_printf ("%u %s%s%s", http_code,
                       code != NULL ? code : soup_status_get_phrase (http_code),
                       text != NULL ? ": " : "", text != NULL ? text : "");
  g_autofree char *message = NULL;

  if (may_be_tried_again (http_code, code))
    {
      retry_or_fail (task, g_steal_pointer (&why));
      return;
    }

  message = g_strdup_printf ("The object store, %s %s: %s", call->request->method,
                             call->request->name, why);
  finish (task, is_nothing (http_code) ? DOU_OBJECT_NOTHING : DOU_OBJECT_REFUSED, NULL,
          dou_object_error_new (http_code, code, message));
}

/* @body: (transfer full) (nullable), @stream: (transfer full) (nullable) */
static void
succeed (GTask *task, GBytes *body, GInputStream *stream)
{
  Call *call = g_task_get_task_data (task);
  DouObjectAnswer *answer = g_new0 (DouObjectAnswer, 1);

  answer->headers
    = soup_message_headers_ref (soup_message_get_response_headers (call->message));
  answer->body = body;
  answer->stream = stream;
  finish (task, DOU_OBJECT_SUCCESS, answer, NULL);
}

/* A try ended before there was an answer. @error: (transfer full) */
static void
fail_to_reach (GTask *task, GError *error)
{
  g_autoptr (GError) owned = error;
  Call *call = g_task_get_task_data (task);

  retry_or_fail (task, call->is_late ? g_strdup ("it takes too long") : g_strdup (error->message));
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  gsize length;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &length, &error))
    {
      fail_to_reach (task, error);
      return;
    }

  call->body[length] = '\0';
  if (SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (call->message)))
    succeed (task, g_bytes_new_take (g_steal_pointer (&call->body), length), NULL);
  else
    refuse (task, call->body);
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  call->stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  if (call->stream == NULL)
    {
      fail_to_reach (task, error);
      return;
    }

  if (call->request->streams
      && SOUP_STATUS_IS_SUCCESSFUL (soup_message_get_status (call->message)))
    {
      succeed (task, NULL, g_steal_pointer (&call->stream));
      return;
    }

  call->body = g_malloc (MAX_ANSWER + 1);
  g_input_stream_read_all_async (call->stream, call->body, MAX_ANSWER, G_PRIORITY_DEFAULT,
                                 call->cancellable, read_cb, g_object_ref (task));
}

static gboolean
late_cb (gpointer user_data)
{
  Call *call = user_data;

  call->is_late = TRUE;
  g_cancellable_cancel (call->cancellable);
  return G_SOURCE_REMOVE;
}

static gboolean
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  Call *call = user_data;

  g_cancellable_cancel (call->cancellable);
  return G_SOURCE_REMOVE;
}

/* A source instead of the signal: whatever ends the try may happen in its callback. */
static void
watch_cancellable (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  if (g_task_get_cancellable (task) == NULL)
    return;

  call->watch = g_cancellable_source_new (g_task_get_cancellable (task));
  g_source_set_callback (call->watch, G_SOURCE_FUNC (cancelled_cb), call, NULL);
  g_source_attach (call->watch, g_task_get_context (task));
}

/* A try is over, whatever came of it, or what it streams has been read. */
static void
finished_cb (SoupMessage *message, gpointer user_data)
{
  SoupMessageMetrics *metrics = soup_message_get_metrics (message);

  if (metrics != NULL)
    dou_object_metrics_count_bytes (soup_message_metrics_get_request_body_bytes_sent (metrics),
                                    soup_message_metrics_get_response_body_bytes_received (metrics));
}

static SoupMessage *
make_message (DouObjectClient *self, DouObjectRequest *request)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *path = g_strconcat (self->path, request->name, NULL);
  g_autofree char *target = dou_s3_signer_target (path, request->query);
  g_autofree char *url = g_strconcat (self->origin, target, NULL);
  g_autoptr (SoupMessage) message = soup_message_new (request->method, url);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  GHashTableIter iter;
  gpointer name, value;

  dou_object_request_add_header (request, "host", self->host);
  dou_s3_signer_sign (self->signer, request->method, path, request->query, request->headers,
                      request->sha256, now);

  if (request->body != NULL)
    soup_message_set_request_body_from_bytes (message, NULL, request->body);
  g_hash_table_iter_init (&iter, request->headers);
  while (g_hash_table_iter_next (&iter, &name, &value))
    soup_message_headers_replace (headers, name, value);

  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_COLLECT_METRICS);
  g_signal_connect (message, "finished", G_CALLBACK (finished_cb), NULL);
  return g_steal_pointer (&message);
}

static void
try (GTask *task)
{
  DouObjectClient *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  gsize size = call->request->body != NULL ? g_bytes_get_size (call->request->body) : 0;

  call->n_tried++;
  call->is_late = FALSE;
  g_clear_object (&call->message);
  call->message = make_message (self, call->request);
  call->cancellable = g_cancellable_new ();
  call->deadline = g_timeout_source_new_seconds (PATIENCE * self->limits.timeout
                                                 + (guint) (size / MIN_RATE));
  g_source_set_callback (call->deadline, late_cb, call, NULL);
  g_source_attach (call->deadline, g_task_get_context (task));
  watch_cancellable (task);
  soup_session_send_async (self->session, call->message, G_PRIORITY_DEFAULT, call->cancellable,
                           sent_cb, g_object_ref (task));
}

static void
dou_object_client_start_next (DouObjectClient *self)
{
  while (self->n_running < self->limits.n_running && !g_queue_is_empty (&self->waiting))
    {
      g_autoptr (GTask) task = g_queue_pop_head (&self->waiting);

      if (g_task_return_error_if_cancelled (task))
        continue;
      self->n_running++;
      ((Call *) g_task_get_task_data (task))->begun = g_get_monotonic_time ();
      try (task);
    }
}

/**
 * dou_object_client_send_async:
 * @self: a client
 * @request: (transfer full): what is wanted
 * @cancellable: (nullable): gives up
 * @callback: called with the answer
 * @user_data: for @callback
 */
void
dou_object_client_send_async (DouObjectClient *self, DouObjectRequest *request,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Call *call = g_new0 (Call, 1);

  g_return_if_fail (DOU_IS_OBJECT_CLIENT (self));

  g_task_set_source_tag (task, dou_object_client_send_async);
  call->request = request;
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  if (request->sha256 == NULL && request->body != NULL)
    request->sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, request->body);
  else if (request->sha256 == NULL)
    request->sha256 = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "", 0);

  if (g_queue_get_length (&self->waiting) >= MAX_WAITING)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                               "too many requests wait for the object store");
      return;
    }

  g_queue_push_tail (&self->waiting, g_steal_pointer (&task));
  dou_object_client_start_next (self);
}

/**
 * dou_object_client_send_finish:
 * @self: a client
 * @result: of the callback
 * @error: return location for %DOU_STATUS_UNAVAILABLE (the store could not do it),
 *   %DOU_STATUS_NOT_FOUND, a #DouObjectError (it has refused it otherwise) or %G_IO_ERROR_CANCELLED
 *
 * Returns: (transfer full) (nullable): the answer of a store that has done it
 */
DouObjectAnswer *
dou_object_client_send_finish (DouObjectClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_object_client_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * dou_object_client_presign:
 * @self: a client
 * @method: of HTTP
 * @name: of an object
 * @expires: seconds for which the address is good
 * @since: when it begins to be
 *
 * Returns: (transfer full): a URL with which anybody can make this request
 */
char *
dou_object_client_presign (DouObjectClient *self, const char *method, const char *name,
                           guint expires, GDateTime *since)
{
  g_autofree char *path = g_strconcat (self->path, name, NULL);
  g_autofree char *target = NULL;

  g_return_val_if_fail (DOU_IS_OBJECT_CLIENT (self), NULL);

  target = dou_s3_signer_presign (self->signer, method, self->host, path, expires, since);
  return g_strconcat (self->origin, target, NULL);
}
