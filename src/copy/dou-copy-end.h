/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"
#include "common/dou-database-transaction.h"
#include "copy/dou-copy-plan.h"
#include "copy/dou-copy-side.h"

G_BEGIN_DECLS

/**
 * DouCopyEnd:
 * @name: what to call it, without secrets
 * @state_dir: where its files are
 * @databases: (element-type DouTransaction): one for each domain, or one for all
 * @sides: (element-type DouCopySide): one for each table of the plan, once they are known
 *
 * What a configuration leads to: an end of a copy.
 */
typedef struct
{
  char *name;
  char *state_dir;
  GPtrArray *databases;
  GPtrArray *sides;
} DouCopyEnd;

DouCopyEnd *dou_copy_end_open (DouConfig *config, gboolean must_exist, GError **error);
void dou_copy_end_free (DouCopyEnd *self);

gboolean dou_copy_end_is_server (DouCopyEnd *self);
DouTransaction *dou_copy_end_get_database (DouCopyEnd *self, guint domain);

gboolean dou_copy_end_check_unused (DouCopyEnd *self, GError **error);
gboolean dou_copy_end_check_versions (DouCopyEnd *self, const DouCopyPlan *plan, GError **error);
gboolean dou_copy_end_migrate (DouCopyEnd *self, const DouCopyPlan *plan, GError **error);
gboolean dou_copy_end_find_tables (DouCopyEnd *self, const DouCopyPlan *plan, guint n_rows,
                                   GError **error);
gboolean dou_copy_end_check_empty (DouCopyEnd *self, DouTransaction *database, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouCopyEnd, dou_copy_end_free)

G_END_DECLS
