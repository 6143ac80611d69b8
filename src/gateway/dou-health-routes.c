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

/* One /readyz. */
typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
} Check;

/* A node that does not hear the others goes on serving, so that a load balancer is to keep it. */
static void
reply_ready (Check *check)
{
  const char *trouble = dou_watch_get_trouble (check->context->watch);
  g_auto (DouJsonWriter) writer = { 0 };

  if (trouble == NULL)
    {
      dou_request_reply_status (check->request, DOU_STATUS_OK);
      return;
    }

  dou_request_begin_reply (check->request, DOU_STATUS_OK, &writer);
  dou_json_writer_name (&writer, "degraded");
  dou_json_writer_string (&writer, trouble);
  dou_request_end_reply (check->request, DOU_STATUS_OK, &writer);
}

static void
ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Check *check = user_data;
  g_autoptr (DouRequest) request = check->request;
  g_autoptr (GError) error = NULL;

  if (dou_readiness_check_finish (result, &error))
    reply_ready (check);
  else
    dou_request_reply_status (request, DOU_STATUS_UNAVAILABLE);
}

/* The services answer, too: what a load balancer needs to know. */
static void
ready_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;
  Check *check = g_new (Check, 1);

  *check = (Check){ context, g_object_ref (request) };
  dou_readiness_check_async (context->backend, dou_request_get_cancellable (request), ready_cb, check);
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
