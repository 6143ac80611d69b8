/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouTlsTunnelFuncs:
 * @opened: the client has shaken hands; @fd is (transfer full) the plain end, which does not block
 * @ended: nothing is left of it; the tunnel may be freed here, not before
 *
 * What becomes of a tunnel. One that could not be opened only ends.
 */
typedef struct
{
  void (*opened) (int fd, gpointer user_data);
  void (*ended) (gpointer user_data);
} DouTlsTunnelFuncs;

/**
 * DouTlsTunnel:
 *
 * One client that speaks TLS, and a socket pair on whose other end everybody else hears it speak
 * plainly.
 */
typedef struct _DouTlsTunnel DouTlsTunnel;

DouTlsTunnel *dou_tls_tunnel_new (int fd,
                                  GTlsCertificate *certificate,
                                  guint timeout,
                                  const DouTlsTunnelFuncs *funcs,
                                  gpointer user_data,
                                  GError **error);
void dou_tls_tunnel_abort (DouTlsTunnel *self);
void dou_tls_tunnel_free (DouTlsTunnel *self);

G_END_DECLS
