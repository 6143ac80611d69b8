/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouWebsocketLimits:
 * @ping_interval: seconds between two pings
 * @patience: milliseconds without a sign of life after which a client is taken for dead
 * @max_queue: bytes that may wait for a client to take them
 */
typedef struct
{
  guint ping_interval;
  gint64 patience;
  gsize max_queue;
} DouWebsocketLimits;

/**
 * DouWebsocketSession:
 *
 * One WebSocket. Everything of it happens in the thread that made it.
 */
typedef struct _DouWebsocketSession DouWebsocketSession;

/**
 * DouWebsocketSessionFuncs:
 * @received: a text has come
 * @closed: it is over; the session may be freed
 *
 * What happens to a session.
 */
typedef struct
{
  void (*received) (DouWebsocketSession *session, const char *text, gsize length,
                    gpointer user_data);
  void (*closed) (DouWebsocketSession *session, gpointer user_data);
} DouWebsocketSessionFuncs;

DouWebsocketSession *dou_websocket_session_new (int fd, const DouWebsocketLimits *limits,
                                                const DouWebsocketSessionFuncs *funcs,
                                                gpointer user_data, GError **error);
void dou_websocket_session_free (DouWebsocketSession *self);

gboolean dou_websocket_session_is_open (DouWebsocketSession *self);

void dou_websocket_session_send (DouWebsocketSession *self, GBytes *text);
void dou_websocket_session_close (DouWebsocketSession *self, gushort code, const char *reason);
void dou_websocket_session_check (DouWebsocketSession *self, gint64 now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouWebsocketSession, dou_websocket_session_free)

G_END_DECLS
