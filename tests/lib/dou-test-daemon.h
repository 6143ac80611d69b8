/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-database-address.h"

G_BEGIN_DECLS

/**
 * DouTestDaemon:
 *
 * A whole DouTok as its users run it: `doutok serve` on a free loopback port, with directories of its
 * own. The program is the installed one if DOUTOK_TEST_BINDIR names its directory, else the one in the
 * build tree.
 */
typedef struct _DouTestDaemon DouTestDaemon;

DouTestDaemon *dou_test_daemon_new (const char *config);
DouTestDaemon *dou_test_daemon_new_beside (DouTestDaemon *neighbour, const char *config);
DouTestDaemon *dou_test_daemon_new_in (const char *directory, const DouDatabaseAddress *database,
                                       const char *config);
void dou_test_daemon_free (DouTestDaemon *self);

void dou_test_daemon_start (DouTestDaemon *self);
void dou_test_daemon_stop (DouTestDaemon *self);
void dou_test_daemon_kill (DouTestDaemon *self);
void dou_test_daemon_kill_bus (DouTestDaemon *self);

char *dou_test_daemon_get_program (void);
const char *dou_test_daemon_get_url (DouTestDaemon *self);
const char *dou_test_daemon_get_config (DouTestDaemon *self);
const char *dou_test_daemon_get_state_dir (DouTestDaemon *self);
const char *dou_test_daemon_get_runtime_dir (DouTestDaemon *self);
void dou_test_daemon_run_sql (DouTestDaemon *self, const char *domain, const char *sql);
GPtrArray *dou_test_daemon_list_media (DouTestDaemon *self);
GDBusConnection *dou_test_daemon_connect_bus (DouTestDaemon *self);
GPid dou_test_daemon_get_pid (DouTestDaemon *self);
GPid dou_test_daemon_get_service_pid (DouTestDaemon *self, const char *bus_name);
gint64 dou_test_daemon_recount (DouTestDaemon *self);
GArray *dou_test_daemon_get_child_pids (DouTestDaemon *self, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestDaemon, dou_test_daemon_free)

G_END_DECLS
