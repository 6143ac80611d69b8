/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"
#include "common/dou-status.h"

G_BEGIN_DECLS

#define DOU_TYPE_WORD_FILTER (dou_word_filter_get_type ())
G_DECLARE_FINAL_TYPE (DouWordFilter, dou_word_filter, DOU, WORD_FILTER, GObject)

DouWordFilter *dou_word_filter_new (DouConfig *config, GError **error);
DouStatus dou_word_filter_check (DouWordFilter *self, const char *text);
DouStatus dou_word_filter_apply (DouWordFilter *self, char **text);

G_END_DECLS
