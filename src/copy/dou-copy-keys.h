/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "copy/dou-copy-end.h"

G_BEGIN_DECLS

gboolean dou_copy_keys_check_empty (DouCopyEnd *to, gboolean has_own_files, GError **error);
gboolean dou_copy_keys (DouCopyEnd *from, DouCopyEnd *to, GError **error);

G_END_DECLS
