/* SPDX-License-Identifier: Apache-2.0 */

/* How every answer begins, `{"status_code":0,"status_msg":"…"`, for each status in each language,
 * made once at start: what gettext does for each string would otherwise be done for each request,
 * and per request it could not be done at all, since its language belongs to the process.
 *
 * A bare Debian has the locales C and C.UTF-8 and no others, and gettext translates nothing in the
 * locale C. In C.UTF-8 it does what LANGUAGE says, whether a locale of that language is installed
 * or not. So this thread goes to C.UTF-8 for the time being (uselocale), and LANGUAGE is set for
 * each language in turn. gettext remembers what it found; raising _nl_msg_cat_cntr, as its manual
 * says, makes it look again. */

#include "config.h"

#include <libintl.h>
#include <locale.h>
#include <string.h>

#include "common/dou-json-writer.h"
#include "common/dou-paths.h"
#include "gateway/dou-status-messages.h"

/* Of the C library, for exactly this purpose. */
extern int _nl_msg_cat_cntr;

typedef struct
{
  char *text; /* (owned) */
  gsize length;
} Opening;

static Opening openings[DOU_N_LANGUAGES][DOU_N_STATUSES];

static char *
make_opening (const DouStatusInfo *info, const char *message, gsize *length)
{
  DouJsonWriter writer;

  dou_json_writer_init (&writer, 128);
  dou_json_writer_begin_object (&writer);
  dou_json_writer_name (&writer, "status_code");
  dou_json_writer_int64 (&writer, info->status_code);
  dou_json_writer_name (&writer, "status_msg");
  dou_json_writer_string (&writer, message);
  return dou_json_writer_steal (&writer, length);
}

static void
fill (DouLanguage language, const char *gettext_language)
{
  g_setenv ("LANGUAGE", gettext_language, TRUE);
  _nl_msg_cat_cntr++;

  for (guint status = 0; status < DOU_N_STATUSES; status++)
    {
      const DouStatusInfo *info = dou_status_get_info ((DouStatus) status);
      Opening *opening = &openings[language][status];

      opening->text
          = make_opening (info, dgettext (GETTEXT_PACKAGE, info->message), &opening->length);
    }
}

/**
 * dou_status_messages_init:
 *
 * Makes the table, once. To be called before there are threads, since it changes the environment
 * for a moment. Without the locale C.UTF-8 or the compiled translations, all texts are English.
 */
void
dou_status_messages_init (void)
{
  g_autofree char *locale_dir = dou_paths_get_locale_dir ();
  g_autofree char *language = g_strdup (g_getenv ("LANGUAGE"));
  locale_t utf8;
  locale_t former = (locale_t) 0;

  if (openings[0][0].text != NULL)
    return;

  bindtextdomain (GETTEXT_PACKAGE, locale_dir);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");

  utf8 = newlocale (LC_ALL_MASK, "C.UTF-8", (locale_t) 0);
  if (utf8 != (locale_t) 0)
    former = uselocale (utf8);

  fill (DOU_LANGUAGE_ZH_CN, "zh_CN");
  fill (DOU_LANGUAGE_EN, "en");

  if (utf8 != (locale_t) 0)
    {
      uselocale (former);
      freelocale (utf8);
    }
  if (language != NULL)
    g_setenv ("LANGUAGE", language, TRUE);
  else
    g_unsetenv ("LANGUAGE");
  _nl_msg_cat_cntr++;
}

/**
 * dou_status_messages_get_opening:
 * @status: what became of a request, possibly one that a newer service sent
 * @language: of its client
 * @length: (out): bytes
 *
 * Returns: (transfer none): a JSON object with status_code and status_msg, to which members can be
 * added and which is to be closed
 */
const char *
dou_status_messages_get_opening (DouStatus status, DouLanguage language, gsize *length)
{
  const Opening *opening;

  g_return_val_if_fail (language < DOU_N_LANGUAGES, NULL);

  if ((guint) status >= DOU_N_STATUSES)
    status = DOU_STATUS_INTERNAL;

  opening = &openings[language][status];
  g_assert (opening->text != NULL);
  *length = opening->length;
  return opening->text;
}
