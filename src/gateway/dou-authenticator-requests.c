/* SPDX-License-Identifier: Apache-2.0 */

/* What an authenticator does with whole requests. */

#include "config.h"

#include "gateway/dou-authenticator.h"

/* A request whose token cannot be checked yet. */
typedef struct
{
  DouRequest *request; /* (owned) */
  DouHandler handler;
  gpointer user_data; /* (unowned) of the handler */
} Waiting;

static void
prepared_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Waiting *waiting = user_data;
  g_autoptr (DouRequest) request = waiting->request;

  /* If that failed, the handler finds out when it asks who sent the request. */
  dou_authenticator_prepare_finish (DOU_AUTHENTICATOR (source), result, NULL);
  waiting->handler (request, waiting->user_data);
}

/* Guests, and users whom this gateway knows, do not wait. Nothing is looked up in what is remembered
 * before it is as new as the request. */
static void
gate (DouRequest *request, DouHandler handler, gpointer user_data, gpointer gate_data)
{
  DouAuthenticator *self = gate_data;
  const char *token = dou_request_get_token (request);
  Waiting *waiting;

  /* Not before this request came, or its client could be shown what was before a write that the
   * client was told of. */
  dou_authenticator_catch_up (self);
  if (token == NULL || dou_authenticator_can_check (self, token))
    {
      handler (request, user_data);
      return;
    }

  waiting = g_new (Waiting, 1);
  *waiting = (Waiting){ g_object_ref (request), handler, user_data };
  dou_authenticator_prepare_async (self, token, dou_request_get_cancellable (request), prepared_cb,
                                   waiting);
}

/**
 * dou_authenticator_guard:
 * @self: an authenticator; outlives @router
 * @router: a router without a gate
 *
 * From now on handlers of @router are called when it can be told without waiting who sent the
 * request.
 */
void
dou_authenticator_guard (DouAuthenticator *self, DouRouter *router)
{
  g_return_if_fail (DOU_IS_AUTHENTICATOR (self));

  dou_router_set_gate (router, gate, self);
}

/**
 * dou_authenticator_admit:
 * @self: an authenticator
 * @request: a request that guests may make, too
 * @viewer: (out): who made it; 0 for a guest
 *
 * Returns: %DOU_STATUS_OK, or what dou_authenticator_check() says of a token that is not valid
 */
DouStatus
dou_authenticator_admit (DouAuthenticator *self, DouRequest *request, gint64 *viewer)
{
  const char *token = dou_request_get_token (request);
  DouStatus status;

  *viewer = 0;
  if (token == NULL)
    return DOU_STATUS_OK;

  status = dou_authenticator_check (self, token, viewer);
  dou_request_set_user (request, *viewer);
  return status;
}

/**
 * dou_authenticator_require:
 * @self: an authenticator
 * @request: a request that only users may make
 * @viewer: (out): who made it
 *
 * Returns: %DOU_STATUS_OK, %DOU_STATUS_UNAUTHORIZED without a token, or what
 *   dou_authenticator_check() says of one that is not valid
 */
DouStatus
dou_authenticator_require (DouAuthenticator *self, DouRequest *request, gint64 *viewer)
{
  DouStatus status = dou_authenticator_admit (self, request, viewer);

  return status == DOU_STATUS_OK && *viewer == 0 ? DOU_STATUS_UNAUTHORIZED : status;
}
