/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void dou_wait_result_cb (GObject *source, GAsyncResult *result, gpointer user_data);
GAsyncResult *dou_wait_for_result (GAsyncResult **result);

G_END_DECLS
