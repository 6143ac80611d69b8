/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How the servers of dou-test-engine.h are set up and started. */

char *dou_test_server_files_write_input (const char *engine, const char *directory,
                                         const char *password);
char **dou_test_server_files_get_set_up_command (const char *engine, const char *directory,
                                                 const char *input);
char **dou_test_server_files_get_command (const char *engine, const char *directory);
char *dou_test_server_files_get_host (const char *engine, const char *directory);
gboolean dou_test_server_files_is_ready (const char *engine, const char *directory);
void dou_test_server_files_clean (const char *engine, const char *directory);

G_END_DECLS
