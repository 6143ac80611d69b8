/* SPDX-License-Identifier: Apache-2.0 */

/* Cross-origin resource sharing, as the Fetch standard of WHATWG has it. Credentials in its sense,
 * such as cookies, do not exist here: who has a token sends it. So a page that is allowed may do what
 * any client may, and no more. */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "gateway/dou-cors.h"

#define ALLOWED_METHODS "GET, HEAD, POST"
#define ALLOWED_HEADERS                                                                            \
  "Accept-Language, Authorization, Content-Type, If-Modified-Since, If-None-Match, If-Range, Range"
#define EXPOSED_HEADERS "Accept-Ranges, Content-Length, Content-Range, ETag, Retry-After"
/* Seconds for which a browser need not ask again. */
#define MAX_AGE "600"

struct _DouCors
{
  char **origins; /* (owned) */
  gboolean is_any;
};

static gboolean
is_origin (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);

  return uri != NULL && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0'
         && g_str_equal (g_uri_get_path (uri), "") && g_uri_get_query (uri) == NULL
         && g_uri_get_fragment (uri) == NULL && g_uri_get_userinfo (uri) == NULL
         && (g_str_equal (g_uri_get_scheme (uri), "http")
             || g_str_equal (g_uri_get_scheme (uri), "https"));
}

/**
 * dou_cors_new:
 * @config: names the origins
 * @error: return location for %DOU_CONFIG_ERROR_BAD_VALUE
 *
 * Returns: (transfer full): what pages may do, or %NULL
 */
DouCors *
dou_cors_new (DouConfig *config, GError **error)
{
  const char *const *origins = dou_config_get_list (config, DOU_CONFIG_CORS_ORIGINS);
  DouCors *self;

  for (gsize i = 0; origins[i] != NULL; i++)
    if (!g_str_equal (origins[i], "*") && !is_origin (origins[i]))
      {
        g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE,
                     _ ("[%s] %s = %s: expected an origin such as https://example.org, or *"),
                     dou_config_key_get_group (DOU_CONFIG_CORS_ORIGINS),
                     dou_config_key_get_name (DOU_CONFIG_CORS_ORIGINS), origins[i]);
        return NULL;
      }

  self = g_new0 (DouCors, 1);
  self->origins = g_strdupv ((char **) origins);
  self->is_any = g_strv_contains (origins, "*");
  return self;
}

void
dou_cors_free (DouCors *self)
{
  g_strfreev (self->origins);
  g_free (self);
}

/* Returns: (nullable): the origin of @request if it may have the answer */
static const char *
dou_cors_get_allowed (DouCors *self, const DouRequestHead *request)
{
  const char *origin = soup_message_headers_get_one (request->headers, "Origin");

  if (origin == NULL)
    return NULL;
  if (self->is_any)
    return "*";

  return g_strv_contains ((const char *const *) self->origins, origin) ? origin : NULL;
}

static gboolean
is_preflight (const DouRequestHead *request)
{
  return g_str_equal (request->method, "OPTIONS")
         && soup_message_headers_get_one (request->headers, "Access-Control-Request-Method") != NULL;
}

/**
 * dou_cors_is_preflight:
 * @self: what pages may do
 * @request: the head of one
 *
 * Returns: whether a browser asks beforehand what a page may do, and the page may do something
 */
gboolean
dou_cors_is_preflight (DouCors *self, const DouRequestHead *request)
{
  return is_preflight (request) && dou_cors_get_allowed (self, request) != NULL;
}

/**
 * dou_cors_add_headers:
 * @self: what pages may do
 * @request: the head of one that is about to be answered
 * @headers: of the answer
 *
 * Adds to the headers whether the page that it came from may read the answer.
 */
void
dou_cors_add_headers (DouCors *self, const DouRequestHead *request, SoupMessageHeaders *headers)
{
  const char *origin;

  if (self->origins[0] == NULL)
    return;

  if (!self->is_any)
    soup_message_headers_append (headers, "Vary", "Origin");
  origin = dou_cors_get_allowed (self, request);
  if (origin == NULL)
    return;

  soup_message_headers_replace (headers, "Access-Control-Allow-Origin", origin);
  if (is_preflight (request))
    {
      soup_message_headers_replace (headers, "Access-Control-Allow-Methods", ALLOWED_METHODS);
      soup_message_headers_replace (headers, "Access-Control-Allow-Headers", ALLOWED_HEADERS);
      soup_message_headers_replace (headers, "Access-Control-Max-Age", MAX_AGE);
    }
  else
    soup_message_headers_replace (headers, "Access-Control-Expose-Headers", EXPOSED_HEADERS);
}
