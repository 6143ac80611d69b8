/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <libsoup/soup.h>

#include "common/dou-config.h"

G_BEGIN_DECLS

/**
 * DouOrigin:
 *
 * What the outside is, seen from a request: the address under which its client reaches this server,
 * and the client's own.
 */
#define DOU_TYPE_ORIGIN (dou_origin_get_type ())
G_DECLARE_FINAL_TYPE (DouOrigin, dou_origin, DOU, ORIGIN, GObject)

DouOrigin *dou_origin_new (DouConfig *config, GError **error);
char *dou_origin_get_url (DouOrigin *self,
                          SoupMessageHeaders *headers,
                          GSocketAddress *peer,
                          gboolean is_secure);
GInetAddress *dou_origin_get_counted_peer (DouOrigin *self, GSocketAddress *peer);
GInetAddress *
dou_origin_get_client (DouOrigin *self, SoupMessageHeaders *headers, GSocketAddress *peer);

G_END_DECLS
