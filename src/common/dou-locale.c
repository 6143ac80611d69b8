/* SPDX-License-Identifier: Apache-2.0 */

/* The language of a program, be it a command or a service that says why it cannot start. A bare Debian has
 * no locales but C and C.UTF-8, so that of the user's language is often not there. gettext translates in
 * C.UTF-8, too, into what LANGUAGE says (dou-status-messages.c has more about that), and people are shown
 * UTF-8 in any case. */

#include "config.h"

#include <libintl.h>
#include <locale.h>
#include <string.h>

#include <glib.h>

#include "common/dou-locale.h"
#include "common/dou-paths.h"

/* What the environment asks for: the first of these that is set, as setlocale(3) has it. */
static const char *
get_wanted_locale (void)
{
  static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      const char *value = g_getenv (variables[i]);

      if (value != NULL && *value != '\0')
        return value;
    }

  return "C";
}

/* Whether an element of LANGUAGE, or the name of a locale, is Chinese of any kind. */
static gboolean
is_chinese (const char *language)
{
  return g_str_has_prefix (language, "zh") && !g_ascii_isalpha (language[2]);
}

/* There is one translation into Chinese, but gettext has no way from zh, zh_TW, zh_HK or zh_SG to it: behind
 * each of these it is named as well.
 *
 * @languages: as in LANGUAGE, the most wanted one first
 *
 * Returns: (transfer full) */
static char *
add_translations (const char *languages)
{
  g_auto (GStrv) wanted = g_strsplit (languages, ":", -1);
  g_autoptr (GString) all = g_string_new (NULL);

  for (gsize i = 0; wanted[i] != NULL; i++)
    g_string_append_printf (all, "%s%s%s", i > 0 ? ":" : "", wanted[i],
                            is_chinese (wanted[i]) ? ":zh_CN" : "");

  return g_string_free (g_steal_pointer (&all), FALSE);
}

/**
 * dou_locale_set_up:
 *
 * Lets all texts of this process follow the environment: LC_ALL, LC_MESSAGES, LANG and LANGUAGE. To be
 * called first in main(), since it changes the environment.
 */
void
dou_locale_set_up (void)
{
  g_autofree char *directory = dou_paths_get_locale_dir ();
  const char *locale = get_wanted_locale ();
  const char *set = g_getenv ("LANGUAGE");
  g_autofree char *wanted = set != NULL && *set != '\0' ? g_strdup (set)
                                                        : g_strndup (locale, strcspn (locale, ".@"));
  g_autofree char *languages = add_translations (wanted);

  if (setlocale (LC_ALL, "") == NULL)
    setlocale (LC_ALL, "C.UTF-8");
  g_setenv ("LANGUAGE", languages, TRUE);
  if (g_str_equal (setlocale (LC_CTYPE, NULL), "C"))
    setlocale (LC_CTYPE, "C.UTF-8");
  bindtextdomain (GETTEXT_PACKAGE, directory);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}
