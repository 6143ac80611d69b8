/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A file of words may have so many bytes, words, and characters a word: more than the longest lists that
 * people hand on, and a memory of at most 20 MiB in each gateway. */
#define DOU_WORDS_MAX_SIZE (1024 * 1024)
#define DOU_WORDS_MAX_WORDS 50000
#define DOU_WORDS_MAX_LENGTH 64

/**
 * DouWords:
 *
 * Words that are not wanted, as they stand in a file: UTF-8, one a line, `#` begins a comment line. A word is
 * found wherever its characters follow each other, also amid others: Chinese has nothing between words. Case,
 * full-width and other forms of the same character, and characters that cannot be seen make no difference.
 */
typedef struct _DouWords DouWords;

DouWords *dou_words_parse (const char *data, gsize length, GError **error);
DouWords *dou_words_load (const char *path, char **text, GError **error);
void dou_words_free (DouWords *self);
guint dou_words_get_count (DouWords *self);
gboolean dou_words_find (DouWords *self, const char *text);
char *dou_words_mask (DouWords *self, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouWords, dou_words_free)

G_END_DECLS
