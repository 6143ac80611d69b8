/* SPDX-License-Identifier: Apache-2.0 */

/* Users who delete their accounts. The user service decides, and tells all gateways before it answers, so
 * this file only asks for token and password. A client that hangs up does not stop what has begun. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-action.h"
#include "gateway/dou-password-guard.h"
#include "gateway/dou-user-deletion.h"

typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  gint64 user;
} Deletion;

static void
deletion_free (Deletion *deletion)
{
  g_object_unref (deletion->request);
  g_free (deletion);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Deletion, deletion_free)

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Deletion) deletion = user_data;
  g_autoptr (GVariant) own = NULL;
  DouStatus status = dou_action_receive (DOU_BATCHER (source), result, &own);

  dou_password_guard_end (deletion->context, deletion->request, deletion->user, status);
  dou_request_reply_status (deletion->request, status);
}

static DouStatus
prepare (Deletion *deletion, const char **password)
{
  DouRequest *request = deletion->request;
  DouStatus status = dou_context_require_user (deletion->context, request, &deletion->user);

  if (status != DOU_STATUS_OK)
    return status;

  *password = dou_request_get_parameter (request, "password");
  if (*password == NULL)
    return DOU_STATUS_BAD_PARAMETER;

  /* A password in another encoding than UTF-8 cannot travel over the bus. */
  if (!g_utf8_validate (*password, -1, NULL))
    return DOU_STATUS_BAD_CREDENTIALS;

  return dou_password_guard_begin (deletion->context, request, deletion->user);
}

/**
 * dou_user_deletion_handler:
 * @request: a complete request
 * @user_data: the #DouContext
 *
 * Deletes the caller, whose `password` is asked for, with everything that is the caller's. Once it is
 * answered the user is nobody, everywhere; what is left of it on disk goes within moments.
 */
void
dou_user_deletion_handler (DouRequest *request, gpointer user_data)
{
  g_autoptr (Deletion) deletion = g_new0 (Deletion, 1);
  DouContext *context = user_data;
  const char *password;
  GVariant *item;
  DouStatus status;

  deletion->context = context;
  deletion->request = g_object_ref (request);
  status = prepare (deletion, &password);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  item = g_variant_new ("(xs)", deletion->user, password);
  dou_batcher_submit_async (dou_backend_get_batcher (context->backend, DOU_BACKEND_DELETE_USERS),
                            &item, 1, NULL, deleted_cb, g_steal_pointer (&deletion));
}
