/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "dou-web-resources.h"
#include "gateway/dou-web-routes.h"

#define ROOT "/org/doutok/web"

/* Everything comes from this server. `blob:` is what a user has chosen to upload, shown before it is
 * sent. No script and no style stands in the page itself, so none that somebody smuggled in would
 * run. */
#define POLICY \
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; manifest-src 'self'; " \
  "worker-src 'self'; img-src 'self' blob:%s%s; media-src 'self' blob:%s%s; base-uri 'none'; " \
  "form-action 'none'; frame-ancestors 'none'"

/**
 * dou_web_routes_new:
 * @media_origin: (nullable): another server that pictures and videos may come from
 *
 * Returns: (transfer full): routes for the files of the web client, whose page is “/”
 */
DouResourceRoutes *
dou_web_routes_new (const char *media_origin)
{
  const char *space = media_origin != NULL ? " " : "";
  const char *origin = media_origin != NULL ? media_origin : "";
  g_autofree char *policy = g_strdup_printf (POLICY, space, origin, space, origin);

  return dou_resource_routes_new (dou_web_resources_get_resource (), ROOT, policy);
}
