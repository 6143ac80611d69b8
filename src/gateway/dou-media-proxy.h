/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-object-store.h"
#include "gateway/dou-request.h"

G_BEGIN_DECLS

DouStatus dou_media_proxy_get_status (const GError *error);
void dou_media_proxy_start (DouRequest *request, DouObjectStore *store, const char *name,
                            guint http_code, const char *content_type, guint64 offset,
                            guint64 length, GDestroyNotify ended, gpointer user_data);

G_END_DECLS
