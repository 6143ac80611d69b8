/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouTlsThreadFuncs:
 * @opened: a client has shaken hands; @fd is (transfer full) what it says, in the clear
 * @refused: a client could not shake hands
 * @drained: nothing is on its way to any client, see dou_tls_thread_drain()
 *
 * What is told in the main context in which the thread was made. For each client that was given to
 * the thread one of the first two is called, once, with its own @ticket, unless the thread is freed
 * before.
 */
typedef struct
{
  void (*opened) (int fd, gpointer ticket, gpointer user_data);
  void (*refused) (gpointer ticket, gpointer user_data);
  void (*drained) (gpointer user_data);
} DouTlsThreadFuncs;

/**
 * DouTlsThread:
 *
 * A thread in which clients speak TLS, so that the main loop hears them speak plainly.
 */
typedef struct _DouTlsThread DouTlsThread;

DouTlsThread *dou_tls_thread_new (GTlsCertificate *certificate,
                                  guint timeout,
                                  const DouTlsThreadFuncs *funcs,
                                  gpointer user_data);
void dou_tls_thread_free (DouTlsThread *self);

void dou_tls_thread_take (DouTlsThread *self, int fd, gpointer ticket);
void dou_tls_thread_drain (DouTlsThread *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTlsThread, dou_tls_thread_free)

G_END_DECLS
