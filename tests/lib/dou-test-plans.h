/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void dou_test_plans_assert_no_scan (const char *domain, const char *path,
                                    const char *const *exceptions);

G_END_DECLS
