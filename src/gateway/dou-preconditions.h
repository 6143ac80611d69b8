/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouValidators:
 * @etag: a strong entity tag, with its quotation marks
 * @mtime: time of the last change, in seconds since 1970
 *
 * What tells one version of a file from another.
 */
typedef struct
{
  const char *etag;
  gint64 mtime;
} DouValidators;

gboolean dou_preconditions_is_unmodified (const char *if_none_match,
                                          const char *if_modified_since,
                                          const DouValidators *validators);
gboolean dou_preconditions_allow_range (const char *if_range, const DouValidators *validators);

G_END_DECLS
