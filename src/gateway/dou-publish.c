/* SPDX-License-Identifier: Apache-2.0 */

/* Publishing: the upload is complete and lies in an open, unnamed file; the video service gets that file
 * over the bus and answers when the video plays. The id is made here and the service takes the same
 * upload twice without harm, so a service that dies over it is asked once more, like a batch. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <gio/gunixfdlist.h>

#include "common/dou-call-requests.h"
#include "common/dou-call-span.h"
#include "common/dou-trace.h"
#include "gateway/dou-publish.h"
#include "gateway/dou-upload.h"

/* Milliseconds: the service takes less time or refuses (MAX_TIME of src/video/dou-media-importer.c). */
#define PUBLISH_TIMEOUT (10 * 60 * 1000)
#define MAX_TRIES 2
#define METHOD "Publish"

typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  GVariant *parameters; /* (owned) of the call */
  DouSpan *span;       /* (owned) (nullable) of the call, if it is to be seen */
  GUnixFDList *files;  /* (owned) */
  guint n_tries;
} Publication;

static void
publication_free (Publication *publication)
{
  g_object_unref (publication->request);
  g_clear_pointer (&publication->parameters, g_variant_unref);
  dou_trace_end (publication->span);
  g_clear_object (&publication->files);
  g_free (publication);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Publication, publication_free)

static void publication_send (Publication *publication);

static void
published_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Publication) publication = user_data;
  g_autoptr (GVariant) results = NULL;
  g_autoptr (GError) error = NULL;
  DouStatus status = DOU_STATUS_SERVICE;

  if (!dou_dbus_video1_call_publish_finish (DOU_DBUS_VIDEO1 (source), &results, NULL, result,
                                            &error))
    {
      if (dou_batcher_is_lost_service (error) && publication->n_tries < MAX_TRIES)
        {
          g_info ("Publish: the service was lost: sending the upload again");
          publication_send (g_steal_pointer (&publication));
          return;
        }
      g_warning ("Publish: %s", error->message);
      dou_span_fail (publication->span, error->message);
      status = dou_status_from_error (error);
    }
  else if (g_variant_n_children (results) == 1)
    g_variant_get_child (results, 0, "i", &status);

  dou_trace_end (g_steal_pointer (&publication->span));
  dou_request_reply_status (publication->request, status);
}

static void
publication_send (Publication *publication)
{
  publication->n_tries++;
  g_dbus_proxy_call_with_unix_fd_list (
      G_DBUS_PROXY (dou_backend_get_video (publication->context->backend)), METHOD,
      publication->parameters, G_DBUS_CALL_FLAGS_NONE, PUBLISH_TIMEOUT, publication->files, NULL,
      published_cb, publication);
}

static DouStatus
publication_prepare (Publication *publication, DouUpload *upload, GError **error)
{
  g_autofree char *title = dou_context_get_text (publication->request, "title");
  DouContext *context = publication->context;
  gint64 author, id;
  GVariant *item;
  DouStatus status;
  gint handle;

  status = dou_context_require_user (context, publication->request, &author);
  if (status != DOU_STATUS_OK)
    return status;
  if (title == NULL)
    return DOU_STATUS_BAD_TITLE;

  status = dou_word_filter_apply (context->word_filter, &title);
  if (status != DOU_STATUS_OK)
    return status;
  if (dou_upload_get_size (upload, 0) == 0)
    return DOU_STATUS_NO_FILE;

  id = dou_id_minter_mint (context->minter, error);
  if (id < 0)
    return dou_status_from_error (*error);

  publication->files = g_unix_fd_list_new ();
  handle = g_unix_fd_list_append (publication->files, dou_upload_get_fd (upload, 0), error);
  if (handle < 0)
    return dou_status_from_error (*error);

  item = g_variant_new ("(xxsh)", id, author, title, handle);
  publication->span = dou_call_span_begin (
      dou_trace_get_current (),
      g_dbus_proxy_get_interface_name (G_DBUS_PROXY (dou_backend_get_video (context->backend))), METHOD, 1);
  publication->parameters = g_variant_ref_sink (dou_call_requests_pack_own (
      g_variant_new_array (NULL, &item, 1), dou_span_get_context (publication->span)));
  return DOU_STATUS_OK;
}

/**
 * dou_publish_handler:
 * @request: a complete upload; its body sink is a #DouUpload
 * @user_data: the #DouContext
 */
void
dou_publish_handler (DouRequest *request, gpointer user_data)
{
  g_autoptr (Publication) publication = g_new0 (Publication, 1);
  g_autoptr (GError) error = NULL;
  DouStatus status;

  publication->context = user_data;
  publication->request = g_object_ref (request);

  status = publication_prepare (publication, dou_request_get_body_sink (request), &error);
  if (error != NULL)
    g_warning ("Publish: %s", error->message);

  if (status != DOU_STATUS_OK)
    dou_request_reply_status (request, status);
  else
    publication_send (g_steal_pointer (&publication));
}
