/* SPDX-License-Identifier: Apache-2.0 */

/* What everybody may read (names, titles, comments, signatures) passes here on its way to the services:
 * they are four, and each text has one gateway that it comes through. Messages do not; they are between two.
 *
 * The words are a copy that the launcher has checked and put into the runtime directory, so that all
 * gateways have the same, also one that is started while somebody edits the file. A new copy takes the place of
 * the former at once; so looking whether it is another one before each text (a microsecond) is enough for a
 * reload to hold from the moment it was made, and nobody has to be told.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <sys/stat.h>

#include "common/dou-paths.h"
#include "common/dou-words.h"
#include "gateway/dou-word-filter.h"

struct _DouWordFilter
{
  GObject parent_instance;

  char *path;         /* (owned) (nullable) of the copy, if there are words */
  gboolean masks;     /* or else refuses */
  DouWords *words;    /* (owned) (nullable) */
  struct stat status; /* of the copy that was read last */
};

G_DEFINE_FINAL_TYPE (DouWordFilter, dou_word_filter, G_TYPE_OBJECT)

static void
dou_word_filter_finalize (GObject *object)
{
  DouWordFilter *self = DOU_WORD_FILTER (object);

  g_clear_pointer (&self->words, dou_words_free);
  g_free (self->path);

  G_OBJECT_CLASS (dou_word_filter_parent_class)->finalize (object);
}

static void
dou_word_filter_class_init (DouWordFilterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_word_filter_finalize;
}

static void
dou_word_filter_init (DouWordFilter *self)
{
}

static gboolean
is_same (const struct stat *a, const struct stat *b)
{
  return a->st_ino == b->st_ino && a->st_size == b->st_size
         && a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static gboolean
dou_word_filter_load (DouWordFilter *self, GError **error)
{
  DouWords *words = dou_words_load (self->path, NULL, error);

  if (words == NULL)
    return FALSE;

  g_clear_pointer (&self->words, dou_words_free);
  self->words = words;
  return TRUE;
}

/* A copy that cannot be read is not looked at again; the words that are known go on to hold. */
static void
dou_word_filter_catch_up (DouWordFilter *self)
{
  g_autoptr (GError) error = NULL;
  struct stat status;

  if (self->path == NULL || stat (self->path, &status) != 0 || is_same (&status, &self->status))
    return;

  self->status = status;
  if (dou_word_filter_load (self, &error))
    g_info ("%u words are not wanted", dou_words_get_count (self->words));
  else
    g_warning ("%s", error->message);
}

/**
 * dou_word_filter_new:
 * @config: the merged configuration
 * @error: return location for %DOU_STATUS_BAD_PARAMETER
 *
 * Returns: (transfer full): a filter with the words that the launcher has put into the runtime directory;
 *   one that lets everything pass if none are configured
 */
DouWordFilter *
dou_word_filter_new (DouConfig *config, GError **error)
{
  g_autoptr (DouWordFilter) self = g_object_new (DOU_TYPE_WORD_FILTER, NULL);

  self->masks = g_str_equal (dou_config_get_string (config, DOU_CONFIG_WORDS_ACTION), "mask");
  if (*dou_config_get_string (config, DOU_CONFIG_WORDS_FILE) == '\0')
    return g_steal_pointer (&self);

  self->path = g_build_filename (dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR),
                                 DOU_PATHS_WORDS, NULL);
  /* Before it is read: what takes its place meanwhile is noticed then. */
  if (stat (self->path, &self->status) != 0)
    self->status = (struct stat){ 0 };
  return dou_word_filter_load (self, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * dou_word_filter_check:
 * @self: a filter
 * @text: valid UTF-8 that must not be changed: a name, which somebody will log in with
 *
 * Returns: %DOU_STATUS_OK, or %DOU_STATUS_WORD_REFUSED if there is an unwanted word in @text
 */
DouStatus
dou_word_filter_check (DouWordFilter *self, const char *text)
{
  dou_word_filter_catch_up (self);
  return self->words != NULL && dou_words_find (self->words, text) ? DOU_STATUS_WORD_REFUSED
                                                                    : DOU_STATUS_OK;
}

/**
 * dou_word_filter_apply:
 * @self: a filter
 * @text: (inout) (transfer full): valid UTF-8; masked on return, if that is what is configured
 *
 * Returns: %DOU_STATUS_OK, or %DOU_STATUS_WORD_REFUSED if it is to be refused
 */
DouStatus
dou_word_filter_apply (DouWordFilter *self, char **text)
{
  char *masked;

  if (!self->masks)
    return dou_word_filter_check (self, *text);

  dou_word_filter_catch_up (self);
  masked = self->words != NULL ? dou_words_mask (self->words, *text) : NULL;
  if (masked != NULL)
    {
      g_free (*text);
      *text = masked;
    }
  return DOU_STATUS_OK;
}
