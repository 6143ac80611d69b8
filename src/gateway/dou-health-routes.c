/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-health-routes.h"
#include "gateway/dou-readiness.h"

/* This process answers: all that a supervisor of processes needs to know. */
static void
alive_handler (DouRequest *request, gpointer user_data)
{
  dou_request_reply_status (request, DOU_STATUS_OK);
}

static void
ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouRequest) request = user_data;
  g_autoptr (GError) error = NULL;

  if (dou_readiness_check_finish (result, &error))
    dou_request_reply_status (request, DOU_STATUS_OK);
  else
    dou_request_reply_status (request, DOU_STATUS_UNAVAILABLE);
}

/* The services answer, too: what a load balancer needs to know. */
static void
ready_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;

  dou_readiness_check_async (context->backend, dou_request_get_cancellable (request), ready_cb,
                             g_object_ref (request));
}

static const DouRoute routes[] = {
  { "/ping", DOU_METHOD_GET | DOU_METHOD_HEAD, alive_handler },
  { "/healthz", DOU_METHOD_GET | DOU_METHOD_HEAD, alive_handler },
  { "/readyz", DOU_METHOD_GET | DOU_METHOD_HEAD, ready_handler },
};

/**
 * dou_health_routes_add:
 * @router: takes the routes that tell whether the server works
 * @context: what the handlers work with; outlives @router
 */
void
dou_health_routes_add (DouRouter *router, DouContext *context)
{
  dou_router_add (router, routes, G_N_ELEMENTS (routes), context);
}
