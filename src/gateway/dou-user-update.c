/* SPDX-License-Identifier: Apache-2.0 */

/* What users change about themselves: signature, avatar, background, password; any of them in one
 * request. Each is somebody else's, so there is no transaction around them. Instead everything that
 * may be refused is refused before anything can be seen:
 *
 *   1. the signature is checked here, by the rule of the user domain and for unwanted words;
 *   2. the video service takes the pictures in, under new names that nobody knows;
 *   3. the user service checks the old password and the new one, and changes it;
 *   4. the user service puts signature and names into the profile, in one transaction;
 *   5. the caller is read anew, for the answer.
 *
 * A refusal in 1 to 3 leaves everything as it was; pictures that were taken in go by themselves.
 * Only a service that fails between 3 and 4, after it was tried again, can leave half: the new
 * password holds and the profile is the old one. Then the answer has the status of the failure and
 * yet the new token, and the same request may be repeated with that token. Should 5 fail, all is
 * done, and the answer says so in the same way.
 *
 * A client that hangs up does not stop what has begun with 3.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <gio/gunixfdlist.h>

#include "common/dou-call-requests.h"
#include "common/dou-call-span.h"
#include "common/dou-text.h"
#include "common/dou-trace.h"
#include "gateway/dou-action.h"
#include "gateway/dou-password-guard.h"
#include "gateway/dou-upload.h"
#include "gateway/dou-user-set.h"
#include "gateway/dou-user-update.h"

/* Milliseconds: a picture may wait for 64 others, and take 40 seconds of its own. */
#define IMPORT_TIMEOUT (2 * 60 * 1000)
#define MAX_TRIES 2
#define METHOD "ImportPictures"
/* What a form has around two pictures, and its other fields. */
#define MAX_FRAMING (256 * 1024)

enum
{
  PICTURE_AVATAR,
  PICTURE_BACKGROUND,
  N_PICTURES
};

static const struct
{
  const char *field; /* of the form, and member of a profile */
  const char *kind;  /* for the video service */
} pictures[N_PICTURES] = {
  [PICTURE_AVATAR] = { "avatar", "avatar" },
  [PICTURE_BACKGROUND] = { "background_image", "background" },
};

typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  gint64 user;

  char *signature;          /* (owned) (nullable) */
  const char *old_password; /* (unowned) (nullable) the request's */
  const char *new_password; /* (unowned) (nullable) the request's */

  guint imported[N_PICTURES]; /* which pictures, in this order */
  guint n_imported;
  GVariant *imports;      /* (owned) (nullable) the arguments of the call that imports them */
  DouSpan *span;          /* (owned) (nullable) of that call, if it is to be seen */
  DouTraceContext trace;  /* of dou_trace_keep() */
  GUnixFDList *files;     /* (owned) */
  char *paths[N_PICTURES]; /* (owned) (nullable) below /media/ */
  guint n_tries;

  char *token;       /* (owned) (nullable) if the password was changed */
  DouUserSet *users; /* (owned) (nullable) the caller, as it became */
} Update;

static void
update_free (Update *update)
{
  for (guint i = 0; i < N_PICTURES; i++)
    g_free (update->paths[i]);
  g_clear_pointer (&update->imports, g_variant_unref);
  dou_trace_end (update->span);
  g_object_unref (update->files);
  g_free (update->signature);
  g_free (update->token);
  g_clear_pointer (&update->users, dou_user_set_free);
  g_object_unref (update->request);
  g_free (update);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Update, update_free)

/* With the caller, once loaded, if @status is good. */
static void
update_reply (Update *update, DouStatus status)
{
  g_auto (DouJsonWriter) writer = { NULL };

  dou_request_begin_reply (update->request, status, &writer);
  if (update->token != NULL)
    {
      dou_json_writer_name (&writer, "token");
      dou_json_writer_string (&writer, update->token);
    }
  if (status == DOU_STATUS_OK)
    {
      g_autofree char *origin = dou_context_get_origin (update->request);

      dou_json_writer_name (&writer, "user");
      dou_user_set_write (update->users, 0, origin, &writer);
    }
  dou_request_end_reply (update->request, status, &writer);
}

static void
update_reply_user (Update *update)
{
  update_reply (update, dou_user_set_exists (update->users, 0) ? DOU_STATUS_OK
                                                               : DOU_STATUS_USER_NOT_FOUND);
}

static void
user_loaded_cb (const GError *error, gpointer user_data)
{
  g_autoptr (Update) update = user_data;

  if (error != NULL)
    update_reply (update, dou_status_from_error (error));
  else
    update_reply_user (update);
}

/* @update: (transfer full) */
static void
update_load (Update *update)
{
  g_autoptr (Update) owned = update;

  /* What is remembered of the caller may be what was before the change. */
  dou_watch_catch_up (update->context->watch);
  update->users = dou_user_set_new (update->context, update->user, &update->user, 1);
  if (dou_user_set_load (update->users, user_loaded_cb, update))
    update_reply_user (update);
  else
    g_steal_pointer (&owned);
}

static void
profile_set_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Update) update = user_data;
  g_autoptr (GVariant) own = NULL;
  DouStatus status = dou_action_receive (DOU_BATCHER (source), result, &own);

  if (status == DOU_STATUS_OK)
    update_load (g_steal_pointer (&update));
  else
    update_reply (update, status);
}

/* @update: (transfer full) */
static void
update_set_profile (Update *update)
{
  GVariantBuilder members = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  GVariant *item;

  if (update->signature == NULL && update->n_imported == 0)
    {
      g_variant_builder_clear (&members);
      update_load (update);
      return;
    }

  if (update->signature != NULL)
    g_variant_builder_add (&members, "{ss}", "signature", update->signature);
  for (guint i = 0; i < N_PICTURES; i++)
    if (update->paths[i] != NULL)
      g_variant_builder_add (&members, "{ss}", pictures[i].field, update->paths[i]);

  item = g_variant_new ("(xa{ss})", update->user, &members);
  dou_batcher_submit_async (
      dou_backend_get_batcher (update->context->backend, DOU_BACKEND_SET_PROFILES), &item, 1, NULL,
      profile_set_cb, update);
}

static void
password_changed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Update) update = user_data;
  DouContext *context = update->context;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) own = NULL;
  DouStatus status = dou_action_receive (DOU_BATCHER (source), result, &own);
  gint64 generation;

  dou_password_guard_end (context, update->request, update->user, status);
  if (status == DOU_STATUS_OK)
    {
      g_variant_get (own, "(ix)", NULL, &generation);
      update->token
          = dou_authenticator_issue (context->authenticator, update->user, generation, &error);
      status = dou_status_from_error (error);
    }

  if (status == DOU_STATUS_OK)
    update_set_profile (g_steal_pointer (&update));
  else
    update_reply (update,
                  status == DOU_STATUS_BAD_CREDENTIALS ? DOU_STATUS_WRONG_PASSWORD : status);
}

/* @update: (transfer full) */
static void
update_change_password (Update *update)
{
  GVariant *item;
  DouStatus status;

  if (update->new_password == NULL)
    {
      update_set_profile (update);
      return;
    }

  status = dou_password_guard_begin (update->context, update->request, update->user);
  if (status != DOU_STATUS_OK)
    {
      update_reply (update, status);
      update_free (update);
      return;
    }

  item = g_variant_new ("(xss)", update->user, update->old_password, update->new_password);
  dou_batcher_submit_async (
      dou_backend_get_batcher (update->context->backend, DOU_BACKEND_CHANGE_PASSWORDS), &item, 1,
      NULL, password_changed_cb, update);
}

/* The first that was refused is the answer. */
static DouStatus
update_take_paths (Update *update, GVariant *results)
{
  if (g_variant_n_children (results) != update->n_imported)
    return DOU_STATUS_SERVICE;

  for (guint i = 0; i < update->n_imported; i++)
    {
      gint32 status;

      g_variant_get_child (results, i, "(is)", &status, &update->paths[update->imported[i]]);
      if (status != DOU_STATUS_OK)
        return (DouStatus) status;
    }

  return DOU_STATUS_OK;
}

static void update_import (Update *update);

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Update) update = user_data;
  g_autoptr (GVariant) results = NULL;
  g_autoptr (GError) error = NULL;
  const DouTraceContext *former;
  DouTraceContext trace;
  DouStatus status;

  if (dou_dbus_video1_call_import_pictures_finish (DOU_DBUS_VIDEO1 (source), &results, NULL, result,
                                                   &error))
    status = update_take_paths (update, results);
  else if (dou_batcher_is_lost_service (error) && update->n_tries < MAX_TRIES)
    {
      g_info ("ImportPictures: the service was lost: sending the pictures again");
      update_import (g_steal_pointer (&update));
      return;
    }
  else
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_warning ("ImportPictures: %s", error->message);
      dou_span_fail (update->span, error->message);
      status = dou_status_from_error (error);
    }

  dou_trace_end (g_steal_pointer (&update->span));
  trace = update->trace;
  former = dou_trace_enter_kept (&trace);
  if (status == DOU_STATUS_OK)
    update_change_password (g_steal_pointer (&update));
  else
    update_reply (update, status);
  dou_trace_enter (former);
}

/* @update: (transfer full) */
static void
update_import (Update *update)
{
  if (update->n_imported == 0)
    {
      update_change_password (update);
      return;
    }

  update->n_tries++;
  g_dbus_proxy_call_with_unix_fd_list (
      G_DBUS_PROXY (dou_backend_get_video (update->context->backend)), METHOD, update->imports,
      G_DBUS_CALL_FLAGS_NONE, IMPORT_TIMEOUT, update->files,
      dou_request_get_cancellable (update->request), imported_cb, update);
}

static DouStatus
update_add_picture (Update *update, guint picture, int fd, GVariantBuilder *imports,
                    GError **error)
{
  gint64 id = dou_id_minter_mint (update->context->minter, error);
  gint handle;

  if (id < 0)
    return dou_status_from_error (*error);

  handle = g_unix_fd_list_append (update->files, fd, error);
  if (handle < 0)
    return dou_status_from_error (*error);

  g_variant_builder_add (imports, "(xxsh)", id, update->user, pictures[picture].kind, handle);
  update->imported[update->n_imported++] = picture;
  return DOU_STATUS_OK;
}

static DouStatus
update_take_pictures (Update *update, GError **error)
{
  DouUpload *upload = dou_request_get_body_sink (update->request);
  g_auto (GVariantBuilder) imports = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxsh)"));
  DouStatus status = DOU_STATUS_OK;

  for (guint i = 0; i < N_PICTURES && status == DOU_STATUS_OK; i++)
    {
      const char *text = dou_request_get_parameter (update->request, pictures[i].field);

      /* A picture is a file; somebody who writes its address here should not believe it was taken. */
      if (text != NULL && *text != '\0')
        status = DOU_STATUS_BAD_PARAMETER;
      else if (upload != NULL && dou_upload_get_size (upload, i) > 0)
        status = update_add_picture (update, i, dou_upload_get_fd (upload, i), &imports, error);
    }

  dou_trace_keep (&update->trace);
  if (update->n_imported > 0)
    update->span = dou_call_span_begin (
        dou_trace_get_current (),
        g_dbus_proxy_get_interface_name (G_DBUS_PROXY (dou_backend_get_video (update->context->backend))),
        METHOD, update->n_imported);
  update->imports = g_variant_ref_sink (dou_call_requests_pack_own (
      g_variant_builder_end (&imports), dou_span_get_context (update->span)));
  return status;
}

/* Both, or neither: a form that has the fields sends them empty if nothing was typed. */
static DouStatus
update_take_passwords (Update *update)
{
  const char *old_password = dou_request_get_parameter (update->request, "old_password");
  const char *new_password = dou_request_get_parameter (update->request, "new_password");
  gboolean has_old = old_password != NULL && *old_password != '\0';
  gboolean has_new = new_password != NULL && *new_password != '\0';

  if (!has_old && !has_new)
    return DOU_STATUS_OK;
  if (old_password == NULL || new_password == NULL)
    return DOU_STATUS_BAD_PARAMETER;

  update->old_password = old_password;
  update->new_password = new_password;
  return DOU_STATUS_OK;
}

/* All that can be checked without asking anybody. */
static DouStatus
update_prepare (Update *update, GError **error)
{
  DouContext *context = update->context;
  DouRequest *request = update->request;
  DouStatus status;

  status = dou_context_require_user (context, request, &update->user);
  if (status != DOU_STATUS_OK)
    return status;

  update->signature = g_strdup (dou_request_get_parameter (request, "signature"));
  if (update->signature != NULL && !dou_text_is_signature (update->signature))
    return DOU_STATUS_BAD_SIGNATURE;

  if (update->signature != NULL)
    status = dou_word_filter_apply (context->word_filter, &update->signature);
  if (status == DOU_STATUS_OK)
    status = update_take_passwords (update);
  if (status == DOU_STATUS_OK)
    status = update_take_pictures (update, error);
  if (status == DOU_STATUS_OK && update->signature == NULL && update->new_password == NULL
      && update->n_imported == 0)
    status = DOU_STATUS_BAD_PARAMETER;
  return status;
}

/**
 * dou_user_update_handler:
 * @request: a complete request; its body sink is a #DouUpload, or %NULL
 * @user_data: the #DouContext
 *
 * Changes what the caller wants changed: `signature` (empty: none), the files `avatar` and
 * `background_image`, `new_password` with `old_password`. An empty file is none, and so are two empty
 * passwords. Answers with the
 * `user`, and with a new `token` if the password was changed.
 *
 * If anything is refused, nothing is changed. What happens if a service fails in the middle is said
 * at the head of this file.
 */
void
dou_user_update_handler (DouRequest *request, gpointer user_data)
{
  g_autoptr (Update) update = g_new0 (Update, 1);
  g_autoptr (GError) error = NULL;
  DouStatus status;

  update->context = user_data;
  update->request = g_object_ref (request);
  update->files = g_unix_fd_list_new ();

  status = update_prepare (update, &error);
  if (error != NULL)
    g_warning ("user/update: %s", error->message);

  if (status == DOU_STATUS_OK)
    update_import (g_steal_pointer (&update));
  else
    dou_request_reply_status (request, status);
}

static gpointer
open_pictures (DouRequest *request, gpointer user_data, DouStatus *status)
{
  SoupMessageHeaders *headers
      = dou_request_get_headers (request);
  const char *type = soup_message_headers_get_content_type (headers, NULL);
  DouUploadFile files[N_PICTURES];

  *status = DOU_STATUS_OK;
  if (type == NULL || g_ascii_strcasecmp (type, "multipart/form-data") != 0)
    return NULL;

  for (guint i = 0; i < N_PICTURES; i++)
    files[i] = (DouUploadFile){ pictures[i].field, DOU_USER_UPDATE_MAX_PICTURE };
  return dou_upload_new (request, user_data, files, N_PICTURES, status);
}

const DouBodySinkClass dou_user_update_sink_class = {
  .open = open_pictures,
  .write = dou_upload_write,
  .close = dou_upload_close,
  .free = dou_upload_free,
  .max_length = N_PICTURES * DOU_USER_UPDATE_MAX_PICTURE + MAX_FRAMING,
};
