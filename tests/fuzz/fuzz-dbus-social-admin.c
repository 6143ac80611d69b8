/* SPDX-License-Identifier: Apache-2.0 */

/* org.doutok.Social1.Admin, see dbus.c. */

#include "config.h"

#include "fuzz/dbus.h"
#include "social/dou-social-admin-impl.h"

static DouSocialAdminImpl *impl;

static void
set_up (void)
{
  g_autoptr (DouDatabaseAddress) address
      = dou_database_address_new_in (fuzz_dbus_get_directory (), "social");
  g_autoptr (DouClock) clock = dou_system_clock_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DouSocialStore) store = dou_social_store_open (address, &error);
  g_autoptr (DouSocialManager) manager = NULL;

  g_assert_no_error (error);
  manager = dou_social_manager_new (store, clock, &error);
  g_assert_no_error (error);
  impl = dou_social_admin_impl_new (fuzz_dbus_get_service (), manager);
  fuzz_dbus_export (G_DBUS_INTERFACE_SKELETON (impl));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (impl == NULL)
    set_up ();

  fuzz_dbus_call (G_DBUS_INTERFACE_SKELETON (impl), data, size);
  return 0;
}
