/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launcher/dou-reaper.h"

G_BEGIN_DECLS

gboolean dou_programs_check (GError **error);
char *dou_programs_run (DouReaper *reaper, const char *const *argv, guint timeout_ms,
                        gboolean *succeeded, GError **error);

G_END_DECLS
