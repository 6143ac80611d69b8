/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouObjectError:
 * @DOU_OBJECT_ERROR_DENIED: 403 AccessDenied: stores say so of an object that is not there to whoever may not list the
 *   bucket, and of all objects to whoever may not read any. Which it is only the operator can tell.
 * @DOU_OBJECT_ERROR_FORBIDDEN: 403 for another reason, or without one, as the answer to HEAD
 * @DOU_OBJECT_ERROR_NO_BUCKET: 404 NoSuchBucket; after HEAD it cannot be told from an object that is not there
 * @DOU_OBJECT_ERROR_REFUSED: anything else
 *
 * Why a store that could be asked has said no. All of it is a matter of its configuration or ours, and to clients
 * %DOU_STATUS_INTERNAL unless somebody knows better (dou_media_proxy_get_status()); that there is no such object is not
 * among it (%DOU_STATUS_NOT_FOUND).
 */
typedef enum
{
  DOU_OBJECT_ERROR_DENIED,
  DOU_OBJECT_ERROR_FORBIDDEN,
  DOU_OBJECT_ERROR_NO_BUCKET,
  DOU_OBJECT_ERROR_REFUSED,
} DouObjectError;

#define DOU_OBJECT_ERROR (dou_object_error_quark ())
GQuark dou_object_error_quark (void);

GError *dou_object_error_new (guint http_code, const char *code, const char *message);

G_END_DECLS
