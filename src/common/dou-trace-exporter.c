/* SPDX-License-Identifier: Apache-2.0 */

/* Spans go to a collector by OTLP over HTTP, from a thread of their own: whoever ends a span puts it into
 * a queue and goes on. The thread waits until there are enough, or INTERVAL after the first, and sends
 * them in one POST.
 *
 * A collector that is down, slow or says no costs the spans that it should have got, and nothing else:
 * they are not sent again, the queue is bounded, and what does not find a place in it is dropped. All that
 * did not arrive is counted. At the end of the process, what is waiting has FLUSH_TIMEOUT, and none if
 * the last try was in vain.
 *
 * The HTTP is a few lines over GSocketClient, with a connection for each POST: libsoup would be loaded by
 * every service for it, also where nobody wants traces.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include <gio/gio.h>

#include "common/dou-metrics.h"
#include "common/dou-status.h"
#include "common/dou-trace-exporter.h"
#include "common/dou-trace-json.h"

/* Spans that may wait, of about a kilobyte each: some seconds of a process in which every request is
 * seen. */
#define QUEUE_LIMIT 2048
/* Spans in one POST; with so many waiting, it does not wait for more. */
#define BATCH_SIZE 512
/* Microseconds in which more may come. */
#define INTERVAL G_USEC_PER_SEC

/* Seconds that the collector may take for each step. */
#define STEP_TIMEOUT 10
/* Microseconds for what is waiting at the end; the launcher kills after seconds. */
#define FLUSH_TIMEOUT G_USEC_PER_SEC
/* Bytes of an answer's first line. */
#define STATUS_LINE_MAX 256

struct _DouTraceExporter
{
  char *service;             /* (owned) */
  char *endpoint;            /* (owned) a URL */
  char *head;                /* (owned) of a request, up to its length */
  guint16 port;              /* if the URL has none */
  GSocketClient *client;     /* (owned) used by the thread alone */
  GCancellable *cancellable; /* (owned) ends what the thread does */
  GThread *thread;           /* (owned) */
  DouMetric *exported;       /* (unowned) */
  DouMetric *dropped;        /* (unowned) */

  GMutex mutex; /* guards the rest */
  GCond changed;
  GQueue queue; /* (element-type DouSpan) */
  gboolean is_closing;
  gboolean has_ended;  /* the thread has nothing to do any more */
  gboolean is_failing; /* the last POST was in vain */
};

/* Returns: whether @line, as HTTP/1.1 200 OK, says that all is well */
static gboolean
check_status (const char *line, GError **error)
{
  guint code = 0;

  if (g_str_has_prefix (line, "HTTP/1.") && strlen (line) > strlen ("HTTP/1.x "))
    code = (guint) g_ascii_strtoull (line + strlen ("HTTP/1.x "), NULL, 10);
  if (code >= 200 && code < 300)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "it answers %u", code);
  return FALSE;
}

static gboolean
dou_trace_exporter_read_status (DouTraceExporter *self, GInputStream *stream, GError **error)
{
  char line[STATUS_LINE_MAX + 1];
  gsize length = 0;

  while (length < STATUS_LINE_MAX && memchr (line, '\n', length) == NULL)
    {
      gssize n = g_input_stream_read (stream, line + length, STATUS_LINE_MAX - length,
                                      self->cancellable, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        break;
      length += (gsize) n;
    }

  line[length] = '\0';
  return check_status (line, error);
}

static gboolean
dou_trace_exporter_post (DouTraceExporter *self, const char *body, gsize length, GError **error)
{
  g_autoptr (GSocketConnection) connection = NULL;
  g_autofree char *head
      = g_strdup_printf ("%s%" G_GSIZE_FORMAT "\r\n\r\n", self->head, length);
  GOutputStream *output;

  connection = g_socket_client_connect_to_uri (self->client, self->endpoint, self->port,
                                               self->cancellable, error);
  if (connection == NULL)
    return FALSE;

  output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  return g_output_stream_write_all (output, head, strlen (head), NULL, self->cancellable, error)
         && g_output_stream_write_all (output, body, length, NULL, self->cancellable, error)
         && dou_trace_exporter_read_status (
             self, g_io_stream_get_input_stream (G_IO_STREAM (connection)), error);
}

/* Says so once, not for every POST. */
static void
dou_trace_exporter_report (DouTraceExporter *self, const GError *error)
{
  gboolean was_failing;

  g_mutex_lock (&self->mutex);
  was_failing = self->is_failing;
  self->is_failing = error != NULL;
  g_mutex_unlock (&self->mutex);

  if (error != NULL && !was_failing && !g_cancellable_is_cancelled (self->cancellable))
    g_warning ("Traces do not reach “%s”: %s", self->endpoint, error->message);
  else if (error == NULL && was_failing)
    g_message ("Traces reach “%s” again", self->endpoint);
}

static void
dou_trace_exporter_send (DouTraceExporter *self, GPtrArray *spans)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *body = NULL;
  gsize length;
  gboolean is_sent;

  body = dou_trace_json_write (self->service, (DouSpan *const *) spans->pdata, spans->len, &length);
  is_sent = dou_trace_exporter_post (self, body, length, &error);
  dou_metric_add (is_sent ? self->exported : self->dropped, spans->len);
  dou_trace_exporter_report (self, error);
}

/* Waits for spans and for more of them. Returns: (transfer full) (nullable): some; none at the end */
static GPtrArray *
dou_trace_exporter_take (DouTraceExporter *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  g_autoptr (GPtrArray) spans = NULL;
  gint64 end;

  while (self->queue.length == 0 && !self->is_closing)
    g_cond_wait (&self->changed, &self->mutex);

  end = g_get_monotonic_time () + INTERVAL;
  while (self->queue.length < BATCH_SIZE && !self->is_closing
         && g_cond_wait_until (&self->changed, &self->mutex, end))
    ;

  if (self->queue.length == 0)
    {
      self->has_ended = TRUE;
      g_cond_broadcast (&self->changed);
      return NULL;
    }

  spans = g_ptr_array_new_full (MIN (self->queue.length, BATCH_SIZE), (GDestroyNotify) dou_span_free);
  while (spans->len < BATCH_SIZE && self->queue.length > 0)
    g_ptr_array_add (spans, g_queue_pop_head (&self->queue));
  return g_steal_pointer (&spans);
}

static gpointer
thread_func (gpointer data)
{
  DouTraceExporter *self = data;
  GPtrArray *spans;

  while ((spans = dou_trace_exporter_take (self)) != NULL)
    {
      dou_trace_exporter_send (self, spans);
      g_ptr_array_unref (spans);
    }

  return NULL;
}

/* Whoever is asked by name has to know by which. */
static gboolean
dou_trace_exporter_read_endpoint (DouTraceExporter *self, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (self->endpoint, G_URI_FLAGS_ENCODED, NULL);
  gboolean is_secure = uri != NULL && g_str_equal (g_uri_get_scheme (uri), "https");
  g_autofree char *place = NULL;
  const char *path, *query;

  if (uri == NULL || g_uri_get_userinfo (uri) != NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0'
      || (!is_secure && !g_str_equal (g_uri_get_scheme (uri), "http")))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, "“%s” is no place for traces",
                   self->endpoint);
      return FALSE;
    }

  self->port = is_secure ? 443 : 80;
  g_socket_client_set_tls (self->client, is_secure);
  path = g_uri_get_path (uri);
  query = g_uri_get_query (uri);
  place = g_uri_join (G_URI_FLAGS_ENCODED, NULL, NULL, g_uri_get_host (uri), g_uri_get_port (uri), "",
                      NULL, NULL);
  self->head = g_strdup_printf ("POST %s%s%s HTTP/1.1\r\n"
                                "Host: %s\r\n"
                                "User-Agent: doutok/" DOU_VERSION "\r\n"
                                "Content-Type: application/json\r\n"
                                "Connection: close\r\n"
                                "Content-Length: ",
                                *path != '\0' ? path : "/", query != NULL ? "?" : "",
                                query != NULL ? query : "", place + strlen ("//"));
  return TRUE;
}

/**
 * dou_trace_exporter_new:
 * @endpoint: URL of a collector, such as `http://127.0.0.1:4318/v1/traces`
 * @service: what this process is called
 * @error: return location for %DOU_STATUS_BAD_PARAMETER
 *
 * Returns: (transfer full): an exporter; or %NULL if @endpoint is not such a URL
 */
DouTraceExporter *
dou_trace_exporter_new (const char *endpoint, const char *service, GError **error)
{
  DouTraceExporter *self = g_new0 (DouTraceExporter, 1);

  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  g_queue_init (&self->queue);
  self->service = g_strdup (service);
  self->endpoint = g_strdup (endpoint);
  self->cancellable = g_cancellable_new ();
  self->client = g_socket_client_new ();
  g_socket_client_set_timeout (self->client, STEP_TIMEOUT);
  g_socket_client_set_enable_proxy (self->client, FALSE);
  self->exported = dou_metrics_get ("doutok_trace_spans_total", "outcome=\"exported\"");
  self->dropped = dou_metrics_get ("doutok_trace_spans_total", "outcome=\"dropped\"");
  if (!dou_trace_exporter_read_endpoint (self, error))
    {
      dou_trace_exporter_free (self);
      return NULL;
    }

  self->thread = g_thread_new ("dou-traces", thread_func, self);
  return self;
}

/* Lets the thread send what is waiting, within its time. */
static void
dou_trace_exporter_end (DouTraceExporter *self)
{
  gint64 end = g_get_monotonic_time () + FLUSH_TIMEOUT;

  g_mutex_lock (&self->mutex);
  self->is_closing = TRUE;
  g_cond_broadcast (&self->changed);
  while (!self->has_ended && !self->is_failing
         && g_cond_wait_until (&self->changed, &self->mutex, end))
    ;
  g_mutex_unlock (&self->mutex);

  /* Whatever is still waiting fails now, one POST after the other. */
  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->thread);
}

/**
 * dou_trace_exporter_free:
 * @self: (transfer full): an exporter, to which nobody pushes any more
 */
void
dou_trace_exporter_free (DouTraceExporter *self)
{
  if (self->thread != NULL)
    dou_trace_exporter_end (self);

  g_object_unref (self->client);
  g_object_unref (self->cancellable);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self->head);
  g_free (self->endpoint);
  g_free (self->service);
  g_free (self);
}

/**
 * dou_trace_exporter_push:
 * @self: an exporter
 * @span: (transfer full): one that has ended; dropped if too many are waiting
 *
 * May be called in any thread.
 */
void
dou_trace_exporter_push (DouTraceExporter *self, DouSpan *span)
{
  gboolean is_full;

  g_mutex_lock (&self->mutex);
  is_full = self->queue.length >= QUEUE_LIMIT;
  if (!is_full)
    {
      g_queue_push_tail (&self->queue, span);
      if (self->queue.length == 1 || self->queue.length == BATCH_SIZE)
        g_cond_broadcast (&self->changed);
    }
  g_mutex_unlock (&self->mutex);

  if (!is_full)
    return;

  dou_metric_add (self->dropped, 1);
  dou_span_free (span);
}
