/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-status.h"
#include "gateway/dou-language.h"

G_BEGIN_DECLS

void dou_status_messages_init (void);
const char *dou_status_messages_get_opening (DouStatus status, DouLanguage language, gsize *length);

G_END_DECLS
