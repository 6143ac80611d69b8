/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-config.h"

G_BEGIN_DECLS

/**
 * DouNodeLease:
 *
 * The number of this node, kept from all other nodes as long as this one lives and is heard of.
 */
#define DOU_TYPE_NODE_LEASE (dou_node_lease_get_type ())
G_DECLARE_FINAL_TYPE (DouNodeLease, dou_node_lease, DOU, NODE_LEASE, GObject)

gboolean dou_node_lease_is_wanted (DouConfig *config);
DouNodeLease *dou_node_lease_new (DouConfig *config, const char *state_dir, GError **error);

void dou_node_lease_take_async (DouNodeLease *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_node_lease_take_finish (DouNodeLease *self, GAsyncResult *result, GError **error);
void dou_node_lease_release (DouNodeLease *self);

G_END_DECLS
