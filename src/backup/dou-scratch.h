/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouScratch:
 *
 * A directory below $TMPDIR that is gone when this process is, however that ends.
 */
typedef struct _DouScratch DouScratch;

DouScratch *dou_scratch_new (const char *template, GError **error);
void dou_scratch_free (DouScratch *self);
const char *dou_scratch_get_path (DouScratch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouScratch, dou_scratch_free)

G_END_DECLS
