/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-byte-range.h"

#define HUGE "99999999999999999999999999999999"

static void
assert_outcome (const char *header, guint64 size, DouByteRange expected)
{
  guint64 offset, length;

  g_test_message ("“%s” of %" G_GUINT64_FORMAT, header, size);
  g_assert_cmpint (dou_byte_range_parse (header, size, &offset, &length), ==, expected);
}

static void
assert_part (const char *header, guint64 size, guint64 expected_offset, guint64 expected_length)
{
  guint64 offset, length;

  g_test_message ("“%s” of %" G_GUINT64_FORMAT, header, size);
  g_assert_cmpint (dou_byte_range_parse (header, size, &offset, &length), ==, DOU_BYTE_RANGE_PART);
  g_assert_cmpuint (offset, ==, expected_offset);
  g_assert_cmpuint (length, ==, expected_length);
}

/* Test that what is no byte range is ignored, as RFC 9110 demands. */
static void
test_ignored (void)
{
  const char *headers[] = {
    NULL,         "",           "bytes",      "bytes=",           "bytes= ",    "bytes=-",
    "bytes=--1",  "bytes=a-b",  "bytes=5",    "bytes=1-0",        "bytes=9-8",  "bytes=0-1x",
    "bytes=0x1-", "bytes=+1-2", "bytes=1-+2", "bytes=1--2",       "bytes=1 -2", "bytes=1.0-2",
    "bytes:0-1",  "bytes 0-1",  "bytes=\t",   "seconds=0-1",      "xbytes=0-1", "bytes=-1-",
    "bytes=,",    "bytes=-x",   "bytes=０-1", "bytes=" HUGE "-1",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    assert_outcome (headers[i], 100, DOU_BYTE_RANGE_WHOLE);
}

/* Test that several ranges are answered with the whole, as the server may. */
static void
test_several (void)
{
  assert_outcome ("bytes=0-0,-1", 100, DOU_BYTE_RANGE_WHOLE);
  assert_outcome ("bytes=0-0, 2-2", 100, DOU_BYTE_RANGE_WHOLE);
  assert_outcome ("bytes=200-,300-", 100, DOU_BYTE_RANGE_WHOLE);
}

/* Test that a place at which there is nothing is told from nonsense. */
static void
test_unsatisfiable (void)
{
  assert_outcome ("bytes=100-", 100, DOU_BYTE_RANGE_UNSATISFIABLE);
  assert_outcome ("bytes=100-200", 100, DOU_BYTE_RANGE_UNSATISFIABLE);
  assert_outcome ("bytes=" HUGE "-", 100, DOU_BYTE_RANGE_UNSATISFIABLE);
  assert_outcome ("bytes=" HUGE "-" HUGE, G_MAXUINT64, DOU_BYTE_RANGE_UNSATISFIABLE);
  assert_outcome ("bytes=-0", 100, DOU_BYTE_RANGE_UNSATISFIABLE);
  assert_outcome ("bytes=-0", 0, DOU_BYTE_RANGE_UNSATISFIABLE);
  assert_outcome ("bytes=0-", 0, DOU_BYTE_RANGE_UNSATISFIABLE);
  assert_outcome ("bytes=0-0", 0, DOU_BYTE_RANGE_UNSATISFIABLE);
}

/* Test every form of a single range, at the edges of the file. */
static void
test_part (void)
{
  assert_part ("bytes=0-0", 100, 0, 1);
  assert_part ("bytes=0-99", 100, 0, 100);
  assert_part ("bytes=0-100", 100, 0, 100);
  assert_part ("bytes=99-", 100, 99, 1);
  assert_part ("bytes=0-", 100, 0, 100);
  assert_part ("bytes=10-19", 100, 10, 10);
  assert_part ("bytes=10-" HUGE, 100, 10, 90);
  assert_part ("bytes=18446744073709551613-18446744073709551615", G_MAXUINT64, G_MAXUINT64 - 2, 2);
  assert_part ("bytes=-1", 100, 99, 1);
  assert_part ("bytes=-100", 100, 0, 100);
  assert_part ("bytes=-101", 100, 0, 100);
  assert_part ("bytes=-" HUGE, 100, 0, 100);
  assert_part ("BYTES= 007-009 ", 100, 7, 3);
}

/* Test that a suffix of an empty file is the empty file: Content-Range has no form for it. */
static void
test_empty (void)
{
  assert_outcome ("bytes=-1", 0, DOU_BYTE_RANGE_WHOLE);
}

/* Test that whatever comes in, a part lies within the file. */
static void
test_random (void)
{
  static const char alphabet[] = "0123456789-,= \tbytesx";
  g_autoptr (GRand) random = g_rand_new_with_seed (20230101);

  for (guint round = 0; round < 200000; round++)
    {
      char text[32] = "bytes=";
      gint32 length = g_rand_int_range (random, 6, sizeof text);
      guint64 size = g_rand_int_range (random, 0, 1000);
      guint64 offset, count;

      for (gint32 i = 6; i < length; i++)
        text[i] = alphabet[g_rand_int_range (random, 0, round % 2 == 0 ? 11 : sizeof alphabet - 1)];
      text[length] = '\0';

      if (dou_byte_range_parse (text, size, &offset, &count) == DOU_BYTE_RANGE_PART)
        {
          g_assert_cmpuint (count, >, 0);
          g_assert_cmpuint (offset, <, size);
          g_assert_cmpuint (count, <=, size - offset);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/byte-range/ignored", test_ignored);
  g_test_add_func ("/gateway/byte-range/several", test_several);
  g_test_add_func ("/gateway/byte-range/unsatisfiable", test_unsatisfiable);
  g_test_add_func ("/gateway/byte-range/part", test_part);
  g_test_add_func ("/gateway/byte-range/empty", test_empty);
  g_test_add_func ("/gateway/byte-range/random", test_random);

  return g_test_run ();
}
