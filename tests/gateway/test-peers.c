/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-peers.h"

#define MAX_EACH 2

static DouPeer *
enter (DouPeers *peers, const char *text)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);

  return dou_peers_enter (peers, address);
}

/* Test that connections of one address count together, those of a network of IPv6 too, and no others'. */
static void
test_count (void)
{
  static const char *const addresses[][3] = {
    { "192.0.2.1", "192.0.2.1", "192.0.2.1" },
    { "2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::3" },
  };
  DouPeers *peers = dou_peers_new (MAX_EACH);
  DouPeer *others[] = { enter (peers, "192.0.2.2"), enter (peers, "2001:db8:1:3::1") };

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      DouPeer *first = enter (peers, addresses[i][0]);
      DouPeer *second = enter (peers, addresses[i][1]);

      g_assert_nonnull (first);
      g_assert_nonnull (second);
      g_assert_null (enter (peers, addresses[i][2]));
      dou_peer_leave (first);
      first = enter (peers, addresses[i][2]);
      g_assert_nonnull (first);
      dou_peer_leave (first);
      dou_peer_leave (second);
    }

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_assert_nonnull (others[i]);
      dou_peer_leave (others[i]);
    }
  dou_peers_free (peers);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/peers/count", test_count);
  return g_test_run ();
}
