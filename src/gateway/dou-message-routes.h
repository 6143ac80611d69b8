/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"
#include "gateway/dou-router.h"

G_BEGIN_DECLS

/* The position of `friends` among the values of messages-from. */
#define DOU_MESSAGES_FROM_FRIENDS 1

void dou_message_routes_add (DouRouter *router, DouContext *context);

G_END_DECLS
