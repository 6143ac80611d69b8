/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-service.h"
#include "fuzz/fuzz.h"

/* For targets that are D-Bus objects: calls with arguments of the right types and any values. */

const char *fuzz_dbus_get_directory (void);
DouService *fuzz_dbus_get_service (void);
void fuzz_dbus_export (GDBusInterfaceSkeleton *skeleton);
void fuzz_dbus_call (GDBusInterfaceSkeleton *skeleton, const uint8_t *data, size_t size);
