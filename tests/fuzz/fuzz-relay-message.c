/* SPDX-License-Identifier: Apache-2.0 */

/* What other nodes say over Redis. What is accepted is the same when it is said again. */

#include "config.h"

#include "common/dou-relay-message.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_auto (DouRelayMessage) message = { 0 };
  g_auto (DouRelayMessage) again = { 0 };
  g_autoptr (GBytes) encoded = NULL;
  g_autofree char *text = NULL;

  if (!dou_relay_message_decode (&message, bytes))
    return 0;

  text = g_variant_print (message.items, TRUE);
  g_assert_true (g_utf8_validate (text, -1, NULL));

  encoded = dou_relay_message_encode (&message);
  g_assert_true (dou_relay_message_decode (&again, encoded));
  g_assert_cmpuint (again.origin, ==, message.origin);
  g_assert_cmpuint (again.sequence, ==, message.sequence);
  g_assert_cmpvariant (again.items, message.items);
  return 0;
}
