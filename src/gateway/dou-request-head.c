/* SPDX-License-Identifier: Apache-2.0 */

/* A head, read by libsoup's parser for headers and GLib's for URIs. Which of them are refused is what libsoup's
 * server refuses, too.
 *
 * Rejected: libsoup's server itself, given a stream with the head in it. A connection, a message and their
 * signals, made for each request and taken apart again, were a third of the gateway's CPU time. */

#include "config.h"

#include <string.h>

#include "gateway/dou-request-head.h"

/* What libsoup reads URIs with; that each client wrote them is why nothing is relaxed. */
#define URI_FLAGS \
  (G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY | G_URI_FLAGS_ENCODED_FRAGMENT \
   | G_URI_FLAGS_SCHEME_NORMALIZE)
/* The empty line, which the parser of headers does not want. */
#define END_LENGTH 2
/* Instead of a host, of which a client of HTTP/1.0 need not tell. */
#define NO_HOST "0.0.0.0"

static GUri *
parse_target (const char *target, const char *host, SoupHTTPVersion version)
{
  g_autofree char *whole = NULL;

  if (host == NULL && version == SOUP_HTTP_1_0)
    host = NO_HOST;

  if (*target == '/' && host != NULL)
    whole = g_strconcat ("http://", host, target, NULL);
  else if (g_str_equal (target, "*") && host != NULL)
    whole = g_strconcat ("http://", host, "/", NULL);

  return g_uri_parse (whole != NULL ? whole : target, URI_FLAGS, NULL);
}

static gboolean
is_valid_target (GUri *uri)
{
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;

  return host != NULL && *host != '\0' && g_str_equal (g_uri_get_scheme (uri), "http");
}

/**
 * dou_request_head_parse:
 * @data: a request line and headers, with the empty line, of which dou_head_parse() has found no fault
 * @length: bytes of it
 * @remote: the client's end of the connection
 *
 * Returns: (transfer full) (nullable): the head, or %NULL if it is malformed
 */
DouRequestHead *
dou_request_head_parse (const char *data, gsize length, GSocketAddress *remote)
{
  g_autoptr (DouRequestHead) self = g_new0 (DouRequestHead, 1);
  g_autofree char *target = NULL;
  SoupHTTPVersion version;
  const char *host;

  if (length <= END_LENGTH || memcmp (data + length - END_LENGTH, "\r\n", END_LENGTH) != 0)
    return NULL;

  self->remote = g_object_ref (remote);
  self->headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  if (soup_headers_parse_request (data, (int) (length - END_LENGTH), self->headers, &self->method, &target, &version)
      != SOUP_STATUS_OK)
    return NULL;

  host = soup_message_headers_get_one (self->headers, "Host");
  if (host != NULL && strchr (host, '/') != NULL)
    return NULL;

  self->uri = parse_target (target, host, version);
  return is_valid_target (self->uri) ? g_steal_pointer (&self) : NULL;
}

void
dou_request_head_free (DouRequestHead *self)
{
  g_free (self->method);
  g_clear_pointer (&self->uri, g_uri_unref);
  g_clear_pointer (&self->headers, soup_message_headers_unref);
  g_clear_object (&self->remote);
  g_free (self);
}
