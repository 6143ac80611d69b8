/* SPDX-License-Identifier: Apache-2.0 */

/* /metrics is for the machine that watches, not for the world: to everybody else there is no such
 * path. Who asks is taken for whoever the request says it came from, also when no proxy is trusted:
 * behind one on this machine that nobody has declared, the world would look local. */

#include "config.h"

#include "common/dou-metrics-text.h"
#include "common/dou-paths.h"
#include "gateway/dou-metrics-routes.h"

struct _DouMetricsRoutes
{
  GObject parent_instance;

  char *path;         /* (owned) of the file that all processes share */
  GPtrArray *allowed; /* (owned) (element-type GInetAddressMask) */
};

G_DEFINE_FINAL_TYPE (DouMetricsRoutes, dou_metrics_routes, G_TYPE_OBJECT)

static void
dou_metrics_routes_finalize (GObject *object)
{
  DouMetricsRoutes *self = DOU_METRICS_ROUTES (object);

  g_free (self->path);
  g_ptr_array_unref (self->allowed);

  G_OBJECT_CLASS (dou_metrics_routes_parent_class)->finalize (object);
}

static void
dou_metrics_routes_class_init (DouMetricsRoutesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_metrics_routes_finalize;
}

static void
dou_metrics_routes_init (DouMetricsRoutes *self)
{
  self->allowed = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * dou_metrics_routes_new:
 * @config: says who may see them
 * @error: return location for %DOU_CONFIG_ERROR_BAD_VALUE
 *
 * Returns: (transfer full): the route's data, or %NULL
 */
DouMetricsRoutes *
dou_metrics_routes_new (DouConfig *config, GError **error)
{
  g_autoptr (DouMetricsRoutes) self = g_object_new (DOU_TYPE_METRICS_ROUTES, NULL);
  const char *const *allowed = dou_config_get_list (config, DOU_CONFIG_METRICS_ALLOW);

  for (; *allowed != NULL; allowed++)
    {
      GInetAddressMask *mask = g_inet_address_mask_new_from_string (*allowed, NULL);

      if (mask == NULL)
        {
          g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE,
                       "[%s] %s = %s: expected an address or a block such as 10.0.0.0/8",
                       dou_config_key_get_group (DOU_CONFIG_METRICS_ALLOW),
                       dou_config_key_get_name (DOU_CONFIG_METRICS_ALLOW), *allowed);
          return NULL;
        }
      g_ptr_array_add (self->allowed, mask);
    }

  self->path = g_build_filename (dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR),
                                 DOU_PATHS_METRICS, NULL);
  return g_steal_pointer (&self);
}

static gboolean
dou_metrics_routes_allows (DouMetricsRoutes *self, DouRequest *request)
{
  SoupMessageHeaders *headers
      = dou_request_get_headers (request);
  g_autoptr (GInetAddress) client = dou_request_get_client_address (request);

  if (client == NULL)
    return FALSE;
  if (g_inet_address_get_is_loopback (client)
      && soup_message_headers_get_one (headers, "X-Forwarded-For") != NULL)
    return FALSE;

  for (guint i = 0; i < self->allowed->len; i++)
    if (g_inet_address_mask_matches (g_ptr_array_index (self->allowed, i), client))
      return TRUE;

  return FALSE;
}

static void
metrics_handler (DouRequest *request, gpointer user_data)
{
  DouMetricsRoutes *self = user_data;
  const DouMetricsPage *page = NULL;
  g_autoptr (GBytes) body = NULL;
  char *text;

  if (!dou_metrics_routes_allows (self, request))
    {
      dou_request_reply_status (request, DOU_STATUS_NOT_FOUND);
      return;
    }

  page = dou_metrics_map (self->path, NULL);
  if (page == NULL)
    {
      dou_request_reply_status (request, DOU_STATUS_UNAVAILABLE);
      return;
    }

  text = dou_metrics_format (page);
  dou_metrics_unmap (page);
  body = g_bytes_new_take (text, strlen (text));
  dou_request_reply_bytes (request, SOUP_STATUS_OK, DOU_METRICS_CONTENT_TYPE, body);
}

static const DouRoute routes[] = {
  { "/metrics", DOU_METHOD_GET | DOU_METHOD_HEAD, metrics_handler },
};

/**
 * dou_metrics_routes_add:
 * @self: who may see it; outlives @router
 * @router: takes the route
 */
void
dou_metrics_routes_add (DouMetricsRoutes *self, DouRouter *router)
{
  g_return_if_fail (DOU_IS_METRICS_ROUTES (self));

  dou_router_add (router, routes, G_N_ELEMENTS (routes), self);
}
