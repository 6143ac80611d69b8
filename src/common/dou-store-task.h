/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database.h"

G_BEGIN_DECLS

void dou_store_task_write (GTask *task, DouDatabase *database, DouDatabaseFunc func);
void dou_store_task_read (GTask *task, DouDatabase *database, DouDatabaseFunc func);
gpointer dou_store_task_finish (gpointer store, GAsyncResult *result, gpointer source_tag,
                                GError **error);

G_END_DECLS
