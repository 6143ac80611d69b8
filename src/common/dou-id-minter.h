/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-clock.h"

G_BEGIN_DECLS

/* 2023-01-01T00:00:00Z in milliseconds: ids count from here. */
#define DOU_ID_EPOCH G_GINT64_CONSTANT (1672531200000)
/* Ids stay below 2^53, since JavaScript and Go clients hold them as doubles. */
#define DOU_ID_MAX ((G_GINT64_CONSTANT (1) << 53) - 1)
/* The widest node and process number: four bits each. */
#define DOU_ID_MAX_NODE 15
#define DOU_ID_MAX_PROCESS 15

#define DOU_TYPE_ID_MINTER (dou_id_minter_get_type ())
G_DECLARE_FINAL_TYPE (DouIdMinter, dou_id_minter, DOU, ID_MINTER, GObject)

DouIdMinter *dou_id_minter_new (DouClock *clock, guint node, guint process, const char *path,
                                GError **error);
gint64 dou_id_minter_mint (DouIdMinter *self, GError **error);
gint64 dou_id_get_time (gint64 id);
guint dou_id_get_node (gint64 id);

G_END_DECLS
