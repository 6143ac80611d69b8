/* SPDX-License-Identifier: Apache-2.0 */

/* Users tell the administration about a video, a comment or a user. The reason does not pass the word
 * filter: it may well be the word. */

#include "config.h"

#include "gateway/dou-action.h"
#include "gateway/dou-report-routes.h"

/* As they travel over the bus. */
typedef enum
{
  KIND_VIDEO = 1,
  KIND_COMMENT = 2,
  KIND_USER = 3,
} Kind;

static gboolean
parse_kind (const char *text, gint64 *kind)
{
  static const struct
  {
    const char *name;
    Kind kind;
  } kinds[] = { { "video", KIND_VIDEO }, { "comment", KIND_COMMENT }, { "user", KIND_USER } };

  for (gsize i = 0; text != NULL && i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (text, kinds[i].name))
      {
        *kind = kinds[i].kind;
        return TRUE;
      }

  return FALSE;
}

/* @action: (transfer full) */
static void
send_report (DouAction *action)
{
  dou_action_call (action, DOU_BACKEND_ADD_REPORTS,
                   g_variant_new ("(xixs)", action->viewer, (gint32) action->type, action->target,
                                  action->text),
                   dou_action_finish);
}

/* That a comment is there, and whose it is, the social service knows; and about oneself it refuses as well. */
static void
target_found (DouAction *action, GVariant *result, DouStatus status)
{
  if (status == DOU_STATUS_OK && action->type == KIND_VIDEO && action->author == action->viewer)
    status = DOU_STATUS_REPORT_REFUSED;

  if (status == DOU_STATUS_OK)
    send_report (action);
  else
    dou_action_finish (action, NULL, status);
}

static DouStatus
prepare (DouAction *action)
{
  if (!parse_kind (dou_request_get_parameter (action->request, "target_type"), &action->type))
    return DOU_STATUS_BAD_PARAMETER;

  action->text = dou_context_get_text (action->request, "reason");
  return action->text != NULL ? DOU_STATUS_OK : DOU_STATUS_BAD_TEXT;
}

static void
report_action_handler (DouRequest *request, gpointer user_data)
{
  DouStatus status;
  g_autoptr (DouAction) action = dou_action_new (user_data, request, "target_id", 0, &status);

  if (action != NULL)
    status = prepare (action);

  if (status != DOU_STATUS_OK)
    dou_request_reply_status (request, status);
  else if (action->type == KIND_VIDEO)
    dou_action_find_video (g_steal_pointer (&action), target_found);
  else if (action->type == KIND_USER)
    dou_action_find_user (g_steal_pointer (&action), target_found);
  else
    send_report (g_steal_pointer (&action));
}

static const DouRoute routes[] = {
  { "/douyin/report/action", DOU_METHOD_POST, report_action_handler, NULL, DOU_RATE_REPORT },
};

/**
 * dou_report_routes_add:
 * @router: takes the route of reports
 * @context: what the handlers work with; outlives @router
 */
void
dou_report_routes_add (DouRouter *router, DouContext *context)
{
  dou_router_add (router, routes, G_N_ELEMENTS (routes), context);
}
