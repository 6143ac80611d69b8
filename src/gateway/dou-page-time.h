/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-request.h"

G_BEGIN_DECLS

gint64 dou_page_time_normalize (DouNumber form, gint64 value, gint64 now);
gint64 dou_page_time_normalize_after (DouNumber form, gint64 value, gint64 now);

G_END_DECLS
