/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-clock.h"
#include "common/dou-database.h"

G_BEGIN_DECLS

/* Seconds between two runs. */
#define DOU_RETENTION_INTERVAL 3600

/**
 * DouRetentionRule:
 * @what: is kept: a label of the metric
 * @statement: removes some of the rows from before a time: its parameter is `[time]`, in milliseconds
 *   since 1970
 * @keep: for how long rows are kept, in milliseconds
 *
 * What is not kept for ever.
 */
typedef struct
{
  const char *what;
  const char *statement;
  gint64 keep;
} DouRetentionRule;

/**
 * DouRetention:
 *
 * Removes from a database what is old enough, at once and then every hour, whether anybody writes or not.
 */
#define DOU_TYPE_RETENTION (dou_retention_get_type ())
G_DECLARE_FINAL_TYPE (DouRetention, dou_retention, DOU, RETENTION, GObject)

DouRetention *dou_retention_new (DouDatabase *database, DouClock *clock,
                                 const DouRetentionRule *rules, guint n_rules);
void dou_retention_run (DouRetention *self);

G_END_DECLS
