/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

void dou_video_page_reply (DouContext *context, DouRequest *request, gint64 viewer, gint64 owner,
                           DouBackendMethod method, GVariant *item);

G_END_DECLS
