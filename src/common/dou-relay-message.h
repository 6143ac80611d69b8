/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouRelayMessage:
 * @origin: of the process that says it
 * @sequence: of the message among all of @origin, from 1
 * @items: (owned): `a(sv)`, names of signals and what they are about
 *
 * What a service of one node tells those of the others.
 */
typedef struct
{
  guint64 origin;
  guint64 sequence;
  GVariant *items;
} DouRelayMessage;

GBytes *dou_relay_message_encode (const DouRelayMessage *self);
gboolean dou_relay_message_decode (DouRelayMessage *self, GBytes *bytes);
void dou_relay_message_clear (DouRelayMessage *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DouRelayMessage, dou_relay_message_clear)

G_END_DECLS
