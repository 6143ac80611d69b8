/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *dou_paths_get_program (const char *name);
char *dou_paths_get_locale_dir (void);

G_END_DECLS
