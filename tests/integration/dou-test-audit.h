/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "integration/dou-test-writers.h"

G_BEGIN_DECLS

void dou_test_audit (DouTestDaemon *server, DouTestWriters *writers);

G_END_DECLS
