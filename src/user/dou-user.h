/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouUser:
 *
 * What everybody may know about a user.
 */
typedef struct
{
  gint64 id;
  char *name;             /* (owned) as it was typed, in normal form C */
  char *avatar;           /* (owned) path below /media/, or empty */
  char *background_image; /* (owned) path below /media/, or empty */
  char *signature;        /* (owned) */
  gint64 banned;          /* since when, in milliseconds since 1970; 0 if not */
} DouUser;

void dou_user_free (DouUser *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouUser, dou_user_free)

G_END_DECLS
