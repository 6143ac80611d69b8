/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-action.h"
#include "gateway/dou-favorite-routes.h"
#include "gateway/dou-video-page.h"
#include "gateway/dou-window.h"

#define ACTION_LIKE 1
#define ACTION_UNLIKE 2

static void
video_found (DouAction *action, GVariant *result, DouStatus status)
{
  if (status != DOU_STATUS_OK)
    {
      dou_action_finish (action, NULL, status);
      return;
    }

  dou_action_call (action, DOU_BACKEND_SET_FAVORITES,
                   g_variant_new ("(xxxb)", action->viewer, action->target, action->author,
                                  action->type == ACTION_LIKE),
                   dou_action_finish);
}

static void
favorite_action_handler (DouRequest *request, gpointer user_data)
{
  DouStatus status;
  DouAction *action = dou_action_new (user_data, request, "video_id", ACTION_UNLIKE, &status);

  if (action == NULL)
    dou_request_reply_status (request, status);
  else
    dou_action_find_video (action, video_found);
}

static void
favorite_list_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;
  gint64 viewer, user;
  DouWindow window;
  DouStatus status;

  status = dou_context_get_subject (context, request, &viewer, &user);
  if (status == DOU_STATUS_OK)
    status = dou_window_read (&window, request);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  dou_video_page_reply (context, request, viewer, user, DOU_BACKEND_GET_FAVORITES,
                        g_variant_new ("(xxu)", user, window.cursor, window.count));
}

static const DouRoute routes[] = {
  { "/douyin/favorite/action", DOU_METHOD_POST, favorite_action_handler },
  { "/douyin/favorite/list", DOU_METHOD_GET, favorite_list_handler },
};

/**
 * dou_favorite_routes_add:
 * @router: takes the routes of likes
 * @context: what the handlers work with; outlives @router
 */
void
dou_favorite_routes_add (DouRouter *router, DouContext *context)
{
  dou_router_add (router, routes, G_N_ELEMENTS (routes), context);
}
