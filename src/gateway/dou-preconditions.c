/* SPDX-License-Identifier: Apache-2.0 */

/* Conditional requests, RFC 9110, section 13, as far as GET and HEAD of an immutable file need
 * them: If-None-Match, If-Modified-Since and If-Range. If-Match and If-Unmodified-Since guard
 * changes, and there are none here. */

#include "config.h"

#include <string.h>

#include <libsoup/soup.h>

#include "gateway/dou-preconditions.h"

static gboolean
parse_date (const char *text, gint64 *seconds)
{
  g_autoptr (GDateTime) date = soup_date_time_new_from_http_string (text);

  if (date == NULL)
    return FALSE;

  *seconds = g_date_time_to_unix (date);
  return TRUE;
}

/* The opaque part of the entity tag at @text, with its quotation marks; @text moves behind it. */
static gboolean
read_entity_tag (const char **text, const char **tag, gsize *length)
{
  const char *begin = *text;
  const char *end;

  if (g_str_has_prefix (begin, "W/"))
    begin += strlen ("W/");
  if (*begin != '"')
    return FALSE;

  end = strchr (begin + 1, '"');
  if (end == NULL)
    return FALSE;

  *tag = begin;
  *length = end + 1 - begin;
  *text = end + 1;
  return TRUE;
}

/* Weak comparison: W/"a" and "a" are the same. A list goes only as far as it is well-formed: not to
 * know a tag costs a transfer, to believe in one that was not meant costs a wrong picture. */
static gboolean
is_in_list (const char *list, const char *etag)
{
  const char *text = list + strspn (list, " \t,");
  const char *tag;
  gsize length;

  if (*text == '*' && text[1 + strspn (text + 1, " \t")] == '\0')
    return TRUE;

  while (read_entity_tag (&text, &tag, &length))
    {
      gsize gap = strspn (text, " \t");

      if (text[gap] != ',' && text[gap] != '\0')
        return FALSE;
      if (length == strlen (etag) && memcmp (tag, etag, length) == 0)
        return TRUE;
      text += strspn (text, " \t,");
    }

  return FALSE;
}

/**
 * dou_preconditions_is_unmodified:
 * @if_none_match: (nullable): the value of If-None-Match
 * @if_modified_since: (nullable): the value of If-Modified-Since, which counts only without the
 *   former
 * @validators: those of the file
 *
 * Returns: whether the client has the file already, so that 304 is the answer
 */
gboolean
dou_preconditions_is_unmodified (const char *if_none_match,
                                 const char *if_modified_since,
                                 const DouValidators *validators)
{
  gint64 since;

  if (if_none_match != NULL)
    return is_in_list (if_none_match, validators->etag);

  return if_modified_since != NULL && parse_date (if_modified_since, &since)
         && validators->mtime <= since;
}

/**
 * dou_preconditions_allow_range:
 * @if_range: (nullable): the value of If-Range
 * @validators: those of the file
 *
 * A tag is compared strongly, a date has to be that of Last-Modified exactly.
 *
 * Returns: whether a Range header counts; else the whole is the answer
 */
gboolean
dou_preconditions_allow_range (const char *if_range, const DouValidators *validators)
{
  gint64 date;

  if (if_range == NULL)
    return TRUE;
  if (strchr (if_range, '"') != NULL)
    return g_str_equal (if_range, validators->etag);

  return parse_date (if_range, &date) && date == validators->mtime;
}
