/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-action.h"
#include "gateway/dou-relation-routes.h"
#include "gateway/dou-user-page.h"

#define ACTION_FOLLOW 1
#define ACTION_UNFOLLOW 2
#define ACTION_BLOCK 1
#define ACTION_UNBLOCK 2

static void
user_found (DouAction *action, GVariant *result, DouStatus status)
{
  if (status != DOU_STATUS_OK)
    {
      dou_action_finish (action, NULL, status);
      return;
    }

  dou_action_call (action, DOU_BACKEND_SET_FOLLOWS,
                   g_variant_new ("(xxb)", action->viewer, action->target,
                                  action->type == ACTION_FOLLOW),
                   dou_action_finish);
}

static void
relation_action_handler (DouRequest *request, gpointer user_data)
{
  DouStatus status;
  DouAction *action = dou_action_new (user_data, request, "to_user_id", ACTION_UNFOLLOW, &status);

  if (action == NULL)
    dou_request_reply_status (request, status);
  else
    dou_action_find_user (action, user_found);
}

static void
other_found (DouAction *action, GVariant *result, DouStatus status)
{
  if (status != DOU_STATUS_OK)
    {
      dou_action_finish (action, NULL, status);
      return;
    }

  dou_action_call (action, DOU_BACKEND_SET_BLOCKS,
                   g_variant_new ("(xxb)", action->viewer, action->target,
                                  action->type == ACTION_BLOCK),
                   dou_action_finish);
}

static void
block_action_handler (DouRequest *request, gpointer user_data)
{
  DouStatus status;
  DouAction *action = dou_action_new (user_data, request, "to_user_id", ACTION_UNBLOCK, &status);

  if (action == NULL)
    dou_request_reply_status (request, status);
  else
    dou_action_find_user (action, other_found);
}

static void
block_list_handler (DouRequest *request, gpointer user_data)
{
  dou_user_page_reply (user_data, request, DOU_USER_PAGE_BLOCKS, DOU_BACKEND_GET_BLOCKS);
}

static void
follow_list_handler (DouRequest *request, gpointer user_data)
{
  dou_user_page_reply (user_data, request, DOU_USER_PAGE_PLAIN, DOU_BACKEND_GET_FOLLOWS);
}

static void
follower_list_handler (DouRequest *request, gpointer user_data)
{
  dou_user_page_reply (user_data, request, DOU_USER_PAGE_PLAIN, DOU_BACKEND_GET_FOLLOWERS);
}

static void
friend_list_handler (DouRequest *request, gpointer user_data)
{
  dou_user_page_reply (user_data, request, DOU_USER_PAGE_FRIENDS, DOU_BACKEND_GET_FRIENDS);
}

static const DouRoute routes[] = {
  { "/douyin/relation/action", DOU_METHOD_POST, relation_action_handler },
  { "/douyin/relation/block", DOU_METHOD_POST, block_action_handler },
  { "/douyin/relation/block/list", DOU_METHOD_GET, block_list_handler },
  { "/douyin/relation/follow/list", DOU_METHOD_GET, follow_list_handler },
  { "/douyin/relation/follower/list", DOU_METHOD_GET, follower_list_handler },
  { "/douyin/relation/friend/list", DOU_METHOD_GET, friend_list_handler },
};

/**
 * dou_relation_routes_add:
 * @router: takes the routes of follows, friends and blocks
 * @context: what the handlers work with; outlives @router
 */
void
dou_relation_routes_add (DouRouter *router, DouContext *context)
{
  dou_router_add (router, routes, G_N_ELEMENTS (routes), context);
}
