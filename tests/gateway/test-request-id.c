/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-request-id.h"

/* Test that nothing is taken that could be more than a word in a header or a line. */
static void
test_refused (void)
{
  static const char *const bad[]
      = { "", "a b", "a\nb", "a\r", "a,b", "a:b", "\"a\"", "a=b", "é", "a/b", "<a>", "a\x7f" };
  g_autofree char *long_id = g_strnfill (65, 'a');

  g_assert_false (dou_request_id_is_sane (NULL));
  g_assert_false (dou_request_id_is_sane (long_id));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    if (dou_request_id_is_sane (bad[i]))
      g_error ("“%s” was taken", bad[i]);
}

/* Test that what others use is taken. */
static void
test_taken (void)
{
  g_autofree char *long_id = g_strnfill (64, 'a');

  g_assert_true (dou_request_id_is_sane ("7"));
  g_assert_true (dou_request_id_is_sane ("0e7d3b8c-6a35-4a4e-9b62-6f2a4a0f4d11"));
  g_assert_true (dou_request_id_is_sane ("edge_1.A-b"));
  g_assert_true (dou_request_id_is_sane (long_id));
}

/* Test that ids are sane and differ. */
static void
test_mint (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < 10000; i++)
    {
      char id[DOU_REQUEST_ID_LENGTH + 1];

      dou_request_id_mint (id);
      g_assert_true (dou_request_id_is_sane (id));
      g_assert_cmpuint (strlen (id), ==, DOU_REQUEST_ID_LENGTH);
      g_assert_true (g_hash_table_add (seen, g_strdup (id)));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/request-id/refused", test_refused);
  g_test_add_func ("/request-id/taken", test_taken);
  g_test_add_func ("/request-id/mint", test_mint);
  return g_test_run ();
}
