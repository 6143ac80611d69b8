/* SPDX-License-Identifier: Apache-2.0 */

/* What travels is a serialized GVariant, as the signals themselves are on the bus: no second description
 * of them is needed, and what comes from another version of the program is seen by its types.
 */

#include "config.h"

#include "common/dou-relay-message.h"

/* The first member, so that a later version may mean something else. */
#define VERSION 1
#define FORMAT "(utta(sv))"

/* What comes before the items, with its padding. GLib 2.74 looks a few bytes beyond less than that when it
 * checks the form. */
#define MIN_SIZE 24

/* More than a sender puts into one, several times over. */
#define MAX_SIZE (16 * 1024 * 1024)

/* Little-endian, whatever the machine is. */
static GVariant *
fix_byte_order (GVariant *value)
{
#if G_BYTE_ORDER == G_BIG_ENDIAN
  GVariant *swapped = g_variant_byteswap (value);

  g_variant_unref (value);
  return swapped;
#else
  return value;
#endif
}

/**
 * dou_relay_message_encode:
 * @self: a message
 *
 * Returns: (transfer full): what to send
 */
GBytes *
dou_relay_message_encode (const DouRelayMessage *self)
{
  GVariant *plain = g_variant_ref_sink (
      g_variant_new ("(utt@a(sv))", VERSION, self->origin, self->sequence, self->items));
  g_autoptr (GVariant) value = fix_byte_order (plain);

  return g_variant_get_data_as_bytes (value);
}

/**
 * dou_relay_message_decode:
 * @self: (out): is to be cleared if @bytes were good
 * @bytes: what came, from whomever
 *
 * Returns: whether it is a message of this version
 */
gboolean
dou_relay_message_decode (DouRelayMessage *self, GBytes *bytes)
{
  g_autoptr (GVariant) value = NULL;
  guint32 version;

  if (g_bytes_get_size (bytes) < MIN_SIZE || g_bytes_get_size (bytes) > MAX_SIZE)
    return FALSE;

  value = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (FORMAT), bytes, FALSE));
  value = fix_byte_order (g_steal_pointer (&value));
  if (!g_variant_is_normal_form (value))
    return FALSE;

  g_variant_get_child (value, 0, "u", &version);
  if (version != VERSION)
    return FALSE;

  g_variant_get (value, "(utt@a(sv))", NULL, &self->origin, &self->sequence, &self->items);
  return TRUE;
}

void
dou_relay_message_clear (DouRelayMessage *self)
{
  g_clear_pointer (&self->items, g_variant_unref);
}
