/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * DouHeadReader:
 *
 * libsoup's server as a function: the bytes of a complete head in, a message out.
 */
#define DOU_TYPE_HEAD_READER (dou_head_reader_get_type ())
G_DECLARE_FINAL_TYPE (DouHeadReader, dou_head_reader, DOU, HEAD_READER, GObject)

DouHeadReader *dou_head_reader_new (void);
SoupServerMessage *dou_head_reader_read (DouHeadReader *self,
                                         const char *head,
                                         gsize length,
                                         GSocketAddress *local,
                                         GSocketAddress *remote);

G_END_DECLS
