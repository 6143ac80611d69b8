/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <libgda/libgda.h>

#include "common/dou-database.h"

G_BEGIN_DECLS

DouRows *dou_database_model_copy (GdaDataModel *model, const char *name, const char *columns,
                                  GError **cause);

G_END_DECLS
