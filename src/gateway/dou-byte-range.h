/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouByteRange:
 * @DOU_BYTE_RANGE_WHOLE: answer as if there were no Range header (200)
 * @DOU_BYTE_RANGE_PART: answer with one part (206)
 * @DOU_BYTE_RANGE_UNSATISFIABLE: there is nothing at that place (416)
 */
typedef enum
{
  DOU_BYTE_RANGE_WHOLE,
  DOU_BYTE_RANGE_PART,
  DOU_BYTE_RANGE_UNSATISFIABLE,
} DouByteRange;

DouByteRange dou_byte_range_parse (const char *header,
                                   guint64 size,
                                   guint64 *offset,
                                   guint64 *length);

G_END_DECLS
