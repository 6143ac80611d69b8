/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-peers.h"

/* Bytes of an IPv6 address that count, as for rates: who has one of them has the whole network of the rest. */
#define IPV6_PREFIX 8

struct _DouPeers
{
  GHashTable *peers; /* (owned) (element-type GInetAddress DouPeer) those with connections */
  guint max;
};

struct _DouPeer
{
  DouPeers *peers;       /* (unowned) */
  GInetAddress *address; /* (owned) */
  guint n;               /* connections */
};

static gsize
get_n_counted (GInetAddress *address)
{
  return g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 ? IPV6_PREFIX
                                                                     : g_inet_address_get_native_size (address);
}

static guint
hash_address (gconstpointer address)
{
  GInetAddress *self = (GInetAddress *) address;
  const guint8 *bytes = g_inet_address_to_bytes (self);
  guint hash = 5381;

  for (gsize i = 0; i < get_n_counted (self); i++)
    hash = hash * 33 + bytes[i];

  return hash;
}

static gboolean
equal_addresses (gconstpointer a, gconstpointer b)
{
  GInetAddress *left = (GInetAddress *) a;
  GInetAddress *right = (GInetAddress *) b;

  return g_inet_address_get_family (left) == g_inet_address_get_family (right)
         && memcmp (g_inet_address_to_bytes (left), g_inet_address_to_bytes (right), get_n_counted (left)) == 0;
}

/**
 * dou_peers_new:
 * @max: the most connections that one address may have, or one network of IPv6
 *
 * Returns: (transfer full): peers, none so far
 */
DouPeers *
dou_peers_new (guint max)
{
  DouPeers *self = g_new0 (DouPeers, 1);

  self->peers = g_hash_table_new (hash_address, equal_addresses);
  self->max = max;
  return self;
}

/**
 * dou_peers_free:
 * @self: peers that have all left
 */
void
dou_peers_free (DouPeers *self)
{
  g_assert (g_hash_table_size (self->peers) == 0);
  g_hash_table_unref (self->peers);
  g_free (self);
}

/**
 * dou_peers_enter:
 * @self: peers
 * @address: of a new connection
 *
 * Returns: (transfer full) (nullable): what dou_peer_leave() takes when the connection is closed;
 *   %NULL if @address has as many as it may
 */
DouPeer *
dou_peers_enter (DouPeers *self, GInetAddress *address)
{
  DouPeer *peer = g_hash_table_lookup (self->peers, address);

  if (peer == NULL)
    {
      peer = g_new0 (DouPeer, 1);
      peer->peers = self;
      peer->address = g_object_ref (address);
      g_hash_table_insert (self->peers, peer->address, peer);
    }

  if (peer->n == self->max)
    return NULL;

  peer->n++;
  return peer;
}

/**
 * dou_peer_leave:
 * @peer: (transfer full): of one connection, which is closed
 */
void
dou_peer_leave (DouPeer *peer)
{
  if (--peer->n > 0)
    return;

  g_hash_table_remove (peer->peers->peers, peer->address);
  g_object_unref (peer->address);
  g_free (peer);
}
