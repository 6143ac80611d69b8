/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * DouRequestHead:
 * @method: (owned): as it was sent
 * @uri: (owned): where to; path and query keep their escapes
 * @headers: (owned): as libsoup has them
 * @remote: (owned): the client's end of the connection
 *
 * A request line and its headers.
 */
typedef struct
{
  char *method;
  GUri *uri;
  SoupMessageHeaders *headers;
  GSocketAddress *remote;
} DouRequestHead;

DouRequestHead *dou_request_head_parse (const char *data, gsize length, GSocketAddress *remote);
void dou_request_head_free (DouRequestHead *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouRequestHead, dou_request_head_free)

G_END_DECLS
