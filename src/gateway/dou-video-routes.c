/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-text.h"
#include "gateway/dou-page-time.h"
#include "gateway/dou-publish.h"
#include "gateway/dou-upload.h"
#include "gateway/dou-video-routes.h"
#include "gateway/dou-video-set.h"

/* The app's page. */
#define FEED_PAGE 30
/* A list without `count`. */
#define MAX_LIST 1000

/* A request for a page of videos. */
typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  gint64 viewer;       /* 0 for a guest */
  gboolean is_feed;
  gint64 next; /* publish time at which the next page begins; 0 = none */
} Page;

static Page *
page_new (DouContext *context, DouRequest *request)
{
  Page *page = g_new0 (Page, 1);

  page->context = context;
  page->request = g_object_ref (request);
  return page;
}

static void
page_free (Page *page)
{
  g_object_unref (page->request);
  g_free (page);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Page, page_free)

static void
page_reply (Page *page, DouVideoSet *videos)
{
  g_auto (DouJsonWriter) writer = { NULL };

  dou_request_begin_reply (page->request, DOU_STATUS_OK, &writer);
  dou_json_writer_name (&writer, "video_list");
  dou_video_set_write (videos, page->viewer, dou_request_get_origin (page->request), &writer);

  if (page->is_feed)
    {
      dou_json_writer_name (&writer, "next_time");
      dou_json_writer_int64 (&writer, page->next != 0
                                          ? page->next
                                          : dou_clock_get_real_time (page->context->clock));
    }
  else if (page->next != 0)
    {
      g_autofree char *cursor = g_strdup_printf ("%" G_GINT64_FORMAT, page->next);

      dou_json_writer_name (&writer, "next_cursor");
      dou_json_writer_string (&writer, cursor);
    }

  dou_request_end_reply (page->request, DOU_STATUS_OK, &writer);
}

static void
videos_loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Page) page = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouVideoSet) videos = dou_video_set_load_finish (result, &error);

  if (videos == NULL)
    dou_request_reply_status (page->request, dou_status_from_error (error));
  else
    page_reply (page, videos);
}

/* Of GetFeed and of GetWorks: where the next page begins, and ids. */
static void
page_cb (GObject *source, GAsyncResult *result, gpointer user_data)
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
  dou_video_set_load_async (page->context->backend, elements, n_elements,
                            dou_request_get_cancellable (page->request), videos_loaded_cb,
                            page);
  g_steal_pointer (&page);
}

static void
page_load (Page *page, DouBackendMethod method, GVariant *item)
{
  dou_batcher_submit_async (dou_backend_get_batcher (page->context->backend, method), &item, 1,
                            dou_request_get_cancellable (page->request), page_cb, page);
}

static void
feed_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;
  g_autoptr (Page) page = page_new (context, request);
  gint64 value = 0;
  gint64 before;
  DouNumber form;
  DouStatus status;

  status = dou_authenticator_admit (context->authenticator, request, &page->viewer);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  form = dou_request_get_integer (request, "latest_time", &value);
  before = dou_page_time_normalize (form, value, dou_clock_get_real_time (context->clock));
  page->is_feed = TRUE;
  page_load (g_steal_pointer (&page), DOU_BACKEND_GET_FEED,
             g_variant_new ("(xu)", before, FEED_PAGE));
}

/* The optional `count` and `cursor` of a list. */
static DouStatus
get_window (DouRequest *request, guint32 *count, gint64 *cursor)
{
  gint64 value;

  *count = MAX_LIST;
  *cursor = 0;

  switch (dou_request_get_integer (request, "count", &value))
    {
    case DOU_NUMBER_VALID:
      if (value < 1)
        return DOU_STATUS_BAD_PARAMETER;
      *count = (guint32) MIN (value, MAX_LIST);
      break;
    case DOU_NUMBER_INVALID:
      return DOU_STATUS_BAD_PARAMETER;
    case DOU_NUMBER_ABSENT:
    default:
      break;
    }

  switch (dou_request_get_integer (request, "cursor", cursor))
    {
    case DOU_NUMBER_VALID:
      return *cursor > 0 ? DOU_STATUS_OK : DOU_STATUS_BAD_PARAMETER;
    case DOU_NUMBER_INVALID:
      return DOU_STATUS_BAD_PARAMETER;
    case DOU_NUMBER_ABSENT:
    default:
      return DOU_STATUS_OK;
    }
}

static void
publish_list_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;
  g_autoptr (Page) page = page_new (context, request);
  gint64 author, cursor;
  guint32 count;
  DouStatus status;

  status = dou_context_get_subject (context, request, &page->viewer, &author);
  if (status == DOU_STATUS_OK)
    status = get_window (request, &count, &cursor);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  page_load (g_steal_pointer (&page), DOU_BACKEND_GET_WORKS,
             g_variant_new ("(xxu)", author, cursor, count));
}

static const DouRoute routes[] = {
  { "/douyin/feed", DOU_METHOD_GET, feed_handler },
  { "/douyin/publish/list", DOU_METHOD_GET, publish_list_handler },
  { "/douyin/publish/action", DOU_METHOD_POST, dou_publish_handler, &dou_upload_sink_class },
};

/**
 * dou_video_routes_add:
 * @router: takes the routes of the feed, of lists of works and of publishing
 * @context: what the handlers work with; outlives @router
 */
void
dou_video_routes_add (DouRouter *router, DouContext *context)
{
  dou_router_add (router, routes, G_N_ELEMENTS (routes), context);
}
