/* SPDX-License-Identifier: Apache-2.0 */

/* The first byte is the size of the pieces, the rest is the body. One piece and many must say the
 * same. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "gateway/dou-multipart-parser.h"

#define CONTENT_TYPE "multipart/form-data; boundary=AaB03x"

static DouStatus
begin_cb (const char *name, const char *filename, gpointer user_data)
{
  GString *said = user_data;

  g_assert_true (g_utf8_validate (name, -1, NULL));
  g_string_append_printf (said, "%s(%s)=", name, filename != NULL ? filename : "");
  return DOU_STATUS_OK;
}

static DouStatus
data_cb (const guint8 *data, gsize length, gpointer user_data)
{
  g_assert_cmpuint (length, >, 0);
  g_string_append_len (user_data, (const char *) data, (gssize) length);
  return DOU_STATUS_OK;
}

static DouStatus
end_cb (gpointer user_data)
{
  g_string_append_c (user_data, ';');
  return DOU_STATUS_OK;
}

static DouStatus
parse (const uint8_t *body, size_t length, size_t piece, GString *said)
{
  static const DouMultipartHandler handler = { begin_cb, data_cb, end_cb };
  g_autoptr (DouMultipartParser) parser = dou_multipart_parser_new (CONTENT_TYPE, &handler, said);

  for (size_t i = 0; i < length; i += piece)
    dou_multipart_parser_feed (parser, body + i, MIN (piece, length - i));

  return dou_multipart_parser_finish (parser);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GString) whole = g_string_new (NULL);
  g_autoptr (GString) split = g_string_new (NULL);
  DouStatus status;

  if (size < 2)
    return 0;

  status = parse (data + 1, size - 1, size - 1, whole);
  g_assert_cmpint (parse (data + 1, size - 1, MAX (data[0], 1), split), ==, status);
  g_assert_cmpmem (whole->str, whole->len, split->str, split->len);
  return 0;
}
