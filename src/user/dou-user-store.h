/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-database-address.h"
#include "common/dou-retention.h"
#include "user/dou-user-act.h"
#include "user/dou-user-edit.h"
#include "user/dou-user.h"

G_BEGIN_DECLS

/**
 * DouUserRow:
 *
 * A user as it goes into the store. Texts are valid UTF-8.
 */
typedef struct
{
  gint64 id;
  const char *name;          /* (unowned) */
  const char *key;           /* (unowned) under which the name is unique */
  const char *password_hash; /* (unowned) */
} DouUserRow;

/**
 * DouUserSecret:
 *
 * A user's password: its hash, and how often it was changed; all 0 and %NULL for nobody.
 */
typedef struct
{
  gint64 id;
  char *password_hash; /* (owned) (nullable) */
  gint64 generation;
  gint64 banned; /* since when, in milliseconds since 1970; 0 if not */
} DouUserSecret;

/**
 * DouUserHashChange:
 *
 * A user whose password is going to be another one.
 */
typedef struct
{
  gint64 id;
  const char *old_hash; /* (unowned) the one that is to be there still */
  const char *new_hash; /* (unowned) */
} DouUserHashChange;

/**
 * DouUserEffect:
 * @DOU_USER_ABSENT: there is no such user
 * @DOU_USER_SAME: everything was so already
 * @DOU_USER_CHANGED: something is different now
 *
 * What a change did to a user.
 */
typedef enum
{
  DOU_USER_ABSENT,
  DOU_USER_SAME,
  DOU_USER_CHANGED,
} DouUserEffect;

/**
 * DouUserStore:
 *
 * The tables of the user domain. Every call is for many users at once, and answers in their order.
 */
#define DOU_TYPE_USER_STORE (dou_user_store_get_type ())
G_DECLARE_FINAL_TYPE (DouUserStore, dou_user_store, DOU, USER_STORE, GObject)

DouUserStore *dou_user_store_open (const DouDatabaseAddress *address, GError **error);
void dou_user_store_close (DouUserStore *self);

const char *dou_user_store_get_engine (DouUserStore *self);
guint dou_user_store_get_schema_version (DouUserStore *self);

gint64 dou_user_store_count (DouUserStore *self, GError **error);

void dou_user_store_find_async (DouUserStore *self, const char *const *keys, guint n_keys,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data);
GArray *dou_user_store_find_finish (DouUserStore *self, GAsyncResult *result, GError **error);

void dou_user_store_add_async (DouUserStore *self, const DouUserRow *rows, guint n_rows,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);
GArray *dou_user_store_add_finish (DouUserStore *self, GAsyncResult *result, gint64 *n_added,
                                   GError **error);

void dou_user_store_get_async (DouUserStore *self, const gint64 *ids, guint n_ids,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);
GPtrArray *dou_user_store_get_finish (DouUserStore *self, GAsyncResult *result, GError **error);

void dou_user_store_edit_async (DouUserStore *self, const DouUserEdit *edits, guint n_edits,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data);
GArray *dou_user_store_edit_finish (DouUserStore *self, GAsyncResult *result, GError **error);

void dou_user_store_replace_hash_async (DouUserStore *self, gint64 id, const char *old_hash,
                                        const char *new_hash, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_user_store_replace_hash_finish (DouUserStore *self, GAsyncResult *result,
                                             GError **error);

void dou_user_store_get_secrets_async (DouUserStore *self, const gint64 *ids, guint n_ids,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data);
GArray *dou_user_store_get_secrets_finish (DouUserStore *self, GAsyncResult *result,
                                           GError **error);

void dou_user_store_change_hashes_async (DouUserStore *self, const DouUserHashChange *changes,
                                         guint n_changes, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_user_store_change_hashes_finish (DouUserStore *self, GAsyncResult *result,
                                             GError **error);

void dou_user_store_get_generations_async (DouUserStore *self, const gint64 *ids, guint n_ids,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
GArray *dou_user_store_get_generations_finish (DouUserStore *self, GAsyncResult *result,
                                               GError **error);

void dou_user_store_set_bans_async (DouUserStore *self, const DouUserBan *bans, guint n_bans,
                                    const DouCaller *caller, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_user_store_set_bans_finish (DouUserStore *self, GAsyncResult *result, GError **error);

void dou_user_store_reset_passwords_async (DouUserStore *self, const DouUserReset *resets,
                                           guint n_resets, const DouCaller *caller,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
GArray *dou_user_store_reset_passwords_finish (DouUserStore *self, GAsyncResult *result,
                                               GError **error);

void dou_user_store_get_accounts_async (DouUserStore *self, const gint64 *ids, guint n_ids,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data);
GVariant *dou_user_store_get_accounts_finish (DouUserStore *self, GAsyncResult *result,
                                              GError **error);

/* Answer with dou_record_list_finish(). */
void dou_user_store_list_accounts_async (DouUserStore *self, GVariant *pages,
                                         GAsyncReadyCallback callback, gpointer user_data);
void dou_user_store_list_audit_async (DouUserStore *self, GVariant *pages,
                                      GAsyncReadyCallback callback, gpointer user_data);

void dou_user_store_export_async (DouUserStore *self, const DouUserExport *exports, guint n_exports,
                                  const DouCaller *caller, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
GVariant *dou_user_store_export_finish (DouUserStore *self, GAsyncResult *result, GError **error);

void dou_user_store_delete_async (DouUserStore *self, const DouUserDeletion *deletions,
                                  guint n_deletions, const DouCaller *caller,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data);
GArray *dou_user_store_delete_finish (DouUserStore *self, GAsyncResult *result, gint64 *n_deleted,
                                      GError **error);

void dou_user_store_list_deletions_async (DouUserStore *self, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data);
GArray *dou_user_store_list_deletions_finish (DouUserStore *self, GAsyncResult *result,
                                              GError **error);

void dou_user_store_forget_deletions_async (DouUserStore *self, const gint64 *ids, guint n_ids,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_user_store_forget_deletions_finish (DouUserStore *self, GAsyncResult *result,
                                                 GError **error);

DouRetention *dou_user_store_start_retention (DouUserStore *self, DouClock *clock);

G_END_DECLS
