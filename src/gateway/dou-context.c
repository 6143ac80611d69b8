/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-context.h"

/**
 * dou_context_get_origin:
 * @request: a request
 *
 * Returns: (transfer full): scheme, host and port for links, as they stand in a JSON string
 */
char *
dou_context_get_origin (DouRequest *request)
{
  return dou_record_escape (dou_request_get_origin (request));
}

/**
 * dou_context_get_text:
 * @request: a request
 * @name: a parameter
 *
 * Returns: (transfer full) (nullable): its text, or %NULL if it is absent or in another encoding than
 *   UTF-8, so that it could not travel over the bus
 */
char *
dou_context_get_text (DouRequest *request, const char *name)
{
  const char *text = dou_request_get_parameter (request, name);

  return text != NULL && g_utf8_validate (text, -1, NULL) ? g_strdup (text) : NULL;
}

/**
 * dou_context_get_id:
 * @request: a request
 * @name: a parameter that must be there
 * @id: (out): the id
 *
 * Returns: %DOU_STATUS_OK, or %DOU_STATUS_BAD_PARAMETER if it is absent or cannot be an id
 */
DouStatus
dou_context_get_id (DouRequest *request, const char *name, gint64 *id)
{
  if (dou_request_get_integer (request, name, id) != DOU_NUMBER_VALID || *id <= 0
      || *id > DOU_ID_MAX)
    return DOU_STATUS_BAD_PARAMETER;

  return DOU_STATUS_OK;
}

/**
 * dou_context_mint:
 * @self: the context
 * @id: (out): of what is to be made
 *
 * Returns: %DOU_STATUS_OK; or what the client is told, and the log knows why
 */
DouStatus
dou_context_mint (DouContext *self, gint64 *id)
{
  g_autoptr (GError) error = NULL;

  *id = dou_id_minter_mint (self->minter, &error);
  if (*id < 0)
    g_warning ("%s", error->message);
  return dou_status_from_error (error);
}

/**
 * dou_context_require_user:
 * @self: the context
 * @request: what only a user may want done
 * @user: (out): who
 *
 * Counts it as what its route says.
 *
 * Returns: %DOU_STATUS_OK; the errors of dou_authenticator_require(); %DOU_STATUS_RATE_LIMITED if it is too
 *   much
 */
DouStatus
dou_context_require_user (DouContext *self, DouRequest *request, gint64 *user)
{
  DouStatus status = dou_authenticator_require (self->authenticator, request, user);

  if (status != DOU_STATUS_OK)
    return status;

  return dou_request_delay (
      request,
      dou_rate_limiter_admit_user (self->limiter, dou_request_get_rate_class (request), *user));
}

/**
 * dou_context_get_subject:
 * @self: the context
 * @request: a request about a user
 * @viewer: (out): who made it; 0 for a guest
 * @user_id: (out): whom it is about: the parameter `user_id`, else the caller
 *
 * Returns: %DOU_STATUS_OK; %DOU_STATUS_UNAUTHORIZED if there is neither, or the token is not valid;
 *   %DOU_STATUS_BAD_PARAMETER if `user_id` cannot be an id
 */
DouStatus
dou_context_get_subject (DouContext *self, DouRequest *request, gint64 *viewer, gint64 *user_id)
{
  DouStatus status = dou_authenticator_admit (self->authenticator, request, viewer);

  if (status != DOU_STATUS_OK)
    return status;

  if (dou_request_get_integer (request, "user_id", user_id) != DOU_NUMBER_ABSENT)
    return dou_context_get_id (request, "user_id", user_id);

  *user_id = *viewer;
  return *viewer != 0 ? DOU_STATUS_OK : DOU_STATUS_UNAUTHORIZED;
}
