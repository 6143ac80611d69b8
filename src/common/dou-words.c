/* SPDX-License-Identifier: Apache-2.0 */

/* Words and texts are compared in a common form: Unicode's NFKC, which makes a full-width letter, a circled
 * one or a ligature the plain one, then folded case. That form may be longer or shorter than the text, and what
 * is found in it must be masked in the text: so a text is folded a piece at a time, a piece being a character
 * with the marks behind it, and each folded character knows which bytes it came from.
 *
 * What cannot be seen (a joiner, a soft hyphen, a direction mark, a variation selector) is not part of the
 * form, or it would take a word apart for this filter and for nobody else.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "common/dou-word-tree.h"
#include "common/dou-words.h"

/* Marks behind one character, more than any script has: GLib takes the square of their number to order
 * them. */
#define MAX_PIECE 32
/* Han characters, which no form changes and of which most texts here consist. */
#define FIRST_HAN 0x4e00
#define LAST_HAN 0x9fff
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct _DouWords
{
  DouWordTree *tree; /* (owned) */
  guint n_words;
};

/* One character of the folded form, and the bytes of the text that it came from. */
typedef struct
{
  gunichar character;
  guint begin;
  guint end;
} Folded;

static gboolean
is_mark (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_SPACING_MARK:
    case G_UNICODE_ENCLOSING_MARK:
    case G_UNICODE_NON_SPACING_MARK:
      return TRUE;
    default:
      /* Vowels and endings of Korean syllables that are written in parts. */
      return c >= 0x1160 && c <= 0x11ff;
    }
}

static gboolean
is_invisible (gunichar c)
{
  return g_unichar_type (c) == G_UNICODE_FORMAT || (c >= 0xfe00 && c <= 0xfe0f)
         || (c >= 0xe0100 && c <= 0xe01ef) || c == 0x034f;
}

static const char *
find_piece_end (const char *piece)
{
  const char *end = g_utf8_next_char (piece);

  for (guint i = 1; i < MAX_PIECE && *end != '\0' && is_mark (g_utf8_get_char (end)); i++)
    end = g_utf8_next_char (end);

  return end;
}

static char *
fold_piece (const char *piece, gssize length)
{
  g_autofree char *composed = g_utf8_normalize (piece, length, G_NORMALIZE_NFKC);
  g_autofree char *folded = g_utf8_casefold (composed, -1);

  /* Folding may take a character apart again. */
  return g_utf8_normalize (folded, -1, G_NORMALIZE_NFKC);
}

static void
append_folded (GArray *all, gunichar character, gsize begin, gsize end)
{
  const Folded folded = { character, (guint) begin, (guint) end };

  if (!is_invisible (character))
    g_array_append_val (all, folded);
}

/* @text: valid UTF-8
 *
 * Returns: (transfer full) (element-type Folded) */
static GArray *
fold (const char *text)
{
  GArray *all = g_array_sized_new (FALSE, FALSE, sizeof (Folded), (guint) strlen (text));

  for (const char *piece = text; *piece != '\0';)
    {
      const char *end = find_piece_end (piece);
      gunichar c = g_utf8_get_char (piece);
      gsize from = (gsize) (piece - text);
      gsize to = (gsize) (end - text);

      if (end - piece == 1)
        append_folded (all, (gunichar) g_ascii_tolower (*piece), from, to);
      else if (c >= FIRST_HAN && c <= LAST_HAN && end == g_utf8_next_char (piece))
        append_folded (all, c, from, to);
      else
        {
          g_autofree char *folded = fold_piece (piece, end - piece);

          for (const char *p = folded; *p != '\0'; p = g_utf8_next_char (p))
            append_folded (all, g_utf8_get_char (p), from, to);
        }

      piece = end;
    }

  return all;
}

static gboolean
is_blank (GArray *folded)
{
  for (guint i = 0; i < folded->len; i++)
    if (!g_unichar_isspace (g_array_index (folded, Folded, i).character))
      return FALSE;

  return TRUE;
}

/* A word as the tree wants it; (nullable) if there is too much or too little of it. */
static gunichar *
make_word (const char *line, GError **error)
{
  g_autoptr (GArray) folded = fold (line);
  gunichar *word;

  if (is_blank (folded) || folded->len > DOU_WORDS_MAX_LENGTH)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("a word has 1 to %d characters that can be seen"), DOU_WORDS_MAX_LENGTH);
      return NULL;
    }

  word = g_new0 (gunichar, folded->len + 1);
  for (guint i = 0; i < folded->len; i++)
    word[i] = g_array_index (folded, Folded, i).character;
  return word;
}

static int
compare_words (gconstpointer a, gconstpointer b)
{
  const gunichar *first = *(const gunichar *const *) a;
  const gunichar *second = *(const gunichar *const *) b;

  while (*first != 0 && *first == *second)
    {
      first++;
      second++;
    }

  return *first < *second ? -1 : *first > *second;
}

/* Sorts the words, and leaves out what is there twice. */
static void
make_unique (GPtrArray *words)
{
  g_ptr_array_sort (words, compare_words);
  for (guint i = words->len; i-- > 1;)
    if (compare_words (&words->pdata[i - 1], &words->pdata[i]) == 0)
      g_ptr_array_remove_index (words, i);
}

static gboolean
add_line (GPtrArray *words, char *line, GError **error)
{
  gunichar *word;

  g_strstrip (line);
  if (*line == '\0' || *line == '#')
    return TRUE;

  if (!g_utf8_validate (line, -1, NULL))
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, _ ("this is not text in UTF-8"));
      return FALSE;
    }
  if (words->len == DOU_WORDS_MAX_WORDS)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, _ ("there are more than %d words"),
                   DOU_WORDS_MAX_WORDS);
      return FALSE;
    }

  word = make_word (line, error);
  if (word != NULL)
    g_ptr_array_add (words, word);
  return word != NULL;
}

/* (transfer full) (nullable) (element-type gunichar*) */
static GPtrArray *
read_words (const char *data, gsize length, GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  guint n_lines = 0;

  if (length > DOU_WORDS_MAX_SIZE)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, _ ("it has more than %d bytes"),
                   DOU_WORDS_MAX_SIZE);
      return NULL;
    }

  for (const char *p = data, *end; p < data + length; p = end + 1)
    {
      g_autofree char *line = NULL;

      end = memchr (p, '\n', (gsize) (data + length - p));
      if (end == NULL)
        end = data + length;
      /* A zero byte would end the line for us and not for whoever looks at the file. */
      line = memchr (p, '\0', (gsize) (end - p)) == NULL ? g_strndup (p, (gsize) (end - p))
                                                         : g_strdup ("\xff");
      if (!add_line (words, n_lines == 0 && g_str_has_prefix (line, BYTE_ORDER_MARK) ? line + 3 : line,
                     error))
        {
          g_prefix_error (error, _ ("line %u: "), n_lines + 1);
          return NULL;
        }
      n_lines++;
    }

  return g_steal_pointer (&words);
}

/**
 * dou_words_parse:
 * @data: (array length=length): what stands in a file of words
 * @length: its bytes
 * @error: return location for %DOU_STATUS_BAD_PARAMETER, naming the line
 *
 * Returns: (transfer full): the words; %NULL if anything is wrong with one of them
 */
DouWords *
dou_words_parse (const char *data, gsize length, GError **error)
{
  g_autoptr (GPtrArray) words = read_words (data, length, error);
  DouWords *self;

  if (words == NULL)
    return NULL;

  make_unique (words);
  self = g_new0 (DouWords, 1);
  self->n_words = words->len;
  self->tree = dou_word_tree_new ((const gunichar *const *) words->pdata, words->len);
  return self;
}

static void
set_file_error (GError **error, int code)
{
  g_set_error_literal (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, g_strerror (code));
}

/* No more of a file than may be in it; (nullable). Nothing but a file is opened: a pipe would wait. */
static char *
read_file (const char *path, gsize *length, GError **error)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  g_autofree char *data = NULL;
  g_autoptr (GInputStream) stream = NULL;
  struct stat status;

  if (fd < 0 || fstat (fd, &status) != 0)
    {
      set_file_error (error, errno);
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  if (!S_ISREG (status.st_mode))
    {
      close (fd);
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, _ ("this is no file"));
      return NULL;
    }

  data = g_malloc (DOU_WORDS_MAX_SIZE + 1);
  *length = 0;
  for (gssize n = 1; n > 0 && *length <= DOU_WORDS_MAX_SIZE; *length += (gsize) n)
    {
      n = read (fd, data + *length, DOU_WORDS_MAX_SIZE + 1 - *length);
      if (n < 0)
        {
          set_file_error (error, errno);
          close (fd);
          return NULL;
        }
    }
  close (fd);
  return g_steal_pointer (&data);
}

/**
 * dou_words_load:
 * @path: a file of words
 * @text: (out) (optional) (transfer full): what stands in it, text that ends in a zero byte
 * @error: return location for %DOU_STATUS_BAD_PARAMETER, naming file and line
 *
 * Returns: (transfer full): the words; %NULL if it cannot be read or anything is wrong with one of them
 */
DouWords *
dou_words_load (const char *path, char **text, GError **error)
{
  gsize length = 0;
  g_autofree char *data = read_file (path, &length, error);
  DouWords *self = data != NULL ? dou_words_parse (data, length, error) : NULL;

  if (self == NULL)
    g_prefix_error (error, "%s: ", path);
  else if (text != NULL)
    *text = g_strndup (data, length);
  return self;
}

void
dou_words_free (DouWords *self)
{
  dou_word_tree_free (self->tree);
  g_free (self);
}

guint
dou_words_get_count (DouWords *self)
{
  return self->n_words;
}

/**
 * dou_words_find:
 * @self: words
 * @text: valid UTF-8
 *
 * Returns: whether one of the words is in @text
 */
gboolean
dou_words_find (DouWords *self, const char *text)
{
  g_autoptr (GArray) folded = fold (text);
  DouWordTreeCursor cursor = 0;

  for (guint i = 0; i < folded->len; i++)
    if (dou_word_tree_step (self->tree, &cursor, g_array_index (folded, Folded, i).character) > 0)
      return TRUE;

  return FALSE;
}

/* Of every byte how many more words begin there than end, so that words may lie in one another. */
static int *
find_edges (DouWords *self, const char *text)
{
  g_autoptr (GArray) folded = fold (text);
  DouWordTreeCursor cursor = 0;
  int *edges = NULL;

  for (guint i = 0; i < folded->len; i++)
    {
      const Folded *last = &g_array_index (folded, Folded, i);
      guint length = dou_word_tree_step (self->tree, &cursor, last->character);

      if (length == 0)
        continue;
      if (edges == NULL)
        edges = g_new0 (int, strlen (text) + 1);
      edges[g_array_index (folded, Folded, i + 1 - length).begin]++;
      edges[last->end]--;
    }

  return edges;
}

/**
 * dou_words_mask:
 * @self: words
 * @text: valid UTF-8
 *
 * Returns: (transfer full) (nullable): @text with a `*` for each character of a word, but not for blanks;
 *   %NULL if there is no word in it
 */
char *
dou_words_mask (DouWords *self, const char *text)
{
  g_autofree int *edges = find_edges (self, text);
  g_autoptr (GString) masked = NULL;
  int depth = 0;

  if (edges == NULL)
    return NULL;

  masked = g_string_sized_new (strlen (text));
  for (const char *piece = text; *piece != '\0';)
    {
      const char *end = find_piece_end (piece);
      gunichar c = g_utf8_get_char (piece);

      depth += edges[piece - text];
      if (depth == 0 || g_unichar_isspace (c))
        g_string_append_len (masked, piece, end - piece);
      else if (!is_invisible (c))
        g_string_append_c (masked, '*');
      piece = end;
    }

  return g_string_free (g_steal_pointer (&masked), FALSE);
}
