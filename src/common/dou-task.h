/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void dou_task_invoke (GTask *task, GSourceFunc func, gpointer data, GDestroyNotify destroy);

G_END_DECLS
