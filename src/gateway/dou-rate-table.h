/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"

G_BEGIN_DECLS

/* What a secret has. */
#define DOU_RATE_SECRET_BYTES 16

/**
 * DouRateCharge:
 * @key: of a bucket
 * @n: tokens that were taken from it; less than 0 if they were given back
 *
 * What has been counted somewhere.
 */
typedef struct
{
  guint64 key;
  gint32 n;
} DouRateCharge;

/**
 * DouRateTable:
 *
 * Token buckets in memory that all gateways of a machine share.
 */
#define DOU_TYPE_RATE_TABLE (dou_rate_table_get_type ())
G_DECLARE_FINAL_TYPE (DouRateTable, dou_rate_table, DOU, RATE_TABLE, GObject)

DouRateTable *dou_rate_table_new (const char *path, GError **error);
DouRateTable *dou_rate_table_new_shared (const char *path, const guint8 *secret, GError **error);

guint64
dou_rate_table_get_key (DouRateTable *self, guint kind, gconstpointer subject, gsize length);
gint64 dou_rate_table_take (DouRateTable *self, guint64 key, const DouRate *rate, gint64 now);
void dou_rate_table_give_back (DouRateTable *self, guint64 key, const DouRate *rate);

guint dou_rate_table_get_kind (guint64 key);
guint dou_rate_table_collect (DouRateTable *self, DouRateCharge *charges, guint max_charges);
void dou_rate_table_charge (DouRateTable *self, const DouRateCharge *charge, const DouRate *rate,
                            gint64 now);

G_END_DECLS
