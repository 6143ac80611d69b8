/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

/**
 * DouOwnerFunc:
 * @exists: whether there is somebody to whom the list belongs
 * @error: (nullable): why that is not known
 * @user_data: of dou_owner_find()
 *
 * Goes on with the request for a list.
 */
typedef void (*DouOwnerFunc) (gboolean exists, const GError *error, gpointer user_data);

void dou_owner_find (DouContext *context, gint64 viewer, gint64 user, DouOwnerFunc func, gpointer user_data);

G_END_DECLS
