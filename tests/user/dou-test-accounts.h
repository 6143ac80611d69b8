/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "user/dou-user-manager.h"

G_BEGIN_DECLS

/* The least passes over the memory that libsodium takes. */
#define DOU_TEST_ACCOUNTS_PASSES 1
#define DOU_TEST_ACCOUNTS_MAX_PENDING 256
#define DOU_TEST_ACCOUNTS_MAX_PASSWORD 32

/**
 * DouTestAccounts:
 *
 * A fixture: the manager on a store of its own, without bus.
 */
typedef struct
{
  char *directory;           /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouUserStore *store;       /* (owned) */
  DouPasswordHasher *hasher; /* (owned) */
  DouUserManager *manager;   /* (owned) */
} DouTestAccounts;

void dou_test_accounts_set_up (DouTestAccounts *self, gconstpointer data);
void dou_test_accounts_tear_down (DouTestAccounts *self, gconstpointer data);
void dou_test_accounts_restart (DouTestAccounts *self, guint passes, guint max_pending,
                                glong max_password);

GArray *dou_test_accounts_register (DouTestAccounts *self, const DouUserAccount *accounts,
                                    guint n_accounts);
char *dou_test_accounts_get_hash (DouTestAccounts *self, const char *key);

void dou_test_accounts_assert_outcome (GArray *outcomes, guint i, DouStatus status, gint64 id);
void dou_test_accounts_assert_registered (DouTestAccounts *self, gint64 id, const char *name,
                                          const char *password, DouStatus expected);
void dou_test_accounts_assert_login (DouTestAccounts *self, const char *name, const char *password,
                                     gint64 expected);

G_END_DECLS
