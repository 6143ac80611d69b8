/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

DouStatus dou_password_guard_begin (DouContext *context, DouRequest *request, gint64 user);
void dou_password_guard_end (DouContext *context, DouRequest *request, gint64 user,
                             DouStatus status);

G_END_DECLS
