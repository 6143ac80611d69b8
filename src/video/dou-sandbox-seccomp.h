/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean dou_sandbox_seccomp_exists (void);
gboolean dou_sandbox_seccomp_enter (GError **error);

G_END_DECLS
