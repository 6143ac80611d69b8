/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"

G_BEGIN_DECLS

gboolean dou_word_list_publish (DouConfig *config, guint *n_words, GError **error);

G_END_DECLS
