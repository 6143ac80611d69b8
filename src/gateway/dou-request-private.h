/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-connection.h"
#include "gateway/dou-origin.h"
#include "gateway/dou-parameters.h"
#include "gateway/dou-responder.h"
#include "gateway/dou-router.h"

G_BEGIN_DECLS

/* What is done with a request by those who read it, and by nobody else. */

DouRequest *dou_request_new (DouConnection *connection,
                             SoupServerMessage *message,
                             DouResponder *responder,
                             DouOrigin *origin);
void dou_request_take_path (DouRequest *self, char *path);
void dou_request_set_route (DouRequest *self, const DouRoute *route, gpointer user_data);
DouParameters *dou_request_get_parameters (DouRequest *self);
void dou_request_handle (DouRequest *self, DouRouter *router);
void dou_request_lose_client (DouRequest *self);

DouStatus dou_request_open_sink (DouRequest *self);
DouStatus dou_request_write_sink (DouRequest *self, const guint8 *data, gsize length);
DouStatus dou_request_close_sink (DouRequest *self);

G_END_DECLS
