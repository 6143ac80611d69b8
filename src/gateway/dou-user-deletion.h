/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

void dou_user_deletion_handler (DouRequest *request, gpointer user_data);

G_END_DECLS
