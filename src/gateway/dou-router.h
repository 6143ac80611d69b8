/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-body-sink.h"
#include "gateway/dou-rate-limiter.h"
#include "gateway/dou-request.h"

G_BEGIN_DECLS

/**
 * DouMethods:
 *
 * The methods of a route, as flags. HEAD comes with GET only where it is named.
 */
typedef enum
{
  DOU_METHOD_GET = 1 << 0,
  DOU_METHOD_HEAD = 1 << 1,
  DOU_METHOD_POST = 1 << 2,
} DouMethods;

typedef void (*DouHandler) (DouRequest *request, gpointer user_data);

/**
 * DouGate:
 * @request: a complete request
 * @handler: of its route
 * @user_data: for @handler
 * @gate_data: of the gate
 *
 * Stands before all handlers: calls @handler exactly once, at once or when it knows enough.
 */
typedef void (*DouGate) (DouRequest *request, DouHandler handler, gpointer user_data,
                         gpointer gate_data);

/**
 * DouRoute:
 * @path: without a trailing slash; it is served with and without. Ending in a `*` it is a prefix
 * @methods: what it takes; anything else is answered with 405
 * @handler: called when the request is complete
 * @sink: (nullable): for a body that is streamed
 * @rate_class: what a request counts as, beside any request
 */
typedef struct
{
  const char *path;
  DouMethods methods;
  DouHandler handler;
  const DouBodySinkClass *sink;
  DouRateClass rate_class;
} DouRoute;

/**
 * DouRouter:
 *
 * Finds the route of a path: exact matches in a hash table, then prefixes in the order they were added.
 */
#define DOU_TYPE_ROUTER (dou_router_get_type ())
G_DECLARE_FINAL_TYPE (DouRouter, dou_router, DOU, ROUTER, GObject)

DouRouter *dou_router_new (void);
void dou_router_add (DouRouter *self, const DouRoute *routes, gsize n_routes, gpointer user_data);
DouStatus dou_router_find (DouRouter *self, const char *method, const char *path,
                           const DouRoute **route, gpointer *user_data);
void dou_router_set_gate (DouRouter *self, DouGate gate, gpointer gate_data);
void dou_router_call (DouRouter *self, const DouRoute *route, gpointer user_data,
                      DouRequest *request);
char *dou_router_list (DouRouter *self);
char *dou_router_normalize_path (const char *path);
void dou_methods_append (DouMethods methods, GString *text);

G_END_DECLS
