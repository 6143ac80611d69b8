/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-page-time.h"

/* Below this a time is meant in seconds: as milliseconds it would lie before April 1973, as seconds it
 * lies beyond the year 5000. */
#define FIRST_MILLISECONDS G_GINT64_CONSTANT (100000000000)
/* How far ahead, in milliseconds, the time of a message may be: the app marks what it sent itself with the
 * phone's clock, and messages of one moment are spread over the milliseconds that follow. */
#define MAX_AHEAD G_GINT64_CONSTANT (86400000)

static gint64
to_milliseconds (DouNumber form, gint64 value)
{
  if (form != DOU_NUMBER_VALID || value <= 0)
    return 0;

  return value < FIRST_MILLISECONDS ? value * 1000 : value;
}

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
  gint64 time = to_milliseconds (form, value);

  return time <= now ? time : 0;
}

/**
 * dou_page_time_normalize_after:
 * @form: whether the client sent a number
 * @value: the number
 * @now: Unix time in milliseconds
 *
 * The time of the newest message that a client has, to be sent what came after it.
 *
 * Returns: Unix time in milliseconds; 0 for whatever is no time, or far in the future
 */
gint64
dou_page_time_normalize_after (DouNumber form, gint64 value, gint64 now)
{
  gint64 time = to_milliseconds (form, value);

  return time <= now + MAX_AHEAD ? time : 0;
}
