/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DOU_SANDBOX_ABSENT:
 *
 * This kernel does not have the layer, which is not an error.
 */
#define DOU_SANDBOX_ABSENT 0

int dou_sandbox_landlock_get_abi (GError **error);
gboolean dou_sandbox_landlock_enter (int input_fd, const char *output, GError **error);

G_END_DECLS
