/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the user service says of a user who is banned: the generation with this in addition. It is more
 * than any generation, so whatever compares generations takes all logins for ended; and when the ban
 * ends, that makes another generation, so news that overtake each other are put in order by
 * DOU_GENERATION_NUMBER() alone. */
#define DOU_GENERATION_BANNED (G_GINT64_CONSTANT (1) << 62)

/* What it says of a user who has just been deleted: as much as any generation can be, so all logins are
 * ended, for good. */
#define DOU_GENERATION_DELETED (DOU_GENERATION_BANNED - 1)

/* -1 for who does not exist. */
#define DOU_GENERATION_NUMBER(generation)                                                          \
  ((generation) < 0 ? (generation) : (generation) & ~DOU_GENERATION_BANNED)
#define DOU_GENERATION_IS_BANNED(generation)                                                       \
  ((generation) >= 0 && ((generation) & DOU_GENERATION_BANNED) != 0)

G_END_DECLS
