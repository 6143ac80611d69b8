/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *dou_test_dir_new (void);
void dou_test_dir_remove (char *path);
guint dou_test_dir_count_files (const char *path);

G_END_DECLS
