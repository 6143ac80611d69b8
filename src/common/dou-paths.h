/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In the runtime directory: how much everybody has done, shared by the gateways. */
#define DOU_PATHS_RATES "rates"
/* And what all processes measure. */
#define DOU_PATHS_METRICS "metrics"
/* And the words that are not wanted. */
#define DOU_PATHS_WORDS "words"

char *dou_paths_get_program (const char *name);
char *dou_paths_get_locale_dir (void);

G_END_DECLS
