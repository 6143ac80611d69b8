/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean dou_token_keys_ensure (const char *state_dir, GError **error);

G_END_DECLS
