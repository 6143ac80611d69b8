/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define DOU_COPY_N_DOMAINS 4

/* Their names, in the order in which they are copied. */
extern const char *const dou_copy_domains[DOU_COPY_N_DOMAINS];

/**
 * DouCopyTable:
 * @domain: index of its domain
 * @name: as SQLite has it
 * @title: for people: `DOMAIN.NAME`
 * @columns: (element-type utf8): as SQLite has them
 * @is_seeded: whether a migration puts rows into it, which give way
 * @is_sequenced: whether its keys count upwards, and none is used twice
 *
 * A table of any engine, by the names that it has on SQLite.
 */
typedef struct
{
  guint domain;
  char *name;
  char *title;
  GPtrArray *columns;
  gboolean is_seeded;
  gboolean is_sequenced;
} DouCopyTable;

/**
 * DouCopyPlan:
 * @tables: (element-type DouCopyTable): all there are, parents before children
 * @versions: of the schemas, of each domain
 *
 * What there is to copy.
 */
typedef struct
{
  GPtrArray *tables;
  guint versions[DOU_COPY_N_DOMAINS];
} DouCopyPlan;

DouCopyPlan *dou_copy_plan_new (GError **error);
void dou_copy_plan_free (DouCopyPlan *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouCopyPlan, dou_copy_plan_free)

G_END_DECLS
