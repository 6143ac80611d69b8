/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database-address.h"

G_BEGIN_DECLS

void dou_test_plans_assert_no_scan (const char *domain, const DouDatabaseAddress *address,
                                    const char *const *exceptions);

G_END_DECLS
