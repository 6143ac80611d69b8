/* SPDX-License-Identifier: Apache-2.0 */

/* org.doutok.User1.Admin, see dbus.c. */

#include "config.h"

#include "fuzz/dbus.h"
#include "user/dou-user-admin-impl.h"
#include "user/dou-user-impl.h"

/* The least that libsodium takes. */
#define CHEAP_PASSES 1
#define CHEAP_MEMORY 8192
#define MAX_PASSWORD 32

static DouUserAdminImpl *impl;

static void
set_up (void)
{
  g_autoptr (DouDatabaseAddress) address
      = dou_database_address_new_in (fuzz_dbus_get_directory (), "user");
  g_autoptr (GError) error = NULL;
  g_autoptr (DouUserStore) store = dou_user_store_open (address, &error);
  g_autoptr (DouPasswordHasher) hasher
      = dou_password_hasher_new_with_cost (CHEAP_PASSES, CHEAP_MEMORY, DOU_USER_ITEMS_MAX);
  g_autoptr (DouUserManager) manager = NULL;

  g_assert_no_error (error);
  manager = dou_user_manager_new (store, hasher, MAX_PASSWORD, &error);
  g_assert_no_error (error);
  impl = dou_user_admin_impl_new (fuzz_dbus_get_service (), manager);
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
