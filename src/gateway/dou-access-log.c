/* SPDX-License-Identifier: Apache-2.0 */

/* A line for each request, if [log] access is on.
 *
 * The query never is in it: tokens, passwords and messages stand there. Of the path only what we know is
 * written: the route's own, or below a prefix such as /media/ the path of what was found. What nobody has a
 * route for is “-”, because it can be anything, a token too; for the same reason only methods that there are
 * get named.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include "common/dou-log.h"
#include "gateway/dou-access-log.h"

/* The first code that says nothing was found. */
#define FIRST_REFUSAL 400

/**
 * dou_access_get_method:
 * @access: a request
 *
 * Returns: (transfer none): its method; “-” for one that there is not
 */
const char *
dou_access_get_method (const DouAccess *access)
{
  static const char *const known[] = { "GET", "HEAD", "POST", "OPTIONS" };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (access->method, known[i]))
      return known[i];

  return "-";
}

static const char *
get_path (const DouAccess *access)
{
  if (access->route == NULL)
    return "-";

  return g_str_has_suffix (access->route, "*") && access->http_code < FIRST_REFUSAL ? access->path
                                                                                    : access->route;
}

/**
 * dou_access_log_write:
 * @access: a request
 *
 * Logs it as information.
 */
void
dou_access_log_write (const DouAccess *access)
{
  g_autofree char *client
      = access->client != NULL ? g_inet_address_to_string (access->client) : g_strdup ("-");
  g_autofree char *message = g_strdup_printf ("%s %s %u", dou_access_get_method (access),
                                              get_path (access), access->http_code);
  char status[12], bytes[24], duration[24], user[24];
  const GLogField fields[] = {
    { "MESSAGE", message, -1 },         { "PRIORITY", "6", -1 },
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 }, { "DOUTOK_STATUS", status, -1 },
    { "DOUTOK_BYTES", bytes, -1 },      { "DOUTOK_DURATION_US", duration, -1 },
    { "DOUTOK_CLIENT", client, -1 },    { "DOUTOK_USER", user, -1 },
  };
  /* The last one is for users only. */
  gsize n_fields = G_N_ELEMENTS (fields) - (access->user == 0);
  const char *former = dou_log_name_requests (access->request_id);

  g_snprintf (status, sizeof status, "%d", access->status_code);
  g_snprintf (bytes, sizeof bytes, "%" G_GSIZE_FORMAT, access->n_bytes);
  g_snprintf (duration, sizeof duration, "%" G_GINT64_FORMAT, access->duration);
  g_snprintf (user, sizeof user, "%" G_GINT64_FORMAT, access->user);
  g_log_structured_array (G_LOG_LEVEL_INFO, fields, n_fields);
  dou_log_name_requests (former);
}
