/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-status.h"

G_BEGIN_DECLS

/* Exports that are gathered at a time, by all gateways of a machine: each keeps the services and the disk busy. */
#define DOU_EXPORT_LOCK_SLOTS 2

/**
 * DouExportLock:
 *
 * The right to export one user, which nobody else has meanwhile.
 */
typedef struct _DouExportLock DouExportLock;

DouExportLock *dou_export_lock_take (const char *path, gint64 user, DouStatus *status);
void dou_export_lock_end_work (DouExportLock *self);
void dou_export_lock_free (DouExportLock *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouExportLock, dou_export_lock_free)

G_END_DECLS
