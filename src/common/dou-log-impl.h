/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

GDBusInterfaceSkeleton *dou_log_impl_export (GDBusConnection *connection, GError **error);

G_END_DECLS
