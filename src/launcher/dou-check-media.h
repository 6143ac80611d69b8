/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"

G_BEGIN_DECLS

gboolean dou_check_media (DouConfig *config, char **description, GError **error);

G_END_DECLS
