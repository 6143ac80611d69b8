/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-push.h"

G_BEGIN_DECLS

/* What dou-push.c and dou-push-command.c share, and nobody else sees. */

void dou_push_command (DouContext *context, DouWebsocketHub *hub, const DouWebsocketText *text);

G_END_DECLS
