/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

/**
 * DouOwnedListFunc:
 * @ids: (array length=n_ids): of the page; good until the function returns
 * @n_ids: how many
 * @next: where the next page begins; 0 = nowhere
 * @error: (nullable): why there is no page; then all else is 0
 * @user_data: of dou_owned_list_load()
 *
 * Goes on with the request for a list.
 */
typedef void (*DouOwnedListFunc) (const gint64 *ids, gsize n_ids, gint64 next, const GError *error,
                                  gpointer user_data);

void dou_owned_list_load (DouContext *context, DouRequest *request, gint64 viewer, gint64 owner,
                          DouBackendMethod method, GVariant *item, DouOwnedListFunc func, gpointer user_data);

G_END_DECLS
