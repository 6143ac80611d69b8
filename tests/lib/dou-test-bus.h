/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouTestBus:
 *
 * A real dbus-daemon of this test alone. Everything is allowed on it, so that what is tested is the
 * service and not the bus's policy. It dies with the test, however that ends.
 */
typedef struct _DouTestBus DouTestBus;

DouTestBus *dou_test_bus_new (void);
void dou_test_bus_free (DouTestBus *self);

const char *dou_test_bus_get_address (DouTestBus *self);
GDBusConnection *dou_test_bus_connect (DouTestBus *self);
void dou_test_bus_disconnect (GDBusConnection *connection);
void dou_test_bus_kill (DouTestBus *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestBus, dou_test_bus_free)

G_END_DECLS
