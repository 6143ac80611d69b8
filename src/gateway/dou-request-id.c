/* SPDX-License-Identifier: Apache-2.0 */

/* The id by which a request is found in the logs of all processes, and which its answer carries back as
 * X-Request-Id. Whoever is in front of the server may have given it one already.
 *
 * An id is made for every request, on the hottest path there is: a counter, scrambled so that ids of
 * different processes do not look alike, and no allocation. It is no secret.
 */

#include "config.h"

#include <string.h>

#include "gateway/dou-request-id.h"

/* Characters of an id that is taken from a client: a UUID, or the span and trace of others. */
#define MAX_LENGTH 64

/**
 * dou_request_id_is_sane:
 * @text: (nullable): what a client calls its request
 *
 * Returns: whether it is short, and of letters, digits, dots, underscores and hyphens: good for a header
 *   and a line of a log
 */
gboolean
dou_request_id_is_sane (const char *text)
{
  gsize length = 0;

  if (text == NULL)
    return FALSE;

  for (; text[length] != '\0'; length++)
    if (length == MAX_LENGTH
        || !(g_ascii_isalnum (text[length]) || strchr ("._-", text[length]) != NULL))
      return FALSE;

  return length > 0;
}

/* SplitMix64 (Steele, Lea, Flood 2014): one-to-one, so ids of a process do not repeat. */
static guint64
scramble (guint64 number)
{
  number = (number ^ (number >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  number = (number ^ (number >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return number ^ (number >> 31);
}

/**
 * dou_request_id_mint:
 * @id: (out caller-allocates): becomes 16 hexadecimal digits
 *
 * Called in one thread only.
 */
void
dou_request_id_mint (char id[DOU_REQUEST_ID_LENGTH + 1])
{
  static const char digits[] = "0123456789abcdef";
  static guint64 state;
  guint64 number;

  if (state == 0)
    state = (guint64) g_random_int () << 32 | g_random_int ();

  number = scramble (state++);
  for (gsize i = 0; i < DOU_REQUEST_ID_LENGTH; i++, number <<= 4)
    id[i] = digits[number >> 60];
  id[DOU_REQUEST_ID_LENGTH] = '\0';
}
