/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-metrics.h"
#include "common/dou-relay.h"
#include "user/dou-token-store.h"
#include "user/dou-user-admin-impl.h"
#include "user/dou-user-eraser.h"
#include "user/dou-user-impl.h"

#define PROGRAM "doutok-user"

int
main (int argc, char **argv)
{
  g_autoptr (DouService) service = NULL;
  g_autoptr (DouUserStore) store = NULL;
  g_autoptr (DouPasswordHasher) hasher = NULL;
  g_autoptr (DouUserManager) manager = NULL;
  g_autoptr (DouClock) clock = NULL;
  g_autoptr (DouRetention) retention = NULL;
  g_autoptr (DouUserEraser) eraser = NULL;
  g_autoptr (DouUserImpl) impl = NULL;
  g_autoptr (DouUserAdminImpl) admin = NULL;
  g_autoptr (DouRelay) relay = NULL;
  g_autoptr (DouDatabaseAddress) address = NULL;
  g_autofree char *keys_path = NULL;
  g_autoptr (GError) error = NULL;
  glong max_password;
  int status;

  service = dou_service_new (PROGRAM, &argc, &argv, NULL, &error);
  if (service == NULL || !dou_service_measure (service, DOU_METRICS_USER, &error))
    return dou_service_fail (PROGRAM, error);

  address
      = dou_database_address_new_from_config (dou_service_get_config (service), "user", &error);
  store = address != NULL ? dou_user_store_open (address, &error) : NULL;
  if (store == NULL)
    return dou_service_fail (PROGRAM, error);

  keys_path = g_build_filename (dou_service_get_state_dir (service), "token-keys", NULL);
  if (!dou_database_address_is_file (address)
      && !dou_token_store_share (address, keys_path, &error))
    return dou_service_fail (PROGRAM, error);

  hasher = dou_password_hasher_new ();
  max_password = (glong) dou_config_get_int64 (dou_service_get_config (service),
                                               DOU_CONFIG_MAX_PASSWORD);
  manager = dou_user_manager_new (store, hasher, max_password, &error);
  if (manager == NULL)
    return dou_service_fail (PROGRAM, error);

  clock = dou_system_clock_new ();
  retention = dou_user_store_start_retention (store, clock);
  impl = dou_user_impl_new (service, manager);
  admin = dou_user_admin_impl_new (service, manager);
  if (!dou_service_add_interface (service, G_DBUS_INTERFACE_SKELETON (admin), "/org/doutok/User",
                                  &error)
      || !dou_service_export (service, G_DBUS_INTERFACE_SKELETON (impl), "/org/doutok/User",
                              "org.doutok.User", &error))
    return dou_service_fail (PROGRAM, error);

  eraser = dou_user_eraser_new (store, dou_service_get_connection (service));
  g_signal_connect_object (manager, "deleted", G_CALLBACK (dou_user_eraser_resume), eraser,
                           G_CONNECT_SWAPPED);
  dou_user_eraser_resume (eraser);
  relay = dou_relay_new_for_service (service, G_DBUS_INTERFACE_SKELETON (impl));
  status = dou_service_run (service);
  dou_user_store_close (store);
  return status;
}
