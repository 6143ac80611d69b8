/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-json-writer.h"

G_BEGIN_DECLS

void dou_message_json_write (DouJsonWriter *writer, gint64 id, gint64 sender, gint64 receiver,
                             const char *content, gint64 time);

G_END_DECLS
