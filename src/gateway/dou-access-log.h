/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouAccess:
 * @request_id: by which the request is found
 * @method: as the client sent it
 * @route: (nullable): path of its route; %NULL if there is none
 * @path: (nullable): as the client sent it, without the query
 * @client: (nullable): who sent it
 * @user: whose token it had; 0 if it had none that is valid, or nobody has asked
 * @http_code: of the answer; 0 if there was none
 * @status_code: in its envelope; below 0 if it has none
 * @n_bytes: of its body
 * @duration: microseconds from the head of the request to the answer
 *
 * One request that is answered.
 */
typedef struct
{
  const char *request_id;
  const char *method;
  const char *route;
  const char *path;
  GInetAddress *client;
  gint64 user;
  guint http_code;
  int status_code;
  gsize n_bytes;
  gint64 duration;
} DouAccess;

const char *dou_access_get_method (const DouAccess *access);
void dou_access_log_write (const DouAccess *access);

G_END_DECLS
