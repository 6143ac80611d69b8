/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

GVariant *dou_test_records_wait (GAsyncResult **result);

G_END_DECLS
