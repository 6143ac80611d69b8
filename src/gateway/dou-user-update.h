/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

/* Bytes of a picture that a user sends. */
#define DOU_USER_UPDATE_MAX_PICTURE (5 * 1024 * 1024)

/* The body sink of the route; it leaves other forms than multipart alone. */
extern const DouBodySinkClass dou_user_update_sink_class;

void dou_user_update_handler (DouRequest *request, gpointer user_data);

G_END_DECLS
