/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouTestServer:
 *
 * A whole DouTok as its users run it: `doutok serve` on a free loopback port, with directories of its
 * own. The program is the installed one if DOUTOK_TEST_BINDIR names its directory, else the one in the
 * build tree.
 */
typedef struct _DouTestServer DouTestServer;

DouTestServer *dou_test_server_new (const char *config);
void dou_test_server_free (DouTestServer *self);

void dou_test_server_start (DouTestServer *self);
void dou_test_server_stop (DouTestServer *self);
void dou_test_server_kill (DouTestServer *self);

char *dou_test_server_get_program (void);
const char *dou_test_server_get_url (DouTestServer *self);
const char *dou_test_server_get_state_dir (DouTestServer *self);
const char *dou_test_server_get_runtime_dir (DouTestServer *self);
GDBusConnection *dou_test_server_connect_bus (DouTestServer *self);
GPid dou_test_server_get_pid (DouTestServer *self);
GPid dou_test_server_get_service_pid (DouTestServer *self, const char *bus_name);
GArray *dou_test_server_get_child_pids (DouTestServer *self, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestServer, dou_test_server_free)

G_END_DECLS
