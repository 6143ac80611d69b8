/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void dou_database_complain (const char *statement, const char *cause);

G_END_DECLS
