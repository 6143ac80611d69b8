/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-status.h"
#include "user/dou-password-hasher.h"
#include "user/dou-user-store.h"

G_BEGIN_DECLS

/* The longest user name, in characters. */
#define DOU_USER_NAME_MAX 32

/**
 * DouUserAccount:
 *
 * Somebody who wants to register (with the id that the caller made) or to log in (without). Texts
 * are as they came.
 */
typedef struct
{
  gint64 id;
  const char *name;     /* (unowned) */
  const char *password; /* (unowned) */
} DouUserAccount;

/**
 * DouUserOutcome:
 *
 * What became of one account of a call.
 */
typedef struct
{
  DouStatus status;
  gint64 id;         /* 0 unless status is DOU_STATUS_OK */
  gint64 generation; /* how often the password was changed; 0 unless status is DOU_STATUS_OK */
} DouUserOutcome;

/**
 * DouUserPasswordChange:
 *
 * A user who wants another password. Texts are as they came.
 */
typedef struct
{
  gint64 id;
  const char *old_password; /* (unowned) */
  const char *new_password; /* (unowned) */
} DouUserPasswordChange;

/**
 * DouUserGeneration:
 *
 * A user, and how often the password was changed, or a ban began or ended; with %DOU_GENERATION_BANNED
 * while the user is banned.
 */
typedef struct
{
  gint64 id;
  gint64 generation;
} DouUserGeneration;

/**
 * DouUserManager:
 *
 * The rules of accounts, without bus or SQL.
 */
#define DOU_TYPE_USER_MANAGER (dou_user_manager_get_type ())
G_DECLARE_FINAL_TYPE (DouUserManager, dou_user_manager, DOU, USER_MANAGER, GObject)

DouUserManager *dou_user_manager_new (DouUserStore *store, DouPasswordHasher *hasher,
                                      glong max_password, GError **error);

DouUserStore *dou_user_manager_get_store (DouUserManager *self);
gint64 dou_user_manager_get_user_count (DouUserManager *self);

void dou_user_manager_register_async (DouUserManager *self, const DouUserAccount *accounts,
                                      guint n_accounts, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_user_manager_register_finish (DouUserManager *self, GAsyncResult *result,
                                          GError **error);

void dou_user_manager_login_async (DouUserManager *self, const DouUserAccount *accounts,
                                   guint n_accounts, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_user_manager_login_finish (DouUserManager *self, GAsyncResult *result, GError **error);

void dou_user_manager_get_users_async (DouUserManager *self, const gint64 *ids, guint n_ids,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data);
GPtrArray *dou_user_manager_get_users_finish (DouUserManager *self, GAsyncResult *result,
                                              GError **error);

void dou_user_manager_get_generations_async (DouUserManager *self, const gint64 *ids, guint n_ids,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_user_manager_get_generations_finish (DouUserManager *self, GAsyncResult *result,
                                                 GError **error);

void dou_user_manager_change_passwords_async (DouUserManager *self,
                                              const DouUserPasswordChange *changes, guint n_changes,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_user_manager_change_passwords_finish (DouUserManager *self, GAsyncResult *result,
                                                  GError **error);

void dou_user_manager_set_profiles_async (DouUserManager *self, const DouUserEdit *edits,
                                          guint n_edits, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_user_manager_set_profiles_finish (DouUserManager *self, GAsyncResult *result,
                                              GError **error);

void dou_user_manager_set_bans_async (DouUserManager *self, const DouUserBan *bans, guint n_bans,
                                      const DouCaller *caller, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_user_manager_set_bans_finish (DouUserManager *self, GAsyncResult *result,
                                          GError **error);

void dou_user_manager_reset_passwords_async (DouUserManager *self, const DouUserReset *resets,
                                             guint n_resets, const DouCaller *caller,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_user_manager_reset_passwords_finish (DouUserManager *self, GAsyncResult *result,
                                                 GError **error);

void dou_user_manager_export_async (DouUserManager *self, const DouUserExport *exports,
                                    guint n_exports, const DouCaller *caller,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
GVariant *dou_user_manager_export_finish (DouUserManager *self, GAsyncResult *result,
                                          GError **error);

void dou_user_manager_delete_async (DouUserManager *self, const DouUserDeletion *deletions,
                                    guint n_deletions, const DouCaller *caller,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
GArray *dou_user_manager_delete_finish (DouUserManager *self, GAsyncResult *result, GError **error);

void dou_user_manager_find_async (DouUserManager *self, const char *const *names, guint n_names,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data);
GArray *dou_user_manager_find_finish (DouUserManager *self, GAsyncResult *result, GError **error);

G_END_DECLS
