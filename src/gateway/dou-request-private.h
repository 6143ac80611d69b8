/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-trace.h"
#include "gateway/dou-connection.h"
#include "gateway/dou-origin.h"
#include "gateway/dou-parameters.h"
#include "gateway/dou-request-head.h"
#include "gateway/dou-request-id.h"
#include "gateway/dou-responder.h"
#include "gateway/dou-router.h"

G_BEGIN_DECLS

struct _DouRequest
{
  GObject parent_instance;

  DouConnection *connection;  /* (owned) possibly closed */
  DouRequestHead *head;       /* (owned) */
  SoupMessageHeaders *answer_headers; /* (owned) */
  DouResponder *responder;    /* (owned) */
  DouOrigin *origin;          /* (owned) */

  const char *id; /* (unowned) (nullable) once asked for: a header of `head`, or `minted_id` */
  char minted_id[DOU_REQUEST_ID_LENGTH + 1];
  DouSpan *span;         /* (owned) (nullable) until it is answered, if it is to be seen */
  DouTraceContext trace; /* of `span` */
  char *path;            /* (owned) (nullable) */
  const DouRoute *route; /* (unowned) (nullable) */
  gpointer route_data;   /* (unowned) of `route` */
  DouParameters parameters;
  gpointer sink; /* (owned) (nullable) of the route's sink class */

  char *url;                 /* (owned) (nullable) the origin, once asked for */
  GCancellable *cancellable; /* (owned) (nullable) once asked for */
  gint64 begun;              /* monotonic time, in microseconds */
  gint64 user;               /* who sent it, once that was asked; 0 for a guest */
  int status_code;           /* of the envelope of the answer; -1 if it has none */
  guint retry_after;         /* seconds after which the client may try again; 0 = the usual */
  gboolean is_lost;          /* the client is gone */
  gboolean is_answered;
};

/* What is done with a request by those who read it, and by nobody else. */

DouRequest *dou_request_new (DouConnection *connection,
                             DouRequestHead *head,
                             DouResponder *responder,
                             DouOrigin *origin);
void dou_request_take_path (DouRequest *self, char *path);
void dou_request_set_route (DouRequest *self, const DouRoute *route, gpointer user_data);
DouParameters *dou_request_get_parameters (DouRequest *self);
void dou_request_handle (DouRequest *self, DouRouter *router);
void dou_request_lose_client (DouRequest *self);
void dou_request_end_span (DouRequest *self, guint http_code);

DouStatus dou_request_open_sink (DouRequest *self);
DouStatus dou_request_write_sink (DouRequest *self, const guint8 *data, gsize length);
DouStatus dou_request_close_sink (DouRequest *self);

G_END_DECLS
