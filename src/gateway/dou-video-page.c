/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-video-page.h"
#include "gateway/dou-video-set.h"
#include "gateway/dou-window.h"

/* A request that waits for its page. */
typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  DouVideoPageKind kind;
  gint64 viewer; /* 0 for a guest */
  gint64 next;   /* where the next page begins; 0 = nowhere */
} Page;

static void
page_free (Page *page)
{
  g_object_unref (page->request);
  g_free (page);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Page, page_free)

static void
page_write_next (Page *page, DouJsonWriter *writer)
{
  if (page->kind == DOU_VIDEO_PAGE_LIST)
    {
      dou_window_write_next (page->next, writer);
      return;
    }

  /* Only an empty store has no next page; there it begins now. */
  dou_json_writer_name (writer, "next_time");
  dou_json_writer_int64 (writer, page->next != 0
                                     ? page->next
                                     : dou_clock_get_real_time (page->context->clock));
}

static void
videos_loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Page) page = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouVideoSet) videos = dou_video_set_load_finish (result, &error);
  g_auto (DouJsonWriter) writer = { NULL };

  if (videos == NULL)
    {
      dou_request_reply_status (page->request, dou_status_from_error (error));
      return;
    }

  dou_request_begin_reply (page->request, DOU_STATUS_OK, &writer);
  dou_json_writer_name (&writer, "video_list");
  dou_video_set_write (videos, dou_request_get_origin (page->request), &writer);
  page_write_next (page, &writer);
  dou_request_end_reply (page->request, DOU_STATUS_OK, &writer);
}

static void
ids_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Page) page = user_data;
  g_autoptr (DouBatchResults) results = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) ids = NULL;
  g_autoptr (GError) error = NULL;
  const gint64 *elements;
  gsize n_elements;

  results = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  if (results == NULL)
    {
      dou_request_reply_status (page->request, dou_status_from_error (error));
      return;
    }

  answer = dou_batch_results_get (results, 0);
  g_variant_get (answer, "(x@ax)", &page->next, &ids);
  elements = g_variant_get_fixed_array (ids, &n_elements, sizeof (gint64));
  dou_video_set_load_async (page->context->backend, page->viewer, elements, n_elements,
                            dou_request_get_cancellable (page->request), videos_loaded_cb,
                            page);
  g_steal_pointer (&page);
}

/**
 * dou_video_page_reply:
 * @context: what the handlers work with
 * @request: a request, which is answered
 * @kind: how the list goes on
 * @viewer: who reads it; 0 for a guest
 * @method: gives where the next page begins, and ids of videos: (xax)
 * @item: (transfer floating): what to ask it
 */
void
dou_video_page_reply (DouContext *context, DouRequest *request, DouVideoPageKind kind,
                      gint64 viewer, DouBackendMethod method, GVariant *item)
{
  Page *page = g_new0 (Page, 1);

  page->context = context;
  page->request = g_object_ref (request);
  page->kind = kind;
  page->viewer = viewer;
  dou_batcher_submit_async (dou_backend_get_batcher (context->backend, method), &item, 1,
                            dou_request_get_cancellable (request), ids_cb, page);
}
