/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "common/dou-status.h"

G_BEGIN_DECLS

/**
 * DouMultipartParser:
 *
 * Reads multipart/form-data as it arrives, in pieces of any size, without keeping more than a
 * delimiter's length. libsoup's own reader wants the whole body in memory or a client's message, hence
 * this one.
 */
typedef struct _DouMultipartParser DouMultipartParser;

/**
 * DouMultipartHandler:
 * @begin: a part begins; @filename is %NULL for a plain field
 * @data: some bytes of the part's content
 * @end: the part is complete
 *
 * What happens to the parts. Anything but %DOU_STATUS_OK ends the parsing with that status.
 */
typedef struct
{
  DouStatus (*begin) (const char *name, const char *filename, gpointer user_data);
  DouStatus (*data) (const guint8 *data, gsize length, gpointer user_data);
  DouStatus (*end) (gpointer user_data);
} DouMultipartHandler;

DouMultipartParser *dou_multipart_parser_new (const char *content_type,
                                              const DouMultipartHandler *handler,
                                              gpointer user_data);
DouStatus dou_multipart_parser_feed (DouMultipartParser *self, const guint8 *data, gsize length);
DouStatus dou_multipart_parser_finish (DouMultipartParser *self);
void dou_multipart_parser_free (DouMultipartParser *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouMultipartParser, dou_multipart_parser_free)

G_END_DECLS
