/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"

G_BEGIN_DECLS

/**
 * DouObjectAddress:
 * @scheme: `http` or `https`
 * @host: whom requests are for, with the port unless it is the scheme's own; the bucket stands before
 *   it, or in the path
 * @path: what stands in every path before the name of an object: a slash, or the bucket between two
 * @region: as the store calls it
 * @access_key: who signs
 * @secret_key: with what
 * @redirects: whether clients are sent to the store
 *
 * Where an object store is, and who may use it.
 */
typedef struct
{
  char *scheme;     /* (owned) */
  char *host;       /* (owned) */
  char *path;       /* (owned) */
  char *region;     /* (owned) */
  char *access_key; /* (owned) */
  char *secret_key; /* (owned) */
  gboolean redirects;
} DouObjectAddress;

gboolean dou_object_address_load (DouConfig *config, DouObjectAddress **address, GError **error);
void dou_object_address_free (DouObjectAddress *self);
char *dou_object_address_get_origin (const DouObjectAddress *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouObjectAddress, dou_object_address_free)

G_END_DECLS
