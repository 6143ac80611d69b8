/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-status.h"

/* Test that a number from a newer service reads as an internal error. */
static void
test_unknown (void)
{
  g_assert_true (dou_status_get_info (9999) == dou_status_get_info (DOU_STATUS_INTERNAL));
  g_assert_true (dou_status_get_info ((DouStatus) -1) == dou_status_get_info (DOU_STATUS_INTERNAL));
}

/* Test that every row is filled, and its HTTP code is one the contract knows. */
static void
test_table (void)
{
  const guint http_codes[] = { 200, 400, 404, 405, 408, 413, 429, 503 };

  for (gint status = DOU_STATUS_OK; status < DOU_N_STATUSES; status++)
    {
      const DouStatusInfo *info = dou_status_get_info (status);
      gboolean known = FALSE;

      g_assert_nonnull (info->message);
      g_assert_cmpint (status == DOU_STATUS_OK, ==, info->status_code == 0);
      g_assert_cmpint (status == DOU_STATUS_OK, ==, info->dbus_name == NULL);
      for (gsize i = 0; i < G_N_ELEMENTS (http_codes); i++)
        known = known || info->http_code == http_codes[i];
      g_assert_true (known);
    }
}

/* Test that an error keeps its status on the way over a bus. */
static void
test_dbus_round_trip (void)
{
  for (gint status = DOU_STATUS_OK + 1; status < DOU_N_STATUSES; status++)
    {
      g_autoptr (GError) sent = g_error_new (DOU_ERROR, status, "why");
      g_autofree char *name = g_dbus_error_encode_gerror (sent);
      g_autoptr (GError) received = g_dbus_error_new_for_dbus_error (name, "why");

      g_assert_cmpstr (name, ==, dou_status_get_info (status)->dbus_name);
      g_assert_cmpint (dou_status_from_error (received), ==, status);
    }
}

/* Test that errors of other domains are judged by what the caller can do. */
static void
test_foreign_errors (void)
{
  g_autoptr (GError) lost = g_error_new (G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY, "gone");
  g_autoptr (GError) full = g_error_new (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "full");
  g_autoptr (GError) other = g_error_new (G_FILE_ERROR, G_FILE_ERROR_NOENT, "absent");

  g_assert_cmpint (dou_status_from_error (NULL), ==, DOU_STATUS_OK);
  g_assert_cmpint (dou_status_from_error (lost), ==, DOU_STATUS_UNAVAILABLE);
  g_assert_cmpint (dou_status_from_error (full), ==, DOU_STATUS_DISK_FULL);
  g_assert_cmpint (dou_status_from_error (other), ==, DOU_STATUS_INTERNAL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/status/unknown", test_unknown);
  g_test_add_func ("/common/status/table", test_table);
  g_test_add_func ("/common/status/dbus-round-trip", test_dbus_round_trip);
  g_test_add_func ("/common/status/foreign-errors", test_foreign_errors);

  return g_test_run ();
}
