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

/**
 * DouCheckCountersFunc:
 * @domain: whose counters
 * @n_wrong: how many were wrong and have been set right; -1 if they could not be counted
 * @error: (nullable): then, why
 * @user_data: of the caller
 */
typedef void (*DouCheckCountersFunc) (const DouDomain *domain, gint64 n_wrong, const GError *error,
                                      gpointer user_data);

/**
 * DouCheckDatabasesFuncs:
 * @database: called for each domain
 * @counters: (nullable): called for each domain that keeps counters, after they were recounted; %NULL
 *   to leave them alone
 * @user_data: for both
 */
typedef struct
{
  DouCheckDatabaseFunc database;
  DouCheckCountersFunc counters;
  gpointer user_data;
} DouCheckDatabasesFuncs;

gboolean dou_check_databases (DouReaper *reaper, DouConfig *config,
                              const DouCheckDatabasesFuncs *funcs, GError **error);

G_END_DECLS
