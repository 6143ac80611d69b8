/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"

G_BEGIN_DECLS

/**
 * DouRateTable:
 *
 * Token buckets in memory that all gateways of a machine share.
 */
#define DOU_TYPE_RATE_TABLE (dou_rate_table_get_type ())
G_DECLARE_FINAL_TYPE (DouRateTable, dou_rate_table, DOU, RATE_TABLE, GObject)

DouRateTable *dou_rate_table_new (const char *path, GError **error);

guint64
dou_rate_table_get_key (DouRateTable *self, guint kind, gconstpointer subject, gsize length);
gint64 dou_rate_table_take (DouRateTable *self, guint64 key, const DouRate *rate, gint64 now);
void dou_rate_table_give_back (DouRateTable *self, guint64 key, const DouRate *rate);

G_END_DECLS
