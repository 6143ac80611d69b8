/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "common/dou-status.h"

G_BEGIN_DECLS

/* Parts of one body: far more than any form of the contract, far fewer than would cost anything. */
#define DOU_MULTIPART_MAX_PARTS 64
/* Bytes of one part's header, its empty line included. */
#define DOU_MULTIPART_MAX_HEAD 8192
/* Bytes of a part's name. */
#define DOU_MULTIPART_MAX_NAME 256

/**
 * DouMultipartParser:
 *
 * Reads multipart/form-data (RFC 7578) as it arrives, in pieces of any size. It keeps one part's
 * header at most; content is handed on from the piece it came in.
 */
typedef struct _DouMultipartParser DouMultipartParser;

/**
 * DouMultipartHandler:
 * @begin: a part begins. @name is valid UTF-8 of 1 to %DOU_MULTIPART_MAX_NAME bytes; @filename is
 *   %NULL for a plain field, else what the client says, in any encoding: never a path to open
 * @data: some bytes of the part's content, at least one
 * @end: the part is complete
 *
 * What happens to the parts. Anything but %DOU_STATUS_OK ends the parsing with that status, after
 * which nothing is called any more. Content arrives before it is known whether the body is
 * complete: only dou_multipart_parser_finish() tells that.
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
