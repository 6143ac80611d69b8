/* SPDX-License-Identifier: Apache-2.0 */

/* A head that passes must mean the same to libsoup: the same length of the body and no other
 * framing. What is read of it ends with it. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "gateway/dou-head.h"
#include "gateway/dou-request-head.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  gsize length = dou_head_find_end (text, size, 0);
  g_autoptr (GSocketAddress) remote = g_inet_socket_address_new_from_string ("192.0.2.1", 40000);
  g_autoptr (DouRequestHead) head = NULL;
  g_autofree char *copy = NULL;
  DouHead framing;

  g_assert_cmpuint (length, <=, size);
  if (length == 0 || !dou_head_parse (&framing, text, length))
    return 0;

  copy = g_memdup2 (text, length);
  head = dou_request_head_parse (copy, length, remote);
  if (head == NULL)
    return 0;

  g_assert_cmpuint (strlen (head->method), >, 0);
  g_assert_nonnull (g_uri_get_path (head->uri));
  g_assert_cmpuint (framing.content_length, ==, soup_message_headers_get_content_length (head->headers));
  g_assert_cmpint (soup_message_headers_get_encoding (head->headers), !=, SOUP_ENCODING_CHUNKED);
  g_assert_cmpint (soup_message_headers_get_encoding (head->headers), !=, SOUP_ENCODING_UNRECOGNIZED);
  return 0;
}
