/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib-object.h>

#include "common/dou-status.h"

G_BEGIN_DECLS

/**
 * DouTokenClaims:
 * @user_id: whom a token stands for
 * @generation: how often that user had changed the password when it was issued
 * @expiry: until when it is valid, Unix time in seconds
 *
 * What a login token says.
 */
typedef struct
{
  gint64 user_id;
  gint64 generation;
  gint64 expiry;
} DouTokenClaims;

/**
 * DouTokenKeys:
 *
 * The secrets that login tokens are signed with. The file has one key a line, `NAME SECRET`, the secret
 * in base64url without padding, 32 bytes or more. The first key signs; the others are still accepted,
 * so that keys can be rotated without logging everybody out. Lines that begin with # are comments.
 */
#define DOU_TYPE_TOKEN_KEYS (dou_token_keys_get_type ())
G_DECLARE_FINAL_TYPE (DouTokenKeys, dou_token_keys, DOU, TOKEN_KEYS, GObject)

DouTokenKeys *dou_token_keys_new_from_file (const char *path, GError **error);

char *dou_token_keys_sign (DouTokenKeys *self, const DouTokenClaims *claims, gint64 now,
                           GError **error);
void dou_token_keys_derive (DouTokenKeys *self, const char *purpose, guint8 *bytes, gsize n_bytes);
gboolean dou_token_keys_verify (DouTokenKeys *self, const char *token, gint64 now,
                                DouTokenClaims *claims);

G_END_DECLS
