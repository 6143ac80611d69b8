/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-traffic.h"

/* Of requests for what is not there: a metric for each such path would be one for each that a client
 * can think of. */
#define NOWHERE "none"

struct _DouTraffic
{
  GHashTable *endpoints; /* (owned) (element-type utf8 Endpoint) by the route's path */
};

typedef struct
{
  DouMetric *durations;
  GHashTable *answers; /* (owned) (element-type pointer DouMetric) by HTTP code and status */
} Endpoint;

static void
endpoint_free (Endpoint *self)
{
  g_hash_table_unref (self->answers);
  g_free (self);
}

DouTraffic *
dou_traffic_new (void)
{
  DouTraffic *self = g_new0 (DouTraffic, 1);

  /* Routes live as long as the program, so the address of a path is enough. */
  self->endpoints = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) endpoint_free);
  return self;
}

void
dou_traffic_free (DouTraffic *self)
{
  g_hash_table_unref (self->endpoints);
  g_free (self);
}

static Endpoint *
dou_traffic_find (DouTraffic *self, const char *path)
{
  Endpoint *endpoint = g_hash_table_lookup (self->endpoints, path);
  g_autofree char *labels = NULL;

  if (endpoint != NULL)
    return endpoint;

  labels = g_strdup_printf ("endpoint=\"%s\"", path);
  endpoint = g_new0 (Endpoint, 1);
  endpoint->durations = dou_metrics_get ("doutok_http_request_duration_seconds", labels);
  endpoint->answers = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (self->endpoints, (gpointer) path, endpoint);
  return endpoint;
}

/**
 * dou_traffic_note:
 * @self: the traffic
 * @endpoint: (nullable): path of a route, which is a constant; %NULL if there was none
 * @http_code: of the answer
 * @status_code: in the envelope; below 0 if there is none
 * @duration: microseconds from the head of the request to the answer
 */
void
dou_traffic_note (DouTraffic *self,
                  const char *endpoint,
                  guint http_code,
                  int status_code,
                  gint64 duration)
{
  static const char nowhere[] = NOWHERE;
  const char *path = endpoint != NULL ? endpoint : nowhere;
  Endpoint *found = dou_traffic_find (self, path);
  gpointer key = GINT_TO_POINTER (status_code * 1000 + (int) http_code);
  DouMetric *answers = g_hash_table_lookup (found->answers, key);

  if (answers == NULL)
    {
      g_autofree char *labels = NULL;

      if (status_code >= 0)
        labels = g_strdup_printf ("endpoint=\"%s\",code=\"%u\",status=\"%d\"", path, http_code,
                                  status_code);
      else
        labels = g_strdup_printf ("endpoint=\"%s\",code=\"%u\",status=\"\"", path, http_code);
      answers = dou_metrics_get ("doutok_http_requests_total", labels);
      g_hash_table_insert (found->answers, key, answers);
    }

  dou_metric_add (answers, 1);
  dou_metric_observe (found->durations, duration);
}
