/* SPDX-License-Identifier: Apache-2.0 */

/* The archive that users take along, and the JSON in it, as libarchive reads them back. */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "common/dou-status.h"
#include "export/dou-export-json.h"
#include "export/dou-export.h"
#include "lib/dou-test-dir.h"

typedef struct
{
  char *directory; /* (owned) */
  int fd;          /* (owned) */
  DouZip *zip;     /* (owned) (nullable) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  fixture->fd = dou_export_open_unnamed (fixture->directory, &error);
  g_assert_no_error (error);
  fixture->zip = dou_zip_new (fixture->fd, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDir) left = g_dir_open (fixture->directory, 0, NULL);

  g_assert_null (g_dir_read_name (left));
  g_clear_pointer (&fixture->zip, dou_zip_free);
  close (fixture->fd);
  dou_test_dir_remove (fixture->directory);
}

static void
write_all (Fixture *fixture, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dou_zip_write (fixture->zip, text, strlen (text), &error));
  g_assert_no_error (error);
}

/* Ends the archive, and opens it for reading. Returns: (transfer full) */
static struct archive *
reopen (Fixture *fixture)
{
  struct archive *reader = archive_read_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (dou_zip_finish (fixture->zip, &error));
  g_assert_no_error (error);
  g_assert_cmpint (lseek (fixture->fd, 0, SEEK_END), ==, (off_t) dou_zip_get_size (fixture->zip));
  g_assert_cmpint (lseek (fixture->fd, 0, SEEK_SET), ==, 0);
  archive_read_support_format_zip_seekable (reader);
  g_assert_cmpint (archive_read_open_fd (reader, fixture->fd, 4096), ==, ARCHIVE_OK);
  return reader;
}

static void
assert_entry (struct archive *reader, const char *name, const char *content)
{
  struct archive_entry *entry = NULL;
  char buffer[1024];
  la_ssize_t n;

  g_assert_cmpint (archive_read_next_header (reader, &entry), ==, ARCHIVE_OK);
  g_assert_cmpstr (archive_entry_pathname (entry), ==, name);
  g_assert_cmpint (archive_entry_mode (entry) & 07777, ==, 0600);
  n = archive_read_data (reader, buffer, sizeof buffer);
  g_assert_cmpmem (buffer, n, content, strlen (content));
}

static void
assert_end (struct archive *reader)
{
  struct archive_entry *entry = NULL;

  g_assert_cmpint (archive_read_next_header (reader, &entry), ==, ARCHIVE_EOF);
  archive_read_free (reader);
}

/* Test that what is written in pieces is read as a whole, and that nothing is an entry, too. */
static void
test_entries (Fixture *fixture, gconstpointer data)
{
  struct archive *reader;

  g_assert_true (dou_zip_begin_text (fixture->zip, "a.json", NULL));
  write_all (fixture, "[1,");
  write_all (fixture, "2]");
  g_assert_true (dou_zip_begin_media (fixture->zip, "media/a.jpg", 5, 1700000000, NULL));
  write_all (fixture, "12345");
  g_assert_true (dou_zip_begin_media (fixture->zip, "media/empty.jpg", 0, 0, NULL));
  g_assert_true (dou_zip_begin_text (fixture->zip, "index.json", NULL));
  write_all (fixture, "{}");

  reader = reopen (fixture);
  assert_entry (reader, "a.json", "[1,2]");
  assert_entry (reader, "media/a.jpg", "12345");
  assert_entry (reader, "media/empty.jpg", "");
  assert_entry (reader, "index.json", "{}");
  assert_end (reader);
}

/* Test that a file that is shorter than was said spoils the archive, whether another comes or not. */
static void
test_short (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) next_error = NULL;
  g_autoptr (GError) end_error = NULL;

  g_assert_true (dou_zip_begin_media (fixture->zip, "media/a.jpg", 5, 0, NULL));
  write_all (fixture, "1234");
  g_assert_false (dou_zip_begin_text (fixture->zip, "index.json", &next_error));
  g_assert_error (next_error, DOU_ERROR, DOU_STATUS_INTERNAL);
  g_assert_false (dou_zip_finish (fixture->zip, &end_error));
  g_assert_error (end_error, DOU_ERROR, DOU_STATUS_INTERNAL);
}

/* Test that JSON is laid out for people, with any text, and goes into the archive piece by piece. */
static void
test_json (Fixture *fixture, gconstpointer data)
{
  g_auto (DouExportJson) json = { 0 };
  struct archive *reader;

  g_assert_true (dou_zip_begin_text (fixture->zip, "a.json", NULL));
  dou_export_json_init (&json, fixture->zip);
  dou_export_json_begin (&json, NULL, '[');
  dou_export_json_begin (&json, NULL, '{');
  dou_export_json_number (&json, "id", 9007199254740991);
  dou_export_json_string (&json, "te\"xt", "a\n“b”\\\x01");
  dou_export_json_string (&json, "none", NULL);
  dou_export_json_time (&json, "time", 1700000000007);
  dou_export_json_time (&json, "never", 0);
  dou_export_json_begin (&json, "empty", '[');
  dou_export_json_end (&json, ']');
  dou_export_json_end (&json, '}');
  g_assert_true (dou_export_json_flush (&json, NULL));
  dou_export_json_begin (&json, NULL, '{');
  dou_export_json_end (&json, '}');
  dou_export_json_end (&json, ']');
  g_assert_true (dou_export_json_finish (&json, NULL));

  reader = reopen (fixture);
  assert_entry (reader, "a.json",
                "[\n"
                "  {\n"
                "    \"id\": 9007199254740991,\n"
                "    \"te\\\"xt\": \"a\\n“b”\\\\\\u0001\",\n"
                "    \"none\": null,\n"
                "    \"time\": \"2023-11-14T22:13:20.007Z\",\n"
                "    \"never\": null,\n"
                "    \"empty\": []\n"
                "  },\n"
                "  {}\n"
                "]\n");
  assert_end (reader);
}

/* Test that a directory that is not there is said to be the reason. */
static void
test_no_directory (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (dou_export_open_unnamed ("/nonexistent", &error), ==, -1);
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/export/zip/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("entries", test_entries);
  ADD ("short", test_short);
  ADD ("json", test_json);
#undef ADD
  g_test_add_func ("/export/zip/no-directory", test_no_directory);

  return g_test_run ();
}
