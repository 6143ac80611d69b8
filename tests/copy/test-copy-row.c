/* SPDX-License-Identifier: Apache-2.0 */

/* Rows as engines write them. */

#include "config.h"

#include "common/dou-status.h"
#include "copy/dou-copy-row.h"

static char *
write_row (DouCopyRow *row)
{
  g_auto (DouJsonWriter) writer = { 0 };

  dou_json_writer_init (&writer, 0);
  dou_copy_row_write (row, &writer);
  return dou_json_writer_steal (&writer, NULL);
}

static DouCopySum
sum_of (const char *json)
{
  g_autoptr (DouCopyRow) row = dou_copy_row_new (2);
  g_autoptr (GError) error = NULL;
  DouCopySum sum = { 0 };

  dou_copy_row_parse (row, json, &error);
  g_assert_no_error (error);
  dou_copy_row_add_to_sum (row, &sum);
  return sum;
}

/* Test that every way to write a row is the same row. */
static void
test_forms (void)
{
  static const char *const pairs[][2] = {
    { "[1,\"a\"]", " [1, \"\\u0061\"]" },
    { "[null,\"\"]", "[ null ,\"\" ]" },
    { "[true,false]", "[1, 0]" },
    { "[-9223372036854775808,9223372036854775807]", "[-9223372036854775808 , 9223372036854775807]" },
    { "[\"😀\",\"\\u001f\\\\\"]", "[\"\\ud83d\\uDE00\",\"\\u001F\\u005c\"]" },
    { "[\"\\b\\f\\n\\r\\t\\/\",\"\\\"\"]", "[\"\\u0008\\u000c\\u000a\\u000d\\u0009/\",\"\\u0022\"]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (DouCopyRow) row = dou_copy_row_new (2);
      g_autofree char *written[2] = { NULL, NULL };
      DouCopySum sums[2];

      for (guint j = 0; j < 2; j++)
        {
          g_autoptr (GError) error = NULL;

          dou_copy_row_parse (row, pairs[i][j], &error);
          g_assert_no_error (error);
          written[j] = write_row (row);
          sums[j] = sum_of (pairs[i][j]);
        }
      g_assert_cmpstr (written[0], ==, written[1]);
      g_assert_true (dou_copy_sum_equal (&sums[0], &sums[1]));
      sums[0] = sum_of (written[0]);
      g_assert_true (dou_copy_sum_equal (&sums[0], &sums[1]));
      g_free (written[1]);
      written[1] = NULL;
    }
}

/* Test that rows which differ in anything have different sums, and that the order of rows is none. */
static void
test_sums (void)
{
  static const char *const rows[]
      = { "[1,2]",        "[2,1]",       "[12,null]",   "[null,12]",    "[\"1\",\"2\"]", "[1,\"2\"]",
          "[\"\",null]",  "[null,\"\"]", "[\"\",\"\"]", "[null,null]",  "[\"a\",\"\"]",  "[\"\",\"a\"]",
          "[\"a \",\"\"]" };
  DouCopySum forward = { 0 };
  DouCopySum backward = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (gsize j = 0; j < i; j++)
      {
        DouCopySum a = sum_of (rows[i]);
        DouCopySum b = sum_of (rows[j]);

        g_assert_false (dou_copy_sum_equal (&a, &b));
      }

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (DouCopyRow) row = dou_copy_row_new (2);

      g_assert_true (dou_copy_row_parse (row, rows[i], NULL));
      dou_copy_row_add_to_sum (row, &forward);
      g_assert_true (dou_copy_row_parse (row, rows[G_N_ELEMENTS (rows) - 1 - i], NULL));
      dou_copy_row_add_to_sum (row, &backward);
    }
  g_assert_true (dou_copy_sum_equal (&forward, &backward));
  g_assert_cmpuint (forward.n_rows, ==, G_N_ELEMENTS (rows));
}

/* Test that bytes which come as digits are the text that they are. */
static void
test_hexadecimal (void)
{
  g_autoptr (DouCopyRow) row = dou_copy_row_new (2);
  g_autoptr (GError) error = NULL;
  g_autofree char *written = NULL;

  dou_copy_row_set_hexadecimal (row, 1);
  dou_copy_row_parse (row, "[\"61\",\"61F09F98802022\"]", &error);
  g_assert_no_error (error);
  written = write_row (row);
  g_assert_cmpstr (written, ==, "[\"61\",\"a😀 \\\"\"]");

  g_assert_true (dou_copy_row_parse (row, "[1,null]", NULL));
  g_assert_true (dou_copy_row_parse (row, "[1,\"\"]", NULL));
  g_assert_false (dou_copy_row_parse (row, "[1,\"6\"]", NULL));
  g_assert_false (dou_copy_row_parse (row, "[1,\"610062\"]", NULL));
  g_assert_false (dou_copy_row_parse (row, "[1,\"ff\"]", NULL));
}

/* Test that what cannot be copied as it is is refused. */
static void
test_bad (void)
{
  static const char *const bad[]
      = { "",           "[",          "[1",         "[1,",          "[1,2",         "[1]",
          "[1,2,3]",    "[1,2]x",     "1,2",        "[1.5,2]",      "[1e3,2]",      "[,2]",
          "[\"a,2]",    "[\"a\\",     "[\"a\\x\",2]", "[\"\\u0000\",2]", "[\"\\u12\",2]",
          "[\"\\ud83d\",2]", "[\"\\ud83dx\",2]", "[\"\\ude00\",2]", "[\"\\ud83d\\u0041\",2]",
          "[9223372036854775808,2]", "[-9223372036854775809,2]", "[\"\xff\",2]", "[\"\xed\xa0\xbd\",2]",
          "[nul,2]",    "[[],2]",     "[{},2]" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (DouCopyRow) row = dou_copy_row_new (2);
      g_autoptr (GError) error = NULL;

      g_assert_false (dou_copy_row_parse (row, bad[i], &error));
      g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/copy/row/forms", test_forms);
  g_test_add_func ("/copy/row/sums", test_sums);
  g_test_add_func ("/copy/row/hexadecimal", test_hexadecimal);
  g_test_add_func ("/copy/row/bad", test_bad);

  return g_test_run ();
}
