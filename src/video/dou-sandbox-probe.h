/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

int dou_sandbox_probe (void);

G_END_DECLS
