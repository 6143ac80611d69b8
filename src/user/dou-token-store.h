/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database-address.h"

G_BEGIN_DECLS

/* The keys that login tokens are signed with, as the nodes of one database share them. */

gboolean dou_token_store_share (const DouDatabaseAddress *address, const char *path, GError **error);

G_END_DECLS
