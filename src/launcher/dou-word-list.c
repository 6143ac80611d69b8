/* SPDX-License-Identifier: Apache-2.0 */

/* The unwanted words on their way from the operator's file to the gateways, which look into the runtime
 * directory only: what is wrong is told to who made it, and never keeps a gateway from starting. */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "common/dou-paths.h"
#include "common/dou-status.h"
#include "common/dou-words.h"
#include "launcher/dou-word-list.h"

/**
 * dou_word_list_publish:
 * @config: the merged configuration, with the runtime directory
 * @n_words: (out) (optional): how many there are
 * @error: return location for %DOU_STATUS_BAD_PARAMETER, which names file and line, or
 *   %DOU_STATUS_NOT_PERMITTED
 *
 * Reads the file of words that the configuration names, and puts a copy where the gateways look. If there
 * is anything wrong with it, the words of before remain.
 *
 * Returns: whether the gateways have them; also if no file is configured
 */
gboolean
dou_word_list_publish (DouConfig *config, guint *n_words, GError **error)
{
  const char *source = dou_config_get_string (config, DOU_CONFIG_WORDS_FILE);
  g_autofree char *path = g_build_filename (dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR),
                                            DOU_PATHS_WORDS, NULL);
  g_autoptr (DouWords) words = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autofree char *text = NULL;

  if (*source == '\0')
    return TRUE;

  words = dou_words_load (source, &text, error);
  if (words == NULL)
    return FALSE;

  /* Readable for all who may enter the directory, which is the server's user: root may have written it.
   * The second call is for a umask. */
  if (!g_file_set_contents_full (path, text, (gssize) strlen (text), G_FILE_SET_CONTENTS_CONSISTENT,
                                 0644, &local_error)
      || g_chmod (path, 0644) != 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, _ ("Cannot write %s: %s"), path,
                   local_error != NULL ? local_error->message : "chmod");
      return FALSE;
    }

  if (n_words != NULL)
    *n_words = dou_words_get_count (words);
  return TRUE;
}
