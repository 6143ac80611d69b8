/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-status.h"

G_BEGIN_DECLS

/**
 * DouUserEdit:
 *
 * What is to become of a user's profile. A member that is %NULL stays as it is, an empty one is
 * cleared.
 */
typedef struct
{
  gint64 id;
  DouStatus status;             /* DOU_STATUS_OK, or why nothing of it can be done */
  const char *signature;        /* (unowned) (nullable) */
  const char *avatar;           /* (unowned) (nullable) path below /media/ */
  const char *background_image; /* (unowned) (nullable) path below /media/ */
} DouUserEdit;

void dou_user_edit_set (DouUserEdit *self, const char *member, const char *value);
void dou_user_edit_merge (DouUserEdit *self, const DouUserEdit *later);

G_END_DECLS
