/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef gboolean (*DouTestCondition) (gpointer data);

void dou_test_wait_until (DouTestCondition condition, gpointer data);
void dou_test_wait_result_cb (GObject *source, GAsyncResult *result, gpointer user_data);
GAsyncResult *dou_test_wait_result (GAsyncResult **result);

G_END_DECLS
