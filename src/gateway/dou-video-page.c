/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-owned-list.h"
#include "gateway/dou-video-page.h"
#include "gateway/dou-video-set.h"
#include "gateway/dou-window.h"

/* Bytes of a video, as a guess at the length of an answer. */
#define VIDEO_SIZE 1024

/* A request that waits for its page. */
typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  gint64 viewer;       /* 0 for a guest */
  gint64 next;         /* where the next page begins; 0 = nowhere */
  gsize n_ids;
  DouVideoSet *videos; /* (owned) (nullable) */
} Page;

static void
page_free (Page *page)
{
  g_clear_pointer (&page->videos, dou_video_set_free);
  g_object_unref (page->request);
  g_free (page);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Page, page_free)

static void
page_reply (Page *page)
{
  g_autofree char *origin = dou_context_get_origin (page->request);
  g_autoptr (DouSheet) sheet = dou_sheet_new ();
  g_auto (DouJsonWriter) writer = { NULL };

  dou_request_begin_large_reply (page->request, DOU_STATUS_OK, (page->n_ids + 1) * VIDEO_SIZE,
                                 &writer);
  dou_json_writer_name (&writer, "video_list");
  dou_video_set_write (page->videos, origin, &writer, sheet);
  dou_window_write_next (page->next, &writer);
  dou_json_writer_end_object (&writer);
  dou_sheet_take_text (sheet, &writer);
  dou_sheet_reply (sheet, page->context, page->request, page->viewer);
}

static void
videos_loaded_cb (const GError *error, gpointer user_data)
{
  g_autoptr (Page) page = user_data;

  if (error != NULL)
    dou_request_reply_status (page->request, dou_status_from_error (error));
  else
    page_reply (page);
}

static void
listed_cb (const gint64 *ids, gsize n_ids, gint64 next, const GError *error, gpointer user_data)
{
  g_autoptr (Page) page = user_data;

  if (error != NULL)
    {
      dou_request_reply_status (page->request, dou_status_from_error (error));
      return;
    }

  page->next = next;
  page->n_ids = n_ids;
  page->videos = dou_video_set_new (page->context, ids, n_ids);
  dou_video_set_hide_from (page->videos, page->viewer);
  if (dou_video_set_load (page->videos, videos_loaded_cb, page))
    page_reply (page);
  else
    g_steal_pointer (&page);
}

/**
 * dou_video_page_reply:
 * @context: what the handlers work with
 * @request: a request for a list of videos, which is answered
 * @viewer: who reads it; 0 for a guest
 * @owner: whose list it is; that of nobody is empty
 * @method: gives where the next page begins, and ids of videos: (xax)
 * @item: (transfer floating): what to ask it
 */
void
dou_video_page_reply (DouContext *context, DouRequest *request, gint64 viewer, gint64 owner,
                      DouBackendMethod method, GVariant *item)
{
  Page *page = g_new0 (Page, 1);

  page->context = context;
  page->request = g_object_ref (request);
  page->viewer = viewer;
  dou_owned_list_load (context, request, viewer, owner, method, item, listed_cb, page);
}
