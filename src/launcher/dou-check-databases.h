/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launcher/dou-domain.h"
#include "common/dou-config.h"

G_BEGIN_DECLS

/**
 * DouCheckDatabaseFunc:
 * @domain: whose database
 * @description: (nullable): what it is, such as `SQLite 3.40.1, schema 1`; %NULL if it does not open
 * @error: (nullable): then, why
 * @user_data: of the caller
 */
typedef void (*DouCheckDatabaseFunc) (const DouDomain *domain, const char *description,
                                      const GError *error, gpointer user_data);

gboolean dou_check_databases (DouReaper *reaper, DouConfig *config, DouCheckDatabaseFunc func,
                              gpointer user_data, GError **error);

G_END_DECLS
