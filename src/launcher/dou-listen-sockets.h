/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouListenSockets:
 *
 * One address, and a listening socket on it for each gateway.
 */
#define DOU_TYPE_LISTEN_SOCKETS (dou_listen_sockets_get_type ())
G_DECLARE_FINAL_TYPE (DouListenSockets, dou_listen_sockets, DOU, LISTEN_SOCKETS, GObject)

GPtrArray *dou_listen_sockets_open_all (const char *const *addresses, guint n_sockets,
                                        GError **error);

GPtrArray *dou_listen_sockets_take_all (guint n_sockets, GError **error);

int dou_listen_sockets_get_fd (DouListenSockets *self, guint index);
void dou_listen_sockets_set_secure (DouListenSockets *self);
const char *dou_listen_sockets_get_uri (DouListenSockets *self);

G_END_DECLS
