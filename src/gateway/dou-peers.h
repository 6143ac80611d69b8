/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouPeers:
 *
 * How many connections each address has open.
 */
typedef struct _DouPeers DouPeers;

/**
 * DouPeer:
 *
 * An address that has connections.
 */
typedef struct _DouPeer DouPeer;

DouPeers *dou_peers_new (guint max);
void dou_peers_free (DouPeers *self);
DouPeer *dou_peers_enter (DouPeers *self, GInetAddress *address);
void dou_peer_leave (DouPeer *peer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouPeers, dou_peers_free)

G_END_DECLS
