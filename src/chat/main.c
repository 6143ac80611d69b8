/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "chat/dou-chat-impl.h"
#include "common/dou-metrics.h"
#include "common/dou-relay.h"

#define PROGRAM "doutok-chat"

int
main (int argc, char **argv)
{
  g_autoptr (DouService) service = NULL;
  g_autoptr (DouChatStore) store = NULL;
  g_autoptr (DouClock) clock = NULL;
  g_autoptr (DouChatManager) manager = NULL;
  g_autoptr (DouChatImpl) impl = NULL;
  g_autoptr (DouRelay) relay = NULL;
  g_autoptr (DouDatabaseAddress) address = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  service = dou_service_new (PROGRAM, &argc, &argv, NULL, &error);
  if (service == NULL || !dou_service_measure (service, DOU_METRICS_CHAT, &error))
    return dou_service_fail (PROGRAM, error);

  address
      = dou_database_address_new_from_config (dou_service_get_config (service), "chat", &error);
  store = address != NULL ? dou_chat_store_open (address, &error) : NULL;
  if (store == NULL)
    return dou_service_fail (PROGRAM, error);

  clock = dou_system_clock_new ();
  manager = dou_chat_manager_new (store, clock, &error);
  if (manager == NULL)
    return dou_service_fail (PROGRAM, error);

  impl = dou_chat_impl_new (service, manager);
  if (!dou_service_export (service, G_DBUS_INTERFACE_SKELETON (impl), "/org/doutok/Chat",
                           "org.doutok.Chat", &error))
    return dou_service_fail (PROGRAM, error);

  relay = dou_relay_new_for_service (service, G_DBUS_INTERFACE_SKELETON (impl));
  status = dou_service_run (service);
  dou_chat_store_close (store);
  return status;
}
