/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database-address.h"

G_BEGIN_DECLS

/* The database engine that a test program runs on: that of the environment variable
 * DOUTOK_TEST_ENGINE (sqlite, postgresql or mysql; SQLite without it). A server is started when a
 * database is first asked for, one for a program, in a directory of its own, and ends with the
 * program. */

const char *dou_test_engine_get_name (void);
gboolean dou_test_engine_is_server (void);
const char *dou_test_engine_get_title (void);

DouDatabaseAddress *dou_test_engine_create (const char *directory, const char *domain);
void dou_test_engine_remove (DouDatabaseAddress *address);
void dou_test_engine_run (const DouDatabaseAddress *address, const char *sql);
char *dou_test_engine_get_config (const DouDatabaseAddress *address);

void dou_test_engine_signal (int number);
void dou_test_engine_kill (void);
void dou_test_engine_restart (void);

G_END_DECLS
