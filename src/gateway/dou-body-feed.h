/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouBodyFeed:
 * @length: bytes of the body
 * @want: the client has taken all that there was: the next piece is to come, now or later
 * @drop: nobody wants any more, since all has come, the client is gone or the body was broken off; called
 *   once
 * @data: for both
 *
 * Where a body comes from that is not there yet, piece by piece, so that no more of it is in memory than a
 * client can take.
 */
typedef struct
{
  guint64 length;
  void (*want) (gpointer data);
  void (*drop) (gpointer data);
  gpointer data;
} DouBodyFeed;

G_END_DECLS
