/* SPDX-License-Identifier: Apache-2.0 */

/* What is measured of an object store, for all clients of a process together. */

#include "config.h"

#include "common/dou-metrics.h"
#include "common/dou-object-metrics.h"

static DouMetric *
get (const char *family, const char *method, const char *outcome)
{
  g_autofree char *kind = g_ascii_strdown (method, -1);
  g_autofree char *labels = outcome != NULL
                                ? g_strdup_printf ("kind=\"%s\",outcome=\"%s\"", kind, outcome)
                                : g_strdup_printf ("kind=\"%s\"", kind);

  return dou_metrics_get (family, labels);
}

static DouMetric *
get_retries (const char *method)
{
  return get ("doutok_object_retries_total", method, NULL);
}

static DouMetric *
get_bytes (const char *direction)
{
  g_autofree char *labels = g_strdup_printf ("direction=\"%s\"", direction);

  return dou_metrics_get ("doutok_object_bytes_total", labels);
}

/**
 * dou_object_metrics_prepare:
 *
 * Shows what did not happen yet as 0, so that it is seen to grow when it does.
 */
void
dou_object_metrics_prepare (void)
{
  static const char *const methods[] = { "DELETE", "GET", "HEAD", "POST", "PUT" };

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      get_retries (methods[i]);
      get ("doutok_object_requests_total", methods[i], "failure");
    }
  get_bytes ("sent");
  get_bytes ("received");
}

/**
 * dou_object_metrics_count:
 * @method: of HTTP
 * @outcome: of a request that is over
 * @microseconds: that it took, with all tries and the pauses between them
 */
void
dou_object_metrics_count (const char *method, DouObjectOutcome outcome, gint64 microseconds)
{
  static const char *const outcomes[] = {
    [DOU_OBJECT_SUCCESS] = "success", [DOU_OBJECT_NOTHING] = "nothing", [DOU_OBJECT_REFUSED] = "refused",
    [DOU_OBJECT_FAILURE] = "failure", [DOU_OBJECT_CANCELLED] = "cancelled",
  };

  dou_metric_add (get ("doutok_object_requests_total", method, outcomes[outcome]), 1);
  dou_metric_observe (get ("doutok_object_request_duration_seconds", method, NULL), microseconds);
}

/**
 * dou_object_metrics_count_retry:
 * @method: of HTTP
 *
 * A try was in vain, and another one is to follow.
 */
void
dou_object_metrics_count_retry (const char *method)
{
  dou_metric_add (get_retries (method), 1);
}

/**
 * dou_object_metrics_count_bytes:
 * @sent: in a body
 * @received: in a body
 */
void
dou_object_metrics_count_bytes (guint64 sent, guint64 received)
{
  dou_metric_add (get_bytes ("sent"), (gint64) sent);
  dou_metric_add (get_bytes ("received"), (gint64) received);
}
