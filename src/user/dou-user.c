/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "user/dou-user.h"

/**
 * dou_user_free:
 * @self: (transfer full) (nullable): a user
 */
void
dou_user_free (DouUser *self)
{
  if (self == NULL)
    return;

  g_free (self->name);
  g_free (self->avatar);
  g_free (self->background_image);
  g_free (self->signature);
  g_free (self);
}
