/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "common/dou-id-minter.h"
#include "gateway/dou-picture-routes.h"
#include "gateway/dou-picture.h"

/* The id in “…/ID.png”, or 0. */
static gint64
get_id (DouRequest *request)
{
  g_autofree char *name = g_path_get_basename (dou_request_get_path (request));
  guint64 id;

  if (!g_str_has_suffix (name, ".png"))
    return 0;

  name[strlen (name) - strlen (".png")] = '\0';
  return g_ascii_string_to_unsigned (name, 10, 1, DOU_ID_MAX, &id, NULL) ? (gint64) id : 0;
}

static void
reply_picture (DouRequest *request, GBytes *(*draw) (gint64 id))
{
  SoupMessageHeaders *headers;
  g_autoptr (GBytes) picture = NULL;
  gint64 id = get_id (request);

  if (id == 0)
    {
      dou_request_reply_status (request, DOU_STATUS_NOT_FOUND);
      return;
    }

  headers = dou_request_get_answer_headers (request);
  soup_message_headers_replace (headers, "Cache-Control", "public, max-age=31536000, immutable");
  picture = draw (id);
  dou_request_reply_bytes (request, SOUP_STATUS_OK, "image/png", picture);
}

static void
avatar_handler (DouRequest *request, gpointer user_data)
{
  reply_picture (request, dou_picture_draw_avatar);
}

static void
background_handler (DouRequest *request, gpointer user_data)
{
  reply_picture (request, dou_picture_draw_background);
}

static const DouRoute routes[] = {
  { "/media/avatar/default/*", DOU_METHOD_GET | DOU_METHOD_HEAD, avatar_handler },
  { "/media/background/default/*", DOU_METHOD_GET | DOU_METHOD_HEAD, background_handler },
};

/**
 * dou_picture_routes_add:
 * @router: takes the routes of pictures that are drawn; to be added before those of media files, whose
 *   prefix is shorter
 */
void
dou_picture_routes_add (DouRouter *router)
{
  dou_router_add (router, routes, G_N_ELEMENTS (routes), NULL);
}
