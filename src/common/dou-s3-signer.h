/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The longest life of a signed address, in seconds: seven days, which is what S3 accepts. */
#define DOU_S3_SIGNER_MAX_EXPIRES (7 * 24 * 60 * 60)

/**
 * DouS3Signer:
 *
 * Signs requests to an S3-compatible object store with one pair of keys, for one region. It holds no
 * state between two calls.
 */
typedef struct _DouS3Signer DouS3Signer;

DouS3Signer *dou_s3_signer_new (const char *region, const char *access_key, const char *secret_key);
void dou_s3_signer_free (DouS3Signer *self);

char *dou_s3_signer_target (const char *path, GHashTable *query);
void dou_s3_signer_sign (DouS3Signer *self, const char *method, const char *path, GHashTable *query,
                         GHashTable *headers, const char *payload_sha256, GDateTime *when);
char *dou_s3_signer_presign (DouS3Signer *self, const char *method, const char *host,
                             const char *path, guint expires, GDateTime *when);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouS3Signer, dou_s3_signer_free)

G_END_DECLS
