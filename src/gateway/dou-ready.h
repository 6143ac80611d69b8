/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-sheet.h"

G_BEGIN_DECLS

/**
 * DouReady:
 *
 * A sheet that was sent once and may be sent again, as long as what it says is still so.
 */
typedef struct _DouReady DouReady;

DouReady *dou_ready_new (DouSheet *sheet);
void dou_ready_free (DouReady *self);
void dou_ready_add_records (DouReady *self, DouRecord *const *records, gsize n_records,
                            guint facts);
gboolean dou_ready_is_good (DouReady *self, DouCache *cache);
DouSheet *dou_ready_get_sheet (DouReady *self);
gsize dou_ready_get_size (DouReady *self);

const char *dou_ready_make_key (GString *buffer, DouRequest *request);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouReady, dou_ready_free)

G_END_DECLS
