/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-object-error.h"
#include "common/dou-status.h"

/* Of HTTP. */
#define FORBIDDEN 403
#define NOT_FOUND 404

G_DEFINE_QUARK (dou-object-error-quark, dou_object_error)

/**
 * dou_object_error_new:
 * @http_code: that a store has answered with, from 300 on
 * @code: (nullable): what it calls that
 * @message: for the operator
 *
 * Returns: (transfer full): a #DouObjectError, or %DOU_STATUS_NOT_FOUND
 */
GError *
dou_object_error_new (guint http_code, const char *code, const char *message)
{
  if (g_strcmp0 (code, "NoSuchBucket") == 0)
    return g_error_new_literal (DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_NO_BUCKET, message);
  if (http_code == NOT_FOUND)
    return g_error_new_literal (DOU_ERROR, DOU_STATUS_NOT_FOUND, message);
  if (http_code != FORBIDDEN)
    return g_error_new_literal (DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_REFUSED, message);
  if (g_strcmp0 (code, "AccessDenied") == 0)
    return g_error_new_literal (DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_DENIED, message);
  return g_error_new_literal (DOU_OBJECT_ERROR, DOU_OBJECT_ERROR_FORBIDDEN, message);
}
