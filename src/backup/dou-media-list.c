/* SPDX-License-Identifier: Apache-2.0 */

/* The form is that of sha256sum(1), so that `sha256sum -c` understands it in the media directory. */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "backup/dou-media-list.h"
#include "backup/dou-media-tree.h"
#include "common/dou-status.h"

#define HASH_LENGTH 64

GHashTable *
dou_media_list_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

/**
 * dou_media_list_load:
 * @list: takes what is in the file
 * @path: a file of dou_media_list_save(), possibly without its last line's end
 * @error: return location for %DOU_STATUS_BAD_PARAMETER
 *
 * Returns: whether it was such a file
 */
gboolean
dou_media_list_load (GHashTable *list, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  char *line, *next;

  if (!g_file_get_contents (path, &text, NULL, error))
    return FALSE;

  for (line = text; *line != '\0'; line = next)
    {
      char *end = strchrnul (line, '\n');
      const char *name = line + HASH_LENGTH + 2;

      next = *end != '\0' ? end + 1 : end;
      *end = '\0';
      if (end - line <= HASH_LENGTH + 2
          || strspn (line, G_CSET_DIGITS "abcdef") != HASH_LENGTH
          || strncmp (line + HASH_LENGTH, "  ", 2) != 0 || !dou_media_tree_is_name (name))
        {
          g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                       _ ("%s is not a list of checksums"), path);
          return FALSE;
        }

      g_hash_table_insert (list, g_strdup (name), g_strndup (line, HASH_LENGTH));
    }

  return TRUE;
}

/**
 * dou_media_list_save:
 * @list: what to write
 * @path: where
 * @error: return location
 *
 * Returns: whether it is there, whole, for its owner alone
 */
gboolean
dou_media_list_save (GHashTable *list, const char *path, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (list), (GCompareFunc) strcmp);

  for (GList *link = names; link != NULL; link = link->next)
    g_string_append_printf (text, "%s  %s\n",
                            (const char *) g_hash_table_lookup (list, link->data),
                            (const char *) link->data);
  return g_file_set_contents_full (path, text->str, (gssize) text->len,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                   error);
}
