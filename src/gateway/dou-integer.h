/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean dou_integer_parse (const char *text, gint64 *value);

G_END_DECLS
