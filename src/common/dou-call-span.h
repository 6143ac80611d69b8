/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void dou_call_span_install (GDBusInterfaceSkeletonClass *klass);
void dou_call_span_fail (GDBusMethodInvocation *invocation, const char *complaint);

G_END_DECLS
