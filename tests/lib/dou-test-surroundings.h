/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *dou_test_surroundings_make_bucket (void);
char *dou_test_surroundings_get_config (const char *bucket);
GPtrArray *dou_test_surroundings_list (const char *bucket);
GBytes *dou_test_surroundings_get (const char *bucket, const char *name);
void dou_test_surroundings_remove (const char *bucket, const char *name);

G_END_DECLS
