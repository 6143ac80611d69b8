/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gunixfdlist.h>

#include "common/dou-service.h"
#include "lib/dou-test-bus.h"

G_BEGIN_DECLS

DouService *dou_test_service_new (DouTestBus *bus);
void dou_test_service_await (GDBusConnection *peer, const char *bus_name);
GVariant *dou_test_service_call (GDBusConnection *peer, const char *bus_name, const char *interface, const char *method,
                                 GVariant *arguments, GUnixFDList *files, GError **error);
void dou_test_service_assert_reply (GVariant *reply, const GError *error, const char *expected);
void dou_test_service_assert_error (const GError *error, const char *name);

G_END_DECLS
