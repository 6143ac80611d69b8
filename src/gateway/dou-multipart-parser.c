/* SPDX-License-Identifier: Apache-2.0 */

/* multipart/form-data as a push parser.
 *
 * libsoup's SoupMultipart wants the whole body in memory, and its input stream belongs to a
 * client's message; an upload of a GiB allows neither. What libsoup does well is still left to it:
 * the lines of a part's header and the parameters of Content-Disposition.
 *
 * Content ends at CRLF "--" boundary. A boundary has no CR in it, so a CR occurs in this delimiter
 * only as its first byte. That makes a delimiter that is split over pieces simple: the only place
 * in which one can have begun is the last CR, and when the bytes that follow do not match, nothing
 * that was held back can be the beginning of another. What is held back equals the delimiter, so it
 * is never copied, only counted.
 *
 * RFC 2046 would end content at any line that begins with the boundary. Here the line must also go
 * on as a delimiter does (white space, CRLF or "--"): else a file that happens to hold
 * "--boundaryX" would be cut off. A bare LF is not a line end: no client sends it, and content is
 * full of it.
 *
 * The CRLF before the first delimiter is not sent when there is no preamble; it counts as seen. */

#include "config.h"

#include <string.h>

#include <libsoup/soup.h>

#include "gateway/dou-multipart-parser.h"

#define MEDIA_TYPE "multipart/form-data"
/* RFC 2046, section 5.1.1. */
#define MAX_BOUNDARY 70
#define BOUNDARY_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "'()+_,-./:=? "

/**
 * State:
 * @STATE_CONTENT: in the preamble, or in a part's content
 * @STATE_DELIMITER: after a boundary that may yet turn out to be content
 * @STATE_PADDING: in the white space after a boundary
 * @STATE_HEAD: in a part's header
 * @STATE_EPILOGUE: after the last boundary
 */
typedef enum
{
  STATE_CONTENT,
  STATE_DELIMITER,
  STATE_PADDING,
  STATE_HEAD,
  STATE_EPILOGUE,
} State;

struct _DouMultipartParser
{
  const DouMultipartHandler *handler; /* (unowned) */
  gpointer user_data;                 /* (unowned) */
  char *delimiter;                    /* (owned) with its CRLF and hyphens */
  gsize delimiter_length;
  State state;
  DouStatus status; /* the first failure */
  gboolean in_part; /* content is a part's, not the preamble */
  guint n_parts;
  gsize matched; /* bytes of the delimiter at the end of what was fed */
  char held;     /* a '-' or CR after the boundary whose successor decides, or NUL */
  gsize head_length;
  char head[DOU_MULTIPART_MAX_HEAD];
};

static char *
get_boundary (const char *content_type)
{
  GHashTable *params;
  g_autofree char *boundary = NULL;
  gsize length;

  if (content_type == NULL
      || g_ascii_strncasecmp (content_type, MEDIA_TYPE, strlen (MEDIA_TYPE)) != 0)
    return NULL;

  params = soup_header_parse_semi_param_list_strict (content_type);
  if (params == NULL)
    return NULL;
  if (g_hash_table_contains (params, MEDIA_TYPE))
    boundary = g_strdup (g_hash_table_lookup (params, "boundary"));
  soup_header_free_param_list (params);

  length = boundary != NULL ? strlen (boundary) : 0;
  if (length < 1 || length > MAX_BOUNDARY || boundary[length - 1] == ' '
      || strspn (boundary, BOUNDARY_CHARACTERS) != length)
    return NULL;

  return g_steal_pointer (&boundary);
}

/**
 * dou_multipart_parser_new:
 * @content_type: (nullable): the request's Content-Type
 * @handler: what happens to the parts; outlives the parser
 * @user_data: for @handler
 *
 * Returns: (transfer full) (nullable): a parser, or %NULL if @content_type is not
 *   multipart/form-data with a valid boundary
 */
DouMultipartParser *
dou_multipart_parser_new (const char *content_type,
                          const DouMultipartHandler *handler,
                          gpointer user_data)
{
  g_autofree char *boundary = get_boundary (content_type);
  DouMultipartParser *self;

  g_return_val_if_fail (handler != NULL, NULL);

  if (boundary == NULL)
    return NULL;

  self = g_new0 (DouMultipartParser, 1);
  self->handler = handler;
  self->user_data = user_data;
  self->delimiter = g_strconcat ("\r\n--", boundary, NULL);
  self->delimiter_length = strlen (self->delimiter);
  self->state = STATE_CONTENT;
  self->matched = strlen ("\r\n");
  return self;
}

void
dou_multipart_parser_free (DouMultipartParser *self)
{
  g_free (self->delimiter);
  g_free (self);
}

static void
dou_multipart_parser_fail (DouMultipartParser *self)
{
  self->status = DOU_STATUS_BAD_REQUEST;
}

static void
dou_multipart_parser_emit (DouMultipartParser *self, const void *data, gsize length)
{
  if (self->in_part && length > 0 && self->status == DOU_STATUS_OK)
    self->status = self->handler->data (data, length, self->user_data);
}

/* Goes on with a delimiter that a former piece began. */
static gsize
dou_multipart_parser_match (DouMultipartParser *self, const guint8 *data, gsize length)
{
  gsize limit = MIN (length, self->delimiter_length - self->matched);
  gsize same = 0;

  while (same < limit && data[same] == (guint8) self->delimiter[self->matched + same])
    same++;
  self->matched += same;

  if (self->matched == self->delimiter_length)
    self->state = STATE_DELIMITER;
  else if (same < length)
    {
      dou_multipart_parser_emit (self, self->delimiter, self->matched);
      self->matched = 0;
    }

  return same;
}

static gsize
dou_multipart_parser_read_content (DouMultipartParser *self, const guint8 *data, gsize length)
{
  const guint8 *found;
  gsize tail;

  if (self->matched > 0)
    return dou_multipart_parser_match (self, data, length);

  found = memmem (data, length, self->delimiter, self->delimiter_length);
  if (found != NULL)
    {
      dou_multipart_parser_emit (self, data, found - data);
      self->state = STATE_DELIMITER;
      return found - data + self->delimiter_length;
    }

  tail = MIN (length, self->delimiter_length - 1);
  found = memrchr (data + length - tail, '\r', tail);
  if (found != NULL)
    {
      tail = data + length - found;
      if (memcmp (found, self->delimiter, tail) == 0)
        self->matched = tail;
    }
  dou_multipart_parser_emit (self, data, length - self->matched);
  return length;
}

static void
dou_multipart_parser_end_part (DouMultipartParser *self)
{
  if (self->in_part)
    self->status = self->handler->end (self->user_data);
  self->in_part = FALSE;
}

static void
dou_multipart_parser_begin_head (DouMultipartParser *self)
{
  if (self->status != DOU_STATUS_OK)
    return;
  if (++self->n_parts > DOU_MULTIPART_MAX_PARTS)
    {
      dou_multipart_parser_fail (self);
      return;
    }

  /* The CRLF that ends the delimiter's line: with it a header without a line ends in an empty one
   * too, and soup_headers_parse() has the first line that it skips. */
  memcpy (self->head, "\r\n", 2);
  self->head_length = 2;
  self->matched = 0;
  self->held = '\0';
  self->state = STATE_HEAD;
}

/* The boundary was only content that looks like it. */
static void
dou_multipart_parser_resume_content (DouMultipartParser *self)
{
  dou_multipart_parser_emit (self, self->delimiter, self->delimiter_length);
  if (self->held == '-')
    dou_multipart_parser_emit (self, "-", 1);
  self->matched = self->held == '\r' ? 1 : 0;
  self->held = '\0';
  self->state = STATE_CONTENT;
}

static gsize
dou_multipart_parser_read_delimiter (DouMultipartParser *self, char c)
{
  if (self->held == '\0' && (c == '-' || c == '\r'))
    self->held = c;
  else if (self->held == '\0' && (c == ' ' || c == '\t'))
    {
      dou_multipart_parser_end_part (self);
      self->state = STATE_PADDING;
    }
  else if (self->held == '-' && c == '-')
    {
      dou_multipart_parser_end_part (self);
      self->state = STATE_EPILOGUE;
    }
  else if (self->held == '\r' && c == '\n')
    {
      dou_multipart_parser_end_part (self);
      dou_multipart_parser_begin_head (self);
    }
  else
    {
      dou_multipart_parser_resume_content (self);
      return 0;
    }

  return 1;
}

static gsize
dou_multipart_parser_read_padding (DouMultipartParser *self, char c)
{
  if (self->held == '\r' && c == '\n')
    dou_multipart_parser_begin_head (self);
  else if (self->held == '\0' && c == '\r')
    self->held = c;
  else if (self->held != '\0' || (c != ' ' && c != '\t'))
    dou_multipart_parser_fail (self);

  return 1;
}

/* HTML says that browsers write a quotation mark, CR and LF in a name as %22, %0D and %0A, and
 * nothing else that way. */
static void
undo_browser_escapes (char *text)
{
  char *out = text;

  for (const char *in = text; *in != '\0'; in++)
    {
      if (g_str_has_prefix (in, "%22") || g_ascii_strncasecmp (in, "%0d", 3) == 0
          || g_ascii_strncasecmp (in, "%0a", 3) == 0)
        {
          *out++ = (char) (g_ascii_xdigit_value (in[1]) << 4 | g_ascii_xdigit_value (in[2]));
          in += 2;
        }
      else
        *out++ = *in;
    }
  *out = '\0';
}

static gboolean
is_identity_encoding (const char *encoding)
{
  return encoding == NULL || g_ascii_strcasecmp (encoding, "binary") == 0
         || g_ascii_strcasecmp (encoding, "8bit") == 0
         || g_ascii_strcasecmp (encoding, "7bit") == 0;
}

static DouStatus
dou_multipart_parser_begin_part (DouMultipartParser *self, GHashTable *params)
{
  g_autofree char *name = g_strdup (g_hash_table_lookup (params, "name"));
  gsize length;

  if (name == NULL)
    return DOU_STATUS_BAD_REQUEST;

  undo_browser_escapes (name);
  length = strlen (name);
  if (length < 1 || length > DOU_MULTIPART_MAX_NAME || !g_utf8_validate (name, length, NULL))
    return DOU_STATUS_BAD_REQUEST;

  self->in_part = TRUE;
  return self->handler->begin (name, g_hash_table_lookup (params, "filename"), self->user_data);
}

/* filename* (which RFC 7578 forbids and a few clients send alone) arrives from libsoup as
 * "filename": it makes a file of the part, as it should. */
static DouStatus
dou_multipart_parser_parse_head (DouMultipartParser *self)
{
  SoupMessageHeaders *headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_MULTIPART);
  g_autofree char *disposition = NULL;
  GHashTable *params = NULL;
  DouStatus status = DOU_STATUS_BAD_REQUEST;

  if (soup_headers_parse (self->head, (int) self->head_length, headers)
      && soup_message_headers_get_content_disposition (headers, &disposition, &params)
      && disposition != NULL && g_ascii_strcasecmp (disposition, "form-data") == 0
      && is_identity_encoding (soup_message_headers_get_one (headers, "Content-Transfer-Encoding")))
    status = dou_multipart_parser_begin_part (self, params);

  if (params != NULL)
    g_hash_table_unref (params);
  soup_message_headers_unref (headers);
  return status;
}

static gsize
dou_multipart_parser_read_head (DouMultipartParser *self, const guint8 *data, gsize length)
{
  gsize before = self->head_length;
  gsize taken = MIN (length, sizeof self->head - before);
  gsize start = before - MIN (before, strlen ("\r\n\r"));
  const char *end;

  memcpy (self->head + before, data, taken);
  self->head_length += taken;

  end = memmem (self->head + start, self->head_length - start, "\r\n\r\n", strlen ("\r\n\r\n"));
  if (end == NULL)
    {
      if (self->head_length == sizeof self->head)
        dou_multipart_parser_fail (self);
      return taken;
    }

  taken = end + strlen ("\r\n\r\n") - self->head - before;
  self->head_length = end + strlen ("\r\n") - self->head;
  self->state = STATE_CONTENT;
  self->status = dou_multipart_parser_parse_head (self);
  return taken;
}

/**
 * dou_multipart_parser_feed:
 * @self: a parser
 * @data: the next piece of the body
 * @length: its bytes
 *
 * Returns: %DOU_STATUS_OK; %DOU_STATUS_BAD_REQUEST if the body is malformed or above a limit; or
 *   what the handler said. Once it is not %DOU_STATUS_OK it stays as it is.
 */
DouStatus
dou_multipart_parser_feed (DouMultipartParser *self, const guint8 *data, gsize length)
{
  while (length > 0 && self->status == DOU_STATUS_OK)
    {
      gsize taken = 0;

      switch (self->state)
        {
        case STATE_CONTENT:
          taken = dou_multipart_parser_read_content (self, data, length);
          break;
        case STATE_DELIMITER:
          taken = dou_multipart_parser_read_delimiter (self, (char) *data);
          break;
        case STATE_PADDING:
          taken = dou_multipart_parser_read_padding (self, (char) *data);
          break;
        case STATE_HEAD:
          taken = dou_multipart_parser_read_head (self, data, length);
          break;
        case STATE_EPILOGUE:
          taken = length;
          break;
        default:
          g_assert_not_reached ();
        }

      data += taken;
      length -= taken;
    }

  return self->status;
}

/**
 * dou_multipart_parser_finish:
 * @self: a parser that was fed the whole body
 *
 * Returns: %DOU_STATUS_OK if the body ended as it should; %DOU_STATUS_BAD_REQUEST if the last
 *   boundary did not come, which is how a truncated body is noticed
 */
DouStatus
dou_multipart_parser_finish (DouMultipartParser *self)
{
  if (self->status == DOU_STATUS_OK && self->state != STATE_EPILOGUE)
    dou_multipart_parser_fail (self);

  return self->status;
}
