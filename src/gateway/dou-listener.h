/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouListenerFuncs:
 * @accepted: takes a connected socket that does not block
 * @turned_away: there is no descriptor to keep @fd with; it is closed afterwards
 *
 * What happens to connections.
 */
typedef struct
{
  void (*accepted) (int fd, GSocketAddress *local, gpointer user_data);
  void (*turned_away) (int fd, gpointer user_data);
} DouListenerFuncs;

/**
 * DouListener:
 *
 * Accepts connections from one listening socket.
 */
#define DOU_TYPE_LISTENER (dou_listener_get_type ())
G_DECLARE_FINAL_TYPE (DouListener, dou_listener, DOU, LISTENER, GObject)

DouListener *
dou_listener_new (int fd, const DouListenerFuncs *funcs, gpointer user_data, GError **error);

G_END_DECLS
