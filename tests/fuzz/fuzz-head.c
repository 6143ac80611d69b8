/* SPDX-License-Identifier: Apache-2.0 */

/* A head that passes must mean the same to libsoup: the same length of the body and no other
 * framing. */

#include "config.h"

#include <libsoup/soup.h>

#include "fuzz/fuzz.h"
#include "gateway/dou-head.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  gsize length = dou_head_find_end (text, size, 0);
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  g_autofree char *copy = NULL;
  DouHead head;

  g_assert_cmpuint (length, <=, size);
  if (length == 0 || !dou_head_parse (&head, text, length))
    return 0;

  copy = g_strndup (text, length - 2);
  if (soup_headers_parse_request (copy, (int) length - 2, headers, NULL, NULL, NULL)
      != SOUP_STATUS_OK)
    return 0;

  g_assert_cmpuint (head.content_length, ==, soup_message_headers_get_content_length (headers));
  g_assert_cmpint (soup_message_headers_get_encoding (headers), !=, SOUP_ENCODING_CHUNKED);
  g_assert_cmpint (soup_message_headers_get_encoding (headers), !=, SOUP_ENCODING_UNRECOGNIZED);
  return 0;
}
