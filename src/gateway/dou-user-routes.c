/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-user-deletion.h"
#include "gateway/dou-user-routes.h"
#include "gateway/dou-user-set.h"
#include "gateway/dou-user-update.h"

/* A request that waits for the user service. */
typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  DouUserSet *users;   /* (owned) (nullable) whom it is about */
} Pending;

static Pending *
pending_new (DouContext *context, DouRequest *request)
{
  Pending *pending = g_new0 (Pending, 1);

  pending->context = context;
  pending->request = g_object_ref (request);
  return pending;
}

static void
pending_free (Pending *pending)
{
  g_clear_pointer (&pending->users, dou_user_set_free);
  g_object_unref (pending->request);
  g_free (pending);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pending, pending_free)

/* The app reads both fields also when it failed. */
static void
reply_login (DouRequest *request, DouStatus status, gint64 user_id, const char *token)
{
  g_auto (DouJsonWriter) writer = { NULL };

  dou_request_begin_reply (request, status, &writer);
  dou_json_writer_name (&writer, "user_id");
  dou_json_writer_int64 (&writer, user_id);
  dou_json_writer_name (&writer, "token");
  dou_json_writer_string (&writer, token);
  dou_request_end_reply (request, status, &writer);
}

/* A name or password in another encoding than UTF-8 cannot travel over the bus. */
static const char *
get_text (DouRequest *request, const char *name)
{
  const char *text = dou_request_get_parameter (request, name);

  return text != NULL && g_utf8_validate (text, -1, NULL) ? text : "";
}

/* Answers with what Register or Login has said: status, id and generation. */
static DouStatus
pending_answer (Pending *pending, GObject *source, GAsyncResult *result)
{
  g_autoptr (DouBatchResults) results = NULL;
  g_autoptr (GVariant) admitted = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *token = NULL;
  DouStatus status = DOU_STATUS_OK;
  gint64 user_id = 0;
  gint64 generation = 0;

  results = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  if (results != NULL)
    {
      admitted = dou_batch_results_get (results, 0);
      g_variant_get (admitted, "(ixx)", &status, &user_id, &generation);
    }

  if (error == NULL && status == DOU_STATUS_OK)
    token = dou_authenticator_issue (pending->context->authenticator, user_id, generation, &error);
  if (error != NULL)
    status = dou_status_from_error (error);

  if (status == DOU_STATUS_OK)
    reply_login (pending->request, status, user_id, token);
  else
    reply_login (pending->request, status, 0, "");

  return status;
}

static void
registered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Pending) pending = user_data;

  pending_answer (pending, source, result);
}

static void
logged_in_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Pending) pending = user_data;
  g_autoptr (GInetAddress) client = dou_request_get_client_address (pending->request);
  DouStatus status = pending_answer (pending, source, result);

  dou_rate_limiter_end_login (pending->context->limiter, get_text (pending->request, "username"),
                              client, status == DOU_STATUS_BAD_CREDENTIALS);
}

static void
register_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;
  const char *name = get_text (request, "username");
  DouStatus status = dou_word_filter_check (context->word_filter, name);
  GVariant *account;
  gint64 id;

  if (status == DOU_STATUS_OK)
    status = dou_context_mint (context, &id);
  if (status != DOU_STATUS_OK)
    {
      reply_login (request, status, 0, "");
      return;
    }

  account = g_variant_new ("(xss)", id, name, get_text (request, "password"));
  dou_batcher_submit_async (dou_backend_get_batcher (context->backend, DOU_BACKEND_REGISTER),
                            &account, 1, dou_request_get_cancellable (request), registered_cb,
                            pending_new (context, request));
}

static void
login_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;
  g_autoptr (GInetAddress) client = dou_request_get_client_address (request);
  const char *name = get_text (request, "username");
  GVariant *credentials;
  DouStatus status;

  status
      = dou_request_delay (request, dou_rate_limiter_begin_login (context->limiter, name, client));
  if (status != DOU_STATUS_OK)
    {
      reply_login (request, status, 0, "");
      return;
    }

  credentials = g_variant_new ("(ss)", name, get_text (request, "password"));
  dou_batcher_submit_async (dou_backend_get_batcher (context->backend, DOU_BACKEND_LOGIN),
                            &credentials, 1, dou_request_get_cancellable (request), logged_in_cb,
                            pending_new (context, request));
}

static void
pending_reply_user (Pending *pending)
{
  g_autofree char *origin = NULL;
  g_auto (DouJsonWriter) writer = { NULL };

  if (!dou_user_set_exists (pending->users, 0))
    {
      dou_request_reply_status (pending->request, DOU_STATUS_USER_NOT_FOUND);
      return;
    }

  origin = dou_context_get_origin (pending->request);
  dou_request_begin_reply (pending->request, DOU_STATUS_OK, &writer);
  dou_json_writer_name (&writer, "user");
  dou_user_set_write (pending->users, 0, origin, &writer);
  dou_request_end_reply (pending->request, DOU_STATUS_OK, &writer);
}

static void
user_loaded_cb (const GError *error, gpointer user_data)
{
  g_autoptr (Pending) pending = user_data;

  if (error != NULL)
    dou_request_reply_status (pending->request, dou_status_from_error (error));
  else
    pending_reply_user (pending);
}

static void
user_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;
  g_autoptr (Pending) pending = pending_new (context, request);
  gint64 viewer, user_id;
  DouStatus status;

  status = dou_context_get_subject (context, request, &viewer, &user_id);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  pending->users = dou_user_set_new (context, viewer, &user_id, 1);
  if (dou_user_set_load (pending->users, user_loaded_cb, pending))
    pending_reply_user (pending);
  else
    g_steal_pointer (&pending);
}

static const DouRoute routes[] = {
  { "/douyin/user/register", DOU_METHOD_POST, register_handler, NULL, DOU_RATE_REGISTER },
  { "/douyin/user/login", DOU_METHOD_POST, login_handler, NULL, DOU_RATE_LOGIN },
  { "/douyin/user", DOU_METHOD_GET, user_handler },
  { "/douyin/user/update", DOU_METHOD_POST, dou_user_update_handler, &dou_user_update_sink_class,
    DOU_RATE_PUBLISH },
  { "/douyin/user/delete", DOU_METHOD_POST, dou_user_deletion_handler, NULL, DOU_RATE_LOGIN },
};

/**
 * dou_user_routes_add:
 * @router: takes the routes of accounts and profiles
 * @context: what the handlers work with; outlives @router
 */
void
dou_user_routes_add (DouRouter *router, DouContext *context)
{
  dou_router_add (router, routes, G_N_ELEMENTS (routes), context);
}
