/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-metrics.h"
#include "common/dou-relay.h"
#include "social/dou-social-admin-impl.h"
#include "social/dou-social-impl.h"

#define PROGRAM "doutok-social"

int
main (int argc, char **argv)
{
  g_autoptr (DouService) service = NULL;
  g_autoptr (DouSocialStore) store = NULL;
  g_autoptr (DouClock) clock = NULL;
  g_autoptr (DouSocialManager) manager = NULL;
  g_autoptr (DouRetention) retention = NULL;
  g_autoptr (DouSocialImpl) impl = NULL;
  g_autoptr (DouSocialAdminImpl) admin = NULL;
  g_autoptr (DouRelay) relay = NULL;
  g_autoptr (DouDatabaseAddress) address = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  service = dou_service_new (PROGRAM, &argc, &argv, NULL, &error);
  if (service == NULL || !dou_service_measure (service, DOU_METRICS_SOCIAL, &error))
    return dou_service_fail (PROGRAM, error);

  address
      = dou_database_address_new_from_config (dou_service_get_config (service), "social", &error);
  store = address != NULL ? dou_social_store_open (address, &error) : NULL;
  if (store == NULL)
    return dou_service_fail (PROGRAM, error);

  clock = dou_system_clock_new ();
  manager = dou_social_manager_new (store, clock, &error);
  if (manager == NULL)
    return dou_service_fail (PROGRAM, error);

  retention = dou_social_store_start_retention (store, clock);
  impl = dou_social_impl_new (service, manager);
  admin = dou_social_admin_impl_new (service, manager);
  if (!dou_service_add_interface (service, G_DBUS_INTERFACE_SKELETON (admin), "/org/doutok/Social",
                                  &error)
      || !dou_service_export (service, G_DBUS_INTERFACE_SKELETON (impl), "/org/doutok/Social",
                              "org.doutok.Social", &error))
    return dou_service_fail (PROGRAM, error);

  relay = dou_relay_new_for_service (service, G_DBUS_INTERFACE_SKELETON (impl));
  status = dou_service_run (service);
  dou_social_store_close (store);
  return status;
}
