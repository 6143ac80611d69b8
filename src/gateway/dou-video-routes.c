/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-action.h"
#include "gateway/dou-feed.h"
#include "gateway/dou-page-time.h"
#include "gateway/dou-publish.h"
#include "gateway/dou-upload.h"
#include "gateway/dou-video-page.h"
#include "gateway/dou-video-routes.h"
#include "gateway/dou-window.h"

static void
feed_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;
  gint64 value = 0;
  gint64 before, viewer;
  DouNumber form;
  DouStatus status;

  status = dou_authenticator_admit (context->authenticator, request, &viewer);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  form = dou_request_get_integer (request, "latest_time", &value);
  before = dou_page_time_normalize (form, value, dou_clock_get_real_time (context->clock));
  dou_feed_reply (context->feed, request, viewer, before);
}

static void
publish_list_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;
  gint64 viewer, author;
  DouWindow window;
  DouStatus status;

  status = dou_context_get_subject (context, request, &viewer, &author);
  if (status == DOU_STATUS_OK)
    status = dou_window_read (&window, request);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  dou_video_page_reply (context, request, viewer, author, DOU_BACKEND_GET_WORKS,
                        g_variant_new ("(xxu)", author, window.cursor, window.count));
}

static void
publish_delete_handler (DouRequest *request, gpointer user_data)
{
  DouStatus status;
  DouAction *action = dou_action_new (user_data, request, "video_id", 0, &status);

  if (action == NULL)
    dou_request_reply_status (request, status);
  else
    dou_action_call (action, DOU_BACKEND_DELETE_VIDEOS,
                     g_variant_new ("(xx)", action->target, action->viewer), dou_action_finish);
}

static const DouRoute routes[] = {
  { "/douyin/feed", DOU_METHOD_GET, feed_handler },
  { "/douyin/publish/list", DOU_METHOD_GET, publish_list_handler },
  { "/douyin/publish/action", DOU_METHOD_POST, dou_publish_handler, &dou_upload_sink_class,
    DOU_RATE_PUBLISH },
  { "/douyin/publish/delete", DOU_METHOD_POST, publish_delete_handler },
};

/**
 * dou_video_routes_add:
 * @router: takes the routes of the feed, of lists of works, of publishing and of deleting
 * @context: what the handlers work with; outlives @router
 */
void
dou_video_routes_add (DouRouter *router, DouContext *context)
{
  dou_router_add (router, routes, G_N_ELEMENTS (routes), context);
}
