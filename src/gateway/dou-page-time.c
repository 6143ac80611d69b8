/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-page-time.h"

/* Below this a time is meant in seconds: as milliseconds it would lie before April 1973, as seconds it
 * lies beyond the year 5000. */
#define FIRST_MILLISECONDS G_GINT64_CONSTANT (100000000000)

/**
 * dou_page_time_normalize:
 * @form: whether the client sent a number
 * @value: the number
 * @now: Unix time in milliseconds
 *
 * The published interface says seconds, the app sends milliseconds, 0 when it has nothing stored, and
 * sometimes garbage or a far future.
 *
 * Returns: Unix time in milliseconds; 0 for whatever is no time in the past
 */
gint64
dou_page_time_normalize (DouNumber form, gint64 value, gint64 now)
{
  if (form != DOU_NUMBER_VALID || value <= 0)
    return 0;

  if (value < FIRST_MILLISECONDS)
    value *= 1000;

  return value <= now ? value : 0;
}
