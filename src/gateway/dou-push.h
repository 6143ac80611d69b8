/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"
#include "gateway/dou-router.h"
#include "gateway/dou-websocket-hub.h"

G_BEGIN_DECLS

/**
 * DouPush:
 *
 * Messages and read receipts over WebSockets, as they happen.
 */
#define DOU_TYPE_PUSH (dou_push_get_type ())
G_DECLARE_FINAL_TYPE (DouPush, dou_push, DOU, PUSH, GObject)

DouPush *dou_push_new (DouContext *context, GDBusConnection *connection, const char *slots_path,
                       GError **error);
void dou_push_add_routes (DouPush *self, DouRouter *router);
void dou_push_close_all (DouPush *self);

G_END_DECLS
