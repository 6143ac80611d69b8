/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-multipart-parser.h"

#define CONTENT_TYPE "multipart/form-data; boundary=AaB03x"

#define PART(head, content) "--AaB03x\r\n" head "\r\n\r\n" content "\r\n"
#define FIELD(name, content) PART ("Content-Disposition: form-data; name=\"" name "\"", content)
#define END "--AaB03x--\r\n"

/* What a parser said: `name(filename)=content;` a part. */
typedef struct
{
  GString *said;         /* (owned) */
  gboolean in_part;      /* between begin and end */
  guint begin_countdown; /* refuse at this part, 0 = never */
  guint data_countdown;  /* refuse at this piece of content, 0 = never */
  guint end_countdown;   /* refuse at this part's end, 0 = never */
} Recorder;

static gboolean
is_due (guint *countdown)
{
  return *countdown > 0 && --*countdown == 0;
}

static DouStatus
record_begin (const char *name, const char *filename, gpointer user_data)
{
  Recorder *recorder = user_data;

  g_assert_false (recorder->in_part);
  g_assert_true (g_utf8_validate (name, -1, NULL));
  recorder->in_part = TRUE;
  g_string_append (recorder->said, name);
  if (filename != NULL)
    g_string_append_printf (recorder->said, "(%s)", filename);
  g_string_append_c (recorder->said, '=');
  return is_due (&recorder->begin_countdown) ? DOU_STATUS_DISK_FULL : DOU_STATUS_OK;
}

static DouStatus
record_data (const guint8 *data, gsize length, gpointer user_data)
{
  Recorder *recorder = user_data;

  g_assert_true (recorder->in_part);
  g_assert_cmpuint (length, >, 0);
  g_string_append_len (recorder->said, (const char *) data, length);
  return is_due (&recorder->data_countdown) ? DOU_STATUS_TOO_LARGE : DOU_STATUS_OK;
}

static DouStatus
record_end (gpointer user_data)
{
  Recorder *recorder = user_data;

  g_assert_true (recorder->in_part);
  recorder->in_part = FALSE;
  g_string_append_c (recorder->said, ';');
  return is_due (&recorder->end_countdown) ? DOU_STATUS_NO_FILE : DOU_STATUS_OK;
}

static const DouMultipartHandler recording_handler = { record_begin, record_data, record_end };

static void
recorder_clear (Recorder *recorder)
{
  g_string_free (g_steal_pointer (&recorder->said), TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Recorder, recorder_clear)

/* Feeds @body in pieces of @size, the first of them @first bytes. Every piece is a copy of its own,
 * so that a sanitizer sees a read outside of it. */
static DouStatus
parse_with (Recorder *recorder,
            const char *content_type,
            const void *body,
            gsize length,
            gsize first,
            gsize size)
{
  g_autoptr (DouMultipartParser) parser
      = dou_multipart_parser_new (content_type, &recording_handler, recorder);
  DouStatus status = DOU_STATUS_OK;

  g_assert_nonnull (parser);

  for (gsize i = 0, piece = first; i < length; i += piece, piece = size)
    {
      g_autofree guint8 *copy = NULL;

      piece = MIN (piece, length - i);
      copy = g_memdup2 ((const guint8 *) body + i, piece);
      status = dou_multipart_parser_feed (parser, copy, piece);
      if (status != DOU_STATUS_OK)
        break;
    }

  g_assert_true (status == DOU_STATUS_OK || dou_multipart_parser_finish (parser) == status);
  return dou_multipart_parser_finish (parser);
}

/* Asserts the outcome of @body in one piece, in two for every place to cut, and in many of each
 * size. */
static void
assert_parse_full (const char *content_type,
                   const void *body,
                   gsize length,
                   DouStatus expected_status,
                   const char *expected)
{
  for (gsize i = 0; i < 2 * length; i++)
    {
      g_auto (Recorder) recorder = { .said = g_string_new (NULL) };
      gsize first = i < length ? i + 1 : i - length + 1;
      gsize size = i < length ? length : first;

      g_assert_cmpint (parse_with (&recorder, content_type, body, length, first, size), ==,
                       expected_status);
      if (expected != NULL)
        g_assert_cmpstr (recorder.said->str, ==, expected);
      if (expected_status == DOU_STATUS_OK)
        g_assert_false (recorder.in_part);
    }
}

static void
assert_parse (const char *body, const char *expected)
{
  assert_parse_full (CONTENT_TYPE, body, strlen (body), DOU_STATUS_OK, expected);
}

static void
assert_refused (const char *body)
{
  assert_parse_full (CONTENT_TYPE, body, strlen (body), DOU_STATUS_BAD_REQUEST, NULL);
}

/* Test that a body of another type, or without a usable boundary, gets no parser. */
static void
test_content_type_refused (void)
{
  const char *bad[] = {
    NULL,
    "",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=\"\"",
    "multipart/form-data; boundary=\"ends in space \"",
    "multipart/form-data; boundary=\"with\"; boundary=two",
    "multipart/form-data; boundary=\"semi;colon\"",
    "multipart/form-data; boundary=\"new\r\nline\"",
    "multipart/form-data; boundary=a[b]",
    "multipart/form-data; boundary=\xc3\xa9",
    "multipart/form-data; boundary="
    "12345678901234567890123456789012345678901234567890123456789012345678901",
    "multipart/form-database; boundary=a",
    "multipart/mixed; boundary=a",
    "application/x-www-form-urlencoded",
    "video/mp4; boundary=a",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (dou_multipart_parser_new (bad[i], &recording_handler, NULL));
}

/* Test that a body without its last boundary is noticed wherever it ends. */
static void
test_truncated (void)
{
  const char *body = FIELD ("title", "hello") FIELD ("token", "t") "--AaB03x--";

  for (gsize length = 0; length < strlen (body); length++)
    {
      g_auto (Recorder) recorder = { .said = g_string_new (NULL) };

      g_assert_cmpint (parse_with (&recorder, CONTENT_TYPE, body, length, length, length), ==,
                       DOU_STATUS_BAD_REQUEST);
    }

  assert_refused ("no boundary at all");
  assert_refused ("x--AaB03x--");
  assert_refused ("\n--AaB03x--");
  assert_parse ("--AaB03x--", "");
}

/* Test that a part whose header does not say what it is, is refused. */
static void
test_head_refused (void)
{
  g_autofree char *long_name = g_strnfill (DOU_MULTIPART_MAX_NAME + 1, 'n');
  g_autofree char *long_body = g_strconcat (
      "--AaB03x\r\nContent-Disposition: form-data; name=", long_name, "\r\n\r\nx\r\n" END, NULL);

  assert_refused ("--AaB03x\r\n\r\nno header\r\n" END);
  assert_refused (PART ("Content-Type: text/plain", "x") END);
  assert_refused (PART ("Content-Disposition: form-data", "x") END);
  assert_refused (PART ("Content-Disposition: form-data; name=\"\"", "x") END);
  assert_refused (PART ("Content-Disposition: form-data; filename=\"a.mp4\"", "x") END);
  assert_refused (PART ("Content-Disposition: attachment; name=\"a\"", "x") END);
  assert_refused (PART ("Content-Disposition: form-data; name=\"a\"\r\n"
                        "Content-Transfer-Encoding: base64",
                        "eA==") END);
  assert_refused ("--AaB03x\nContent-Disposition: form-data; name=a\n\nx\n--AaB03x--\n");
  assert_refused ("--AaB03x \rx" END);
  assert_refused ("--AaB03x x\r\n" END);
  assert_refused (long_body);

  assert_parse_full (CONTENT_TYPE, FIELD ("a\0b", "x") END, sizeof (FIELD ("a\0b", "x") END) - 1,
                     DOU_STATUS_BAD_REQUEST, "");
}

static void
append_padded_part (GString *body, gsize head_length)
{
  gsize start;

  g_string_append (body, "--AaB03x");
  start = body->len;
  g_string_append (body, "\r\nContent-Disposition: form-data; name=\"a\"\r\nX-Pad: ");
  while (body->len - start + strlen ("\r\n\r\n") < head_length)
    g_string_append_c (body, 'x');
  g_string_append (body, "\r\n\r\nx\r\n");
}

/* Test that a header may be as long as its limit, and not a byte longer. */
static void
test_head_limit (void)
{
  for (gsize extra = 0; extra < 2; extra++)
    {
      g_autoptr (GString) body = g_string_new (NULL);
      gsize sizes[] = { 1, 7, 4096, 8192, 65536 };

      append_padded_part (body, DOU_MULTIPART_MAX_HEAD + extra);
      g_string_append (body, END);

      for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
        {
          g_auto (Recorder) recorder = { .said = g_string_new (NULL) };

          g_assert_cmpint (
              parse_with (&recorder, CONTENT_TYPE, body->str, body->len, sizes[i], sizes[i]), ==,
              extra == 0 ? DOU_STATUS_OK : DOU_STATUS_BAD_REQUEST);
        }
    }
}

/* Test that the number of parts has a limit. */
static void
test_part_limit (void)
{
  for (guint extra = 0; extra < 2; extra++)
    {
      g_autoptr (GString) body = g_string_new (NULL);
      g_auto (Recorder) recorder = { .said = g_string_new (NULL) };

      for (guint i = 0; i < DOU_MULTIPART_MAX_PARTS + extra; i++)
        g_string_append (body, FIELD ("a", ""));
      g_string_append (body, END);

      g_assert_cmpint (parse_with (&recorder, CONTENT_TYPE, body->str, body->len, 100, 100), ==,
                       extra == 0 ? DOU_STATUS_OK : DOU_STATUS_BAD_REQUEST);
      g_assert_cmpuint (recorder.said->len, ==, DOU_MULTIPART_MAX_PARTS * strlen ("a=;"));
    }
}

/* Test that a handler's refusal ends the parsing, and is what the parser answers from then on. */
static void
test_handler_refuses (void)
{
  const char *body = FIELD ("a", "1") FIELD ("b", "2") END;
  const struct
  {
    Recorder recorder;
    DouStatus status;
    const char *said;
  } cases[] = {
    { { .begin_countdown = 2 }, DOU_STATUS_DISK_FULL, "a=1;b=" },
    { { .data_countdown = 2 }, DOU_STATUS_TOO_LARGE, "a=1;b=2" },
    { { .end_countdown = 1 }, DOU_STATUS_NO_FILE, "a=1;" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Recorder) recorder = cases[i].recorder;
      g_autoptr (DouMultipartParser) parser
          = dou_multipart_parser_new (CONTENT_TYPE, &recording_handler, &recorder);

      recorder.said = g_string_new (NULL);
      for (guint round = 0; round < 2; round++)
        g_assert_cmpint (dou_multipart_parser_feed (parser, (const guint8 *) body, strlen (body)),
                         ==, cases[i].status);
      g_assert_cmpint (dou_multipart_parser_finish (parser), ==, cases[i].status);
      g_assert_cmpstr (recorder.said->str, ==, cases[i].said);
    }
}

/* Test the forms that clients send, cut in every place. */
static void
test_forms (void)
{
  assert_parse (FIELD ("title", "hello") END, "title=hello;");
  assert_parse (FIELD ("title", "") FIELD ("token", "t") "--AaB03x--", "title=;token=t;");
  assert_parse ("preamble\r\n--AaB03\r\n" FIELD ("a", "1") END "epilogue\r\n" FIELD ("b", "2"),
                "a=1;");
  assert_parse ("\r\n" FIELD ("a", "1") END, "a=1;");
  assert_parse (
      "--AaB03x \t \r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--AaB03x-- \r\n", "a=1;");
  assert_parse (PART ("content-disposition:FORM-DATA;NAME=\"data\";filename=\"a b.mp4\"\r\n"
                      "Content-Type: video/mp4",
                      "\r\n\r\n") END,
                "data(a b.mp4)=\r\n\r\n;");
  assert_parse (PART ("Content-Disposition: form-data; name=\"title\"\r\n"
                      "Content-Type: text/plain; charset=UTF-8\r\n"
                      "Content-Transfer-Encoding: binary\r\nContent-Length: 6",
                      "抖音") END,
                "title=抖音;");
  assert_parse (
      PART ("Content-Type: text/plain;\r\n charset=UTF-8\r\nContent-Disposition: form-data;"
            "\r\n\tname=\"a\"",
            "1") END,
      "a=1;");
}

/* Test names and file names with the escapes of browsers, of RFC 2047's time, and of none. */
static void
test_names (void)
{
  g_autofree char *name = g_strnfill (DOU_MULTIPART_MAX_NAME, 'n');
  g_autofree char *body = g_strconcat ("--AaB03x\r\nContent-Disposition: form-data; name=", name,
                                       "\r\n\r\n1\r\n" END, NULL);
  g_autofree char *said = g_strconcat (name, "=1;", NULL);

  assert_parse (FIELD ("a\\\"b\\\\c", "1") END, "a\"b\\c=1;");
  assert_parse (FIELD ("a%22b%0D%0ac%2", "1") END, "a\"b\r\nc%2=1;");
  assert_parse (FIELD ("a; filename=x", "1") END, "a; filename=x=1;");
  assert_parse (FIELD ("抖音", "1") END, "抖音=1;");
  assert_parse (FIELD ("data\"; filename=\"", "") END, "data()=;");
  assert_parse (
      PART ("Content-Disposition: form-data; name=data; filename=a; filename*=UTF-8''b", "1") END,
      "data(b)=1;");
  assert_parse (
      PART ("Content-Disposition: form-data; name=data; filename*=UTF-8''%e2%82%ac.mp4", "1") END,
      "data(€.mp4)=1;");
  assert_parse (PART ("Content-Disposition: form-data; name=data; filename=\xff", "1") END,
                "data(\xef\xbf\xbd)=1;");
  assert_parse (body, said);
}

/* Test that content which nearly is a boundary arrives unchanged. */
static void
test_nearly_boundary (void)
{
  const char *contents[] = {
    "\r",
    "\n",
    "\r\n",
    "\r\r\n",
    "\r\n-",
    "\r\n--",
    "\r\n--AaB03",
    "\r\n--AaB03\r\n--AaB03",
    "--AaB03x",
    "--AaB03x--\r\n",
    "\n--AaB03x--\r\n",
    "\r--AaB03x--\r\n",
    "\r\n--AaB03xx",
    "\r\n--AaB03x-",
    "\r\n--AaB03x-x--",
    "\r\n--AaB03x\r",
    "\r\n--AaB03x\rx",
    "\r\n--AaB03x\n",
    "\r\n--AaB03x\r\r\n--AaB03x\r",
    "\r\n\r\n--AaB03\r\n--AaB03x\r\r\n--AaB03",
    "\r\n--AaB03y--\r\n",
    "\r\n--aab03x--\r\n",
    "\r\n --AaB03x--\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autofree char *body
          = g_strconcat ("--AaB03x\r\nContent-Disposition: form-data; name=a\r\n\r\n", contents[i],
                         "\r\n" FIELD ("b", "2") END, NULL);
      g_autofree char *said = g_strconcat ("a=", contents[i], ";b=2;", NULL);

      assert_parse (body, said);
    }
}

/* Test boundaries of every shape that clients make. */
static void
test_boundaries (void)
{
  const char *boundaries[] = {
    "a",
    "----WebKitFormBoundary7MA4YWxkTrZu0gW",
    "---------------------------9051914041544843365972754266",
    "b0f2c6b4-5a4e-4d6c-9c0e-1f8e9a7b6c5d",
    "1234567890123456789012345678901234567890123456789012345678901234567890",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (boundaries); i++)
    {
      g_autofree char *type
          = g_strconcat ("Multipart/Form-Data;charset=utf-8; Boundary=", boundaries[i], NULL);
      g_autofree char *quoted
          = g_strconcat ("multipart/form-data; boundary=\"", boundaries[i], "\"", NULL);
      g_autofree char *body = g_strconcat (
          "--", boundaries[i], "\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--",
          boundaries[i], "--\r\n", NULL);

      assert_parse_full (type, body, strlen (body), DOU_STATUS_OK, "a=1;");
      assert_parse_full (quoted, body, strlen (body), DOU_STATUS_OK, "a=1;");
    }

  assert_parse_full ("multipart/form-data; boundary=\"a b'()+_,-./:=?\"", "--a b'()+_,-./:=?--",
                     strlen ("--a b'()+_,-./:=?--"), DOU_STATUS_OK, "");
}

static void
mutate (GString *body, GRand *random)
{
  const char *pieces[] = { "\r", "\n", "\r\n", "--", "--AaB03x", "\"", ";", "=", ":", "\\", " " };
  gint32 at = g_rand_int_range (random, 0, (gint32) body->len);
  gint32 count = g_rand_int_range (random, 1, 12);

  switch (g_rand_int_range (random, 0, 3))
    {
    case 0:
      body->str[at] = (char) g_rand_int_range (random, 0, 256);
      break;
    case 1:
      g_string_erase (body, at, MIN (count, (gint32) body->len - at));
      break;
    default:
      g_string_insert (body, at, pieces[count % G_N_ELEMENTS (pieces)]);
      break;
    }
}

/* Test that whatever is done to a body, one piece and many say the same, and nothing crashes. The
 * seed is fixed: a failure is the same each time. */
static void
test_mutations (void)
{
  const char *seed = "pre\r\n" FIELD ("title", "a\r\n--AaB03\r\nb")
      PART ("Content-Disposition: form-data; name=\"data\"; filename=\"a.mp4\"\r\n"
            "Content-Type: video/mp4",
            "\r\n--AaB03x-\r\r\n") END "post";
  g_autoptr (GRand) random = g_rand_new_with_seed (20230101);

  for (guint round = 0; round < 20000; round++)
    {
      g_autoptr (GString) body = g_string_new (seed);
      g_auto (Recorder) whole = { .said = g_string_new (NULL) };
      g_auto (Recorder) split = { .said = g_string_new (NULL) };
      gint32 size = g_rand_int_range (random, 1, 40);
      DouStatus status;

      for (gint32 n = g_rand_int_range (random, 1, 6); n > 0; n--)
        mutate (body, random);

      status = parse_with (&whole, CONTENT_TYPE, body->str, body->len, body->len, body->len);
      g_assert_cmpint (parse_with (&split, CONTENT_TYPE, body->str, body->len, size, size), ==,
                       status);
      g_assert_cmpmem (whole.said->str, whole.said->len, split.said->str, split.said->len);
    }
}

/* Test, and with -m perf measure, that large content arrives complete. */
static void
test_large (void)
{
  const gsize size = 1 << 20;
  const gsize piece = 8192;
  guint rounds = g_test_perf () ? 2000 : 2;
  g_autofree guint8 *content = g_malloc (size);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_auto (Recorder) recorder = { .said = g_string_sized_new (size) };
  g_autoptr (DouMultipartParser) parser
      = dou_multipart_parser_new (CONTENT_TYPE, &recording_handler, &recorder);
  const char *head = "--AaB03x\r\nContent-Disposition: form-data; name=a\r\n\r\n";
  double speed;

  for (gsize i = 0; i < size; i++)
    content[i] = (guint8) g_rand_int (random);

  g_assert_cmpint (dou_multipart_parser_feed (parser, (const guint8 *) head, strlen (head)), ==,
                   DOU_STATUS_OK);

  g_test_timer_start ();
  for (guint round = 0; round < rounds; round++)
    {
      g_string_truncate (recorder.said, 0);
      for (gsize i = 0; i < size; i += piece)
        g_assert_cmpint (dou_multipart_parser_feed (parser, content + i, piece), ==, DOU_STATUS_OK);
      g_assert_cmpmem (recorder.said->str, recorder.said->len, content, size);
    }

  speed = rounds * (double) size / 1e6 / g_test_timer_elapsed ();
  if (g_test_perf ())
    g_test_maximized_result (speed, "%.0f MB/s", speed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/multipart-parser/content-type-refused", test_content_type_refused);
  g_test_add_func ("/gateway/multipart-parser/truncated", test_truncated);
  g_test_add_func ("/gateway/multipart-parser/head-refused", test_head_refused);
  g_test_add_func ("/gateway/multipart-parser/head-limit", test_head_limit);
  g_test_add_func ("/gateway/multipart-parser/part-limit", test_part_limit);
  g_test_add_func ("/gateway/multipart-parser/handler-refuses", test_handler_refuses);
  g_test_add_func ("/gateway/multipart-parser/forms", test_forms);
  g_test_add_func ("/gateway/multipart-parser/names", test_names);
  g_test_add_func ("/gateway/multipart-parser/nearly-boundary", test_nearly_boundary);
  g_test_add_func ("/gateway/multipart-parser/boundaries", test_boundaries);
  g_test_add_func ("/gateway/multipart-parser/mutations", test_mutations);
  g_test_add_func ("/gateway/multipart-parser/large", test_large);

  return g_test_run ();
}
