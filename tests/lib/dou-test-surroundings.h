/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *dou_test_surroundings_get_config (void);

G_END_DECLS
