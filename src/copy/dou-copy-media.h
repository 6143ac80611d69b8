/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "copy/dou-copy.h"

G_BEGIN_DECLS

/**
 * DouCopyMedia:
 * @n_files: below media/
 * @size: their bytes
 *
 * Videos and pictures.
 */
typedef struct
{
  guint64 n_files;
  guint64 size;
} DouCopyMedia;

gboolean dou_copy_media_check_empty (const char *state_dir, GError **error);
gboolean dou_copy_media (const char *from_dir, const char *to_dir, DouCopyProgressFunc progress,
                         gpointer user_data, GError **error);
gboolean dou_copy_media_count (const char *state_dir, DouCopyMedia *media, GError **error);

G_END_DECLS
