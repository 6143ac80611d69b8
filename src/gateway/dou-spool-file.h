/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "common/dou-status.h"

G_BEGIN_DECLS

/**
 * DouSpoolFile:
 *
 * A file without a name, written once from the beginning to the end, in pieces of any size.
 */
typedef struct _DouSpoolFile DouSpoolFile;

DouSpoolFile *dou_spool_file_new (const char *directory, guint64 max_size, DouStatus *status);
DouStatus dou_spool_file_write (DouSpoolFile *self, const guint8 *data, gsize length);
DouStatus dou_spool_file_finish (DouSpoolFile *self);
int dou_spool_file_get_fd (DouSpoolFile *self);
guint64 dou_spool_file_get_size (DouSpoolFile *self);
void dou_spool_file_free (DouSpoolFile *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouSpoolFile, dou_spool_file_free)

G_END_DECLS
