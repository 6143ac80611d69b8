/* SPDX-License-Identifier: Apache-2.0 */

/* Users who delete their accounts. The user service decides, and tells all gateways before it answers, so
 * this file only asks for token and password. Guesses at the password count as those of a login. A client
 * that hangs up does not stop what has begun. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-action.h"
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

/* Under a name that nobody can have, the one of changes of the password. */
static char *
make_login_name (Deletion *deletion)
{
  return g_strdup_printf ("\001%" G_GINT64_FORMAT, deletion->user);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Deletion) deletion = user_data;
  g_autoptr (GInetAddress) client = dou_request_get_client_address (deletion->request);
  g_autofree char *name = make_login_name (deletion);
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  g_autoptr (GVariant) own = results != NULL ? dou_batch_results_get (results, 0) : NULL;
  DouStatus status = dou_action_get_status (own, dou_status_from_error (error));

  dou_rate_limiter_end_login (deletion->context->limiter, name, client,
                              status == DOU_STATUS_BAD_CREDENTIALS);
  dou_request_reply_status (deletion->request, status);
}

static DouStatus
prepare (Deletion *deletion, const char **password)
{
  DouContext *context = deletion->context;
  DouRequest *request = deletion->request;
  DouStatus status
      = dou_authenticator_require (context->authenticator, request, &deletion->user);

  if (status == DOU_STATUS_OK)
    status = dou_context_limit_user (context, request, deletion->user);
  if (status != DOU_STATUS_OK)
    return status;

  *password = dou_request_get_parameter (request, "password");
  if (*password == NULL)
    return DOU_STATUS_BAD_PARAMETER;

  /* A password in another encoding than UTF-8 cannot travel over the bus. */
  return g_utf8_validate (*password, -1, NULL) ? DOU_STATUS_OK : DOU_STATUS_BAD_CREDENTIALS;
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
  g_autoptr (GInetAddress) client = dou_request_get_client_address (request);
  g_autofree char *name = NULL;
  DouContext *context = user_data;
  const char *password;
  GVariant *item;
  DouStatus status;

  deletion->context = context;
  deletion->request = g_object_ref (request);
  status = prepare (deletion, &password);
  if (status == DOU_STATUS_OK)
    {
      name = make_login_name (deletion);
      status = dou_request_delay (
          request, dou_rate_limiter_begin_login (context->limiter, name, client));
    }
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  item = g_variant_new ("(xs)", deletion->user, password);
  dou_batcher_submit_async (dou_backend_get_batcher (context->backend, DOU_BACKEND_DELETE_USERS),
                            &item, 1, NULL, deleted_cb, g_steal_pointer (&deletion));
}
