/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouPasswordHasher:
 *
 * Hashes passwords with Argon2id in threads of its own.
 */
#define DOU_TYPE_PASSWORD_HASHER (dou_password_hasher_get_type ())
G_DECLARE_FINAL_TYPE (DouPasswordHasher, dou_password_hasher, DOU, PASSWORD_HASHER, GObject)

DouPasswordHasher *dou_password_hasher_new (void);
DouPasswordHasher *dou_password_hasher_new_with_cost (guint passes, gsize memory,
                                                      guint max_pending);

void dou_password_hasher_hash_async (DouPasswordHasher *self, const char *password,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data);
char *dou_password_hasher_hash_finish (DouPasswordHasher *self, GAsyncResult *result,
                                       GError **error);

void dou_password_hasher_verify_async (DouPasswordHasher *self, const char *password,
                                       const char *hash, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
gboolean dou_password_hasher_verify_finish (DouPasswordHasher *self, GAsyncResult *result,
                                            gboolean *matches, char **new_hash, GError **error);

guint64 dou_password_hasher_get_n_runs (DouPasswordHasher *self);

char *dou_password_copy (const char *password);
void dou_password_wipe (char *password);

G_END_DECLS
