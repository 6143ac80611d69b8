/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "common/dou-word-tree.h"
#include "common/dou-words.h"
#include "lib/dou-test-dir.h"

/* What has a zero byte is longer than it looks. */
#define assert_refused(text, pattern) assert_refused_bytes (text, sizeof (text) - 1, pattern)

static DouWords *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  DouWords *words = dou_words_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_nonnull (words);
  return words;
}

static void
assert_refused_bytes (const char *data, gsize length, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_words_parse (data, length, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER);
  g_assert_cmpstr (error->message, ==, message);
}

/* @masked: %NULL if nothing is to be found */
static void
assert_masked (DouWords *words, const char *text, const char *masked)
{
  g_autofree char *result = dou_words_mask (words, text);

  g_assert_cmpstr (result, ==, masked);
  g_assert_cmpint (dou_words_find (words, text), ==, masked != NULL);
}

/* Test that a file with anything wrong in it is refused as a whole, and where it is said. */
static void
test_refused (void)
{
  g_autoptr (GString) many = g_string_new (NULL);
  g_autofree char *big = g_malloc (DOU_WORDS_MAX_SIZE + 1);

  assert_refused ("good\nb\xff" "d\n", "line 2: this is not text in UTF-8");
  assert_refused ("good\n\nb\0d\n", "line 3: this is not text in UTF-8");
  assert_refused ("\xed\xa0\xbd", "line 1: this is not text in UTF-8");
  assert_refused ("# one\n\xe2\x80\x8b\n", "line 2: a word has 1 to 64 characters that can be seen");
  assert_refused ("\xc2\xa0\xe3\x80\x80", "line 1: a word has 1 to 64 characters that can be seen");
  assert_refused ("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef1",
                  "line 1: a word has 1 to 64 characters that can be seen");
  /* U+FDFA is one character that is eighteen. */
  assert_refused ("\xef\xb7\xba\xef\xb7\xba\xef\xb7\xba\xef\xb7\xba",
                  "line 1: a word has 1 to 64 characters that can be seen");

  memset (big, '\n', DOU_WORDS_MAX_SIZE + 1);
  assert_refused_bytes (big, DOU_WORDS_MAX_SIZE + 1, "it has more than 1048576 bytes");
  for (guint i = 0; i <= DOU_WORDS_MAX_WORDS; i++)
    g_string_append_printf (many, "word%u\n", i);
  assert_refused_bytes (many->str, many->len, "line 50001: there are more than 50000 words");
}

/* Test that comments, blanks, ends of lines of other systems and repetitions do not matter. */
static void
test_lines (void)
{
  g_autoptr (DouWords) words = parse ("\xef\xbb\xbf" "first\r\n  second one \n\n# third\n#\n\tFIRST\nc#");
  g_autoptr (DouWords) none = parse ("# nothing\n\n");
  g_autoptr (DouWords) empty = parse ("");

  g_assert_cmpuint (dou_words_get_count (words), ==, 3);
  assert_masked (words, "the first", "the *****");
  assert_masked (words, "the second  one", NULL);
  assert_masked (words, "the second one", "the ****** ***");
  assert_masked (words, "third", NULL);
  assert_masked (words, "in C#, #1", "in **, #1");

  g_assert_cmpuint (dou_words_get_count (none), ==, 0);
  assert_masked (none, "# nothing", NULL);
  g_assert_cmpuint (dou_words_get_count (empty), ==, 0);
  assert_masked (empty, "", NULL);
}

/* Test that a word is found in all of its forms, and that each of its characters becomes one asterisk. */
static void
test_forms (void)
{
  g_autoptr (DouWords) words = parse ("Spam\nstraße\ncafé\noffice\n微信\nﾊﾝ\n한국\n10\n");

  assert_masked (words, "spam SPAM sPaM", "**** **** ****");
  assert_masked (words, "Ｓｐａｍ！", "****！");
  assert_masked (words, "ⓢⓟⓐⓜ 𝐬𝐩𝐚𝐦", "**** ****");
  assert_masked (words, "antispammer", "anti****mer");
  assert_masked (words, "STRASSE, Straße", "*******, ******");
  assert_masked (words, "cafe\xcc\x81 caf\xc3\xa9 cafe", "**** **** cafe");
  assert_masked (words, "o\xef\xac\x83" "ce", "****");
  assert_masked (words, "加我微信号", "加我**号");
  assert_masked (words, "微 信", NULL);
  assert_masked (words, "ハンド", "**ド");
  assert_masked (words, "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x80\xe1\x85\xae\xe1\x86\xa8!", "**!");
  assert_masked (words, "１０ ⑩", "** *");
}

/* Test that what cannot be seen does not hide a word. */
static void
test_invisible (void)
{
  g_autoptr (DouWords) words = parse ("spam\n微信");

  assert_masked (words, "s\xe2\x80\x8bp\xc2\xad" "a\xe2\x81\xa0m", "****");
  assert_masked (words, "微\xe2\x80\x8d信\xef\xb8\x8f!", "**!");
  assert_masked (words, "\xe2\x80\x8bsp\xe2\x80\x8b am", NULL);
}

/* Test words that begin, end and lie in others. */
static void
test_overlaps (void)
{
  g_autoptr (DouWords) words = parse ("a b\nb c d\nabcd\nbc\nbcx\ncdefg\nhe\nshe\nhers\n");

  assert_masked (words, "a b c d", "* * * *");
  assert_masked (words, "abcdx", "****x");
  assert_masked (words, "abcy", "a**y");
  assert_masked (words, "abcdefg", "*******");
  assert_masked (words, "abcdef", "****ef");
  assert_masked (words, "ushers", "u*****");
  assert_masked (words, "cdef", NULL);
}

/* Whether a word ends at @end of @text, as somebody would look who has no tree. */
static guint
find_longest (GPtrArray *words, const gunichar *text, guint end)
{
  guint longest = 0;

  for (guint i = 0; i < words->len; i++)
    {
      const gunichar *word = g_ptr_array_index (words, i);
      guint length = 0;

      while (word[length] != 0)
        length++;
      if (length <= end && memcmp (word, text + end - length, length * sizeof (gunichar)) == 0)
        longest = MAX (longest, length);
    }

  return longest;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const gunichar *first = *(const gunichar *const *) a;
  const gunichar *second = *(const gunichar *const *) b;

  while (*first != 0 && *first == *second)
    first++, second++;
  return (int) *first - (int) *second;
}

static GPtrArray *
make_random_words (GRand *random)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  int n_words = g_rand_int_range (random, 0, 12);

  for (int i = 0; i < n_words; i++)
    {
      int length = g_rand_int_range (random, 1, 7);
      gunichar *word = g_new0 (gunichar, (gsize) length + 1);

      for (int j = 0; j < length; j++)
        word[j] = (gunichar) g_rand_int_range (random, 'a', 'd');
      g_ptr_array_add (words, word);
    }

  g_ptr_array_sort (words, compare);
  for (guint i = words->len; i-- > 1;)
    if (compare (&words->pdata[i - 1], &words->pdata[i]) == 0)
      g_ptr_array_remove_index (words, i);
  return words;
}

/* Test against a search that looks for each word at each place, in texts of three letters. */
static void
test_tree (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (g_test_rand_int ());

  for (guint round = 0; round < 2000; round++)
    {
      g_autoptr (GPtrArray) words = make_random_words (random);
      g_autoptr (DouWordTree) tree
          = dou_word_tree_new ((const gunichar *const *) words->pdata, words->len);
      DouWordTreeCursor cursor = 0;
      gunichar text[40];

      for (guint i = 0; i < G_N_ELEMENTS (text); i++)
        {
          text[i] = (gunichar) g_rand_int_range (random, 'a', 'd');
          g_assert_cmpuint (dou_word_tree_step (tree, &cursor, text[i]), ==,
                            find_longest (words, text, i + 1));
        }
    }
}

/* Test the largest list, of words that begin alike, on a text that begins all of them everywhere. */
static void
test_large (void)
{
  g_autoptr (GString) list = g_string_new (NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (DouWords) words = NULL;
  g_autofree char *masked = NULL;

  for (guint i = 0; i < DOU_WORDS_MAX_SIZE / 65; i++)
    g_string_append_printf (list, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%05u\n", i);
  words = parse (list->str);
  g_assert_cmpuint (dou_words_get_count (words), ==, DOU_WORDS_MAX_SIZE / 65);

  for (guint i = 0; i < 65536; i++)
    g_string_append_c (text, 'a');
  assert_masked (words, text->str, NULL);
  g_string_append (text, "01234");
  masked = dou_words_mask (words, text->str);
  g_assert_cmpuint (strlen (masked), ==, text->len);
  g_assert_cmpuint (strspn (masked, "a"), ==, 65536 - 59);
  g_assert_cmpuint (strspn (masked + 65536 - 59, "*"), ==, 64);
}

/* Test that marks without end are neither folded as one nor lost. */
static void
test_marks (void)
{
  g_autoptr (DouWords) words = parse ("spam");
  g_autoptr (GString) text = g_string_new ("spam");
  g_autofree char *masked = NULL;

  for (guint i = 0; i < 20000; i++)
    g_string_append (text, "\xcc\x81\xcc\xa3");
  g_string_append (text, "spam");
  masked = dou_words_mask (words, text->str);
  g_assert_nonnull (masked);
  g_assert_true (g_str_has_suffix (masked, "\xcc\xa3" "****"));
}

/* Test that a file is read as it is, and that nothing but a file is. */
static void
test_load (void)
{
  g_autofree char *directory = dou_test_dir_new ();
  g_autofree char *path = g_build_filename (directory, "words", NULL);
  g_autofree char *pipe = g_build_filename (directory, "pipe", NULL);
  g_autofree char *text = NULL;
  const char *const bad[] = { directory, pipe, "/nonexistent/words", "/dev/zero" };
  g_autoptr (DouWords) words = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "one\ntwo", -1, NULL));
  words = dou_words_load (path, &text, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dou_words_get_count (words), ==, 2);
  g_assert_cmpstr (text, ==, "one\ntwo");

  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_null (dou_words_load (bad[i], NULL, &error));
      g_assert_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER);
      g_assert_true (g_str_has_prefix (error->message, bad[i]));
      g_clear_error (&error);
    }

  g_assert_true (g_file_set_contents (path, "one\n\xff", -1, NULL));
  g_assert_null (dou_words_load (path, NULL, &error));
  g_assert_nonnull (strstr (error->message, "words: line 2: "));
  dou_test_dir_remove (g_steal_pointer (&directory));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/words/refused", test_refused);
  g_test_add_func ("/common/words/lines", test_lines);
  g_test_add_func ("/common/words/forms", test_forms);
  g_test_add_func ("/common/words/invisible", test_invisible);
  g_test_add_func ("/common/words/overlaps", test_overlaps);
  g_test_add_func ("/common/words/tree", test_tree);
  g_test_add_func ("/common/words/large", test_large);
  g_test_add_func ("/common/words/marks", test_marks);
  g_test_add_func ("/common/words/load", test_load);

  return g_test_run ();
}
