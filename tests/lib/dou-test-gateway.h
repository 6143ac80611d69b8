/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>

#include "lib/dou-test-daemon.h"

G_BEGIN_DECLS

/**
 * DouTestGateway:
 *
 * A kept connection to one process of a running server, used by one thread.
 */
typedef struct _DouTestGateway DouTestGateway;

DouTestGateway *dou_test_gateway_new (DouTestDaemon *server);
void dou_test_gateway_free (DouTestGateway *self);
void dou_test_gateway_connect_all (DouTestDaemon *server, DouTestGateway **gateways, guint n);

JsonObject *dou_test_gateway_call (DouTestGateway *self, const char *method, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
gint64 dou_test_gateway_get_status (DouTestGateway *self, const char *method, const char *format,
                                    ...) G_GNUC_PRINTF (3, 4);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestGateway, dou_test_gateway_free)

G_END_DECLS
