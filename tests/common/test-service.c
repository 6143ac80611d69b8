/* SPDX-License-Identifier: Apache-2.0 */

/* A service whose bus goes away. */

#include "config.h"

#include <stdlib.h>

#include "lib/dou-test-bus.h"
#include "lib/dou-test-service.h"

/* Test that a bus that is lost while a name is asked for is the end, and no more than that: the answer that never comes
 * finds nothing that is gone. */
static void
test_lost_at_start (void)
{
  DouTestBus *bus = dou_test_bus_new ();
  DouService *service = dou_test_service_new (bus);

  dou_test_bus_kill (bus);
  dou_service_add_name (service, "org.doutok.Test");
  g_assert_cmpint (dou_service_run (service), ==, EXIT_FAILURE);
  while (g_main_context_iteration (NULL, FALSE))
    ;

  g_object_unref (service);
  dou_test_bus_free (bus);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/service/lost-at-start", test_lost_at_start);

  return g_test_run ();
}
