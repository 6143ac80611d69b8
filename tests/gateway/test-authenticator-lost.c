/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-status.h"
#include "gateway/dou-authenticator.h"
#include "gateway/dou-test-services.h"
#include "lib/dou-manual-clock.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-wait.h"

#define NOW G_GINT64_CONSTANT (1700000000000)
#define KEYS "one AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n"

/* Test that what a service has told before it was lost, and what is heard of only then, does not count: the
 * password may have been changed between the two, and nobody been told. */
static void
test_lost (DouTestServices *services, gconstpointer data)
{
  g_autofree char *directory = dou_test_dir_new ();
  g_autofree char *path = g_build_filename (directory, "keys", NULL);
  g_autoptr (DouTokenKeys) keys = NULL;
  g_autoptr (DouManualClock) clock = dou_manual_clock_new (NOW);
  g_autoptr (DouAuthenticator) authenticator = NULL;
  g_autofree char *token = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  gint64 user = 0;

  g_assert_true (g_file_set_contents (path, KEYS, -1, NULL));
  keys = dou_token_keys_new_from_file (path, &error);
  g_assert_no_error (error);
  authenticator = dou_authenticator_new (keys, DOU_CLOCK (clock), services->backend, services->watch, 3600);
  token = dou_authenticator_issue (authenticator, 1, 0, &error);
  g_assert_no_error (error);

  dou_authenticator_prepare_async (authenticator, token, NULL, dou_test_wait_result_cb, &waited);
  dou_test_services_answer (services, "GetGenerations", "[1]", "[0]");
  /* Here the password is changed, and the service killed before it could tell. */
  dou_test_services_restart (services);
  dou_test_services_answer (services, "GetGenerations", "[1]", "[1]");
  result = dou_test_wait_result (&waited);
  g_assert_true (dou_authenticator_prepare_finish (authenticator, result, &error));
  g_assert_no_error (error);
  g_assert_cmpint (dou_authenticator_check (authenticator, token, &user), ==, DOU_STATUS_UNAUTHORIZED);
  dou_test_dir_remove (g_steal_pointer (&directory));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/gateway/authenticator-lost", DouTestServices, NULL, dou_test_services_set_up, test_lost,
              dou_test_services_tear_down);
  return g_test_run ();
}
