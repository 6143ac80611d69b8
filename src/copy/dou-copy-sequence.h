/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "copy/dou-copy-end.h"

G_BEGIN_DECLS

gboolean dou_copy_sequence_get (DouCopyEnd *end, guint index, gint64 *next, GError **error);
gboolean dou_copy_sequence_set (DouCopyEnd *end, guint index, gint64 next, GError **error);

G_END_DECLS
