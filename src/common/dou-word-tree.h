/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouWordTree:
 *
 * Finds any of many words in a text, in one pass over the text. Does not change once made.
 */
typedef struct _DouWordTree DouWordTree;

/**
 * DouWordTreeCursor:
 *
 * Where a search stands. Zero at the beginning of a text.
 */
typedef guint DouWordTreeCursor;

DouWordTree *dou_word_tree_new (const gunichar *const *words, guint n_words);
void dou_word_tree_free (DouWordTree *self);
guint dou_word_tree_step (const DouWordTree *self, DouWordTreeCursor *cursor, gunichar character);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouWordTree, dou_word_tree_free)

G_END_DECLS
