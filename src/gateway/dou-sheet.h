/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

/**
 * DouSheet:
 *
 * An answer as a guest gets it, and where in it stands what is different for others.
 */
typedef struct _DouSheet DouSheet;

DouSheet *dou_sheet_new (void);
DouSheet *dou_sheet_ref (DouSheet *self);
void dou_sheet_unref (DouSheet *self);

void dou_sheet_add_author (DouSheet *self, gsize offset, gint64 author);
void dou_sheet_add_user (DouSheet *self, gsize offset, gint64 user);
void dou_sheet_add_favorite (DouSheet *self, gsize offset, gint64 video);
void dou_sheet_add_feeling (DouSheet *self, gsize offset, gint64 comment);
void dou_sheet_take_text (DouSheet *self, DouJsonWriter *writer);
void dou_sheet_trim (DouSheet *self);
void dou_sheet_reply (DouSheet *self, DouContext *context, DouRequest *request, gint64 viewer);
gsize dou_sheet_get_size (DouSheet *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouSheet, dou_sheet_unref)

G_END_DECLS
