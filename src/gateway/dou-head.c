/* SPDX-License-Identifier: Apache-2.0 */

/* The framing of a request, told from the bytes of its head.
 *
 * libsoup reads heads well enough, but it is generous, and generosity about where a request ends is
 * how requests are smuggled past a proxy that is generous in another way: it takes the last of two
 * Content-Length headers, prefers Transfer-Encoding to either, reads a negative length as 0, passes
 * over a header with a space before its colon, joins folded lines, and takes a bare LF for a line
 * end. What follows a body that it understood differently would then be taken for the next request.
 * So a head is looked at here first, by the grammar of RFC 9112 and nothing beyond it, and libsoup
 * gets only those of which there is one reading. Bodies come with a Content-Length: none of this
 * family's clients sends chunks, and libsoup takes a truncated chunked body for a complete one.
 *
 * Nothing is copied and no table is made; names that matter here are few. */

#include "config.h"

#include <string.h>

#include "gateway/dou-head.h"

/* A length of more digits is beyond every limit. */
#define MAX_LENGTH_DIGITS 18

/* Some bytes of the head. */
typedef struct
{
  const char *data; /* (unowned) */
  gsize length;
} Slice;

/* What has been seen of the headers that count. */
typedef struct
{
  DouHead *head; /* (unowned) */
  gboolean is_http_1_0;
  guint n_hosts;
  guint n_lengths;
} Reader;

/* RFC 9110, section 5.6.2. */
static gboolean
is_token_character (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-.^_`|~", c) != NULL);
}

static gboolean
is_token (Slice slice)
{
  for (gsize i = 0; i < slice.length; i++)
    if (!is_token_character (slice.data[i]))
      return FALSE;

  return slice.length > 0;
}

static gboolean
is_control (char c)
{
  return (guchar) c < 0x20 || c == 0x7f;
}

static gboolean
equals (Slice slice, const char *lower)
{
  return slice.length == strlen (lower)
         && g_ascii_strncasecmp (slice.data, lower, slice.length) == 0;
}

static Slice
strip (Slice slice)
{
  while (slice.length > 0 && (*slice.data == ' ' || *slice.data == '\t'))
    {
      slice.data++;
      slice.length--;
    }
  while (slice.length > 0
         && (slice.data[slice.length - 1] == ' ' || slice.data[slice.length - 1] == '\t'))
    slice.length--;

  return slice;
}

/* What stands before @c, which is taken off too; all of it if there is no @c. */
static Slice
take_until (Slice *rest, char c)
{
  const char *end = memchr (rest->data, c, rest->length);
  Slice taken = { rest->data, end != NULL ? (gsize) (end - rest->data) : rest->length };
  gsize n = MIN (taken.length + 1, rest->length);

  rest->data += n;
  rest->length -= n;
  return taken;
}

/* Without its CRLF. */
static gboolean
take_line (Slice *rest, Slice *line)
{
  gsize before = rest->length;

  *line = take_until (rest, '\n');
  if (line->length == before || line->length == 0 || line->data[line->length - 1] != '\r')
    return FALSE;

  line->length--;
  return TRUE;
}

static gboolean
read_request_line (Reader *self, Slice line)
{
  Slice method = take_until (&line, ' ');
  Slice target = take_until (&line, ' ');

  if (!is_token (method) || target.length == 0)
    return FALSE;
  for (gsize i = 0; i < target.length; i++)
    if (is_control (target.data[i]))
      return FALSE;
  if (*target.data != '/' && memmem (target.data, target.length, "://", strlen ("://")) == NULL)
    return FALSE;
  if (line.length != strlen ("HTTP/1.1") || strncmp (line.data, "HTTP/1.", strlen ("HTTP/1.")) != 0)
    return FALSE;

  self->is_http_1_0 = line.data[line.length - 1] == '0';
  return self->is_http_1_0 || line.data[line.length - 1] == '1';
}

static gboolean
read_content_length (Reader *self, Slice value)
{
  if (value.length == 0 || value.length > MAX_LENGTH_DIGITS || self->n_lengths++ > 0)
    return FALSE;

  for (gsize i = 0; i < value.length; i++)
    {
      if (!g_ascii_isdigit (value.data[i]))
        return FALSE;
      self->head->content_length
          = self->head->content_length * 10 + (guint64) (value.data[i] - '0');
    }

  return TRUE;
}

static void
read_connection (Reader *self, Slice value)
{
  while (value.length > 0)
    if (equals (strip (take_until (&value, ',')), "close"))
      self->head->keep_alive = FALSE;
}

static gboolean
read_header (Reader *self, Slice line)
{
  Slice value = line;
  Slice name = take_until (&value, ':');

  if (name.length == line.length || !is_token (name))
    return FALSE;
  value = strip (value);
  for (gsize i = 0; i < value.length; i++)
    if (is_control (value.data[i]) && value.data[i] != '\t')
      return FALSE;

  switch (g_ascii_tolower (*name.data))
    {
    case 'c':
      if (equals (name, "content-length"))
        return read_content_length (self, value);
      if (equals (name, "connection"))
        read_connection (self, value);
      return TRUE;
    case 'e':
      if (equals (name, "expect"))
        self->head->expects_continue = equals (value, "100-continue");
      return TRUE;
    case 'h':
      return !equals (name, "host") || self->n_hosts++ == 0;
    case 't':
      return !equals (name, "transfer-encoding");
    default:
      return TRUE;
    }
}

/**
 * dou_head_find_end:
 * @data: what arrived of a request, or of several
 * @length: bytes of @data
 * @seen: how many of them a former call has looked at in vain
 *
 * Looks for the empty line as libsoup does, so that both agree on where a head ends also if it is
 * bad.
 *
 * Returns: length of the head with its empty line, or 0 if it is not complete
 */
gsize
dou_head_find_end (const char *data, gsize length, gsize seen)
{
  gsize from = seen > strlen ("\n\r") ? seen - strlen ("\n\r") : 0;
  const char *p = data + from;
  const char *end = data + length;

  while ((p = memchr (p, '\n', (gsize) (end - p))) != NULL)
    {
      p++;
      if (end - p >= 1 && p[0] == '\n')
        return (gsize) (p - data) + 1;
      if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
        return (gsize) (p - data) + 2;
    }

  return 0;
}

/**
 * dou_head_parse:
 * @self: (out caller-allocates): the framing
 * @data: a head, from the first byte of the request line to the empty line
 * @length: bytes of @data
 *
 * Returns: whether the head is well-formed, and can be read in one way only
 */
gboolean
dou_head_parse (DouHead *self, const char *data, gsize length)
{
  Slice rest = { data, length };
  Reader reader = { self, FALSE, 0, 0 };
  Slice line;

  self->content_length = 0;
  self->keep_alive = TRUE;
  self->expects_continue = FALSE;

  if (!take_line (&rest, &line) || !read_request_line (&reader, line))
    return FALSE;

  do
    if (!take_line (&rest, &line) || (line.length > 0 && !read_header (&reader, line)))
      return FALSE;
  while (line.length > 0);

  if (rest.length > 0)
    return FALSE;
  if (reader.is_http_1_0)
    {
      self->keep_alive = FALSE;
      self->expects_continue = FALSE;
    }

  return reader.is_http_1_0 || reader.n_hosts == 1;
}
