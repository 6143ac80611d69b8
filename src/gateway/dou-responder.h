/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <libsoup/soup.h>

#include "common/dou-status.h"
#include "gateway/dou-connection.h"
#include "gateway/dou-cors.h"
#include "gateway/dou-language.h"
#include "gateway/dou-router.h"
#include "gateway/dou-traffic.h"

G_BEGIN_DECLS

#define DOU_RESPONDER_JSON "application/json; charset=utf-8"

/**
 * DouAnswer:
 * @http_code: of the status line
 * @content_type: (nullable): of the body
 * @headers: (nullable): more of them
 * @allowed: what a 405 says would do
 * @request_id: (nullable): of what is answered
 * @retry_after: seconds after which a 429 or 503 says to try again; 0 = one
 * @body: (nullable): the whole of it
 * @part: (nullable): the file that @body is a part of
 * @feed: (nullable): where the body comes from instead of @body
 * @omits_body: @body is only described, as for HEAD
 *
 * One answer.
 */
typedef struct
{
  guint http_code;
  const char *content_type;
  SoupMessageHeaders *headers;
  DouMethods allowed;
  const char *request_id;
  guint retry_after;
  GBytes *body;
  const DouFilePart *part;
  const DouBodyFeed *feed;
  gboolean omits_body;
} DouAnswer;

/**
 * DouResponder:
 *
 * Writes answers as HTTP.
 */
#define DOU_TYPE_RESPONDER (dou_responder_get_type ())
G_DECLARE_FINAL_TYPE (DouResponder, dou_responder, DOU, RESPONDER, GObject)

DouResponder *dou_responder_new (void);
void dou_responder_take_cors (DouResponder *self, DouCors *cors);
void dou_responder_set_access_log (DouResponder *self, gboolean is_on);
gboolean dou_responder_get_access_log (DouResponder *self);
DouCors *dou_responder_get_cors (DouResponder *self);
DouTraffic *dou_responder_get_traffic (DouResponder *self);
void dou_responder_send (DouResponder *self, DouConnection *connection, const DouAnswer *answer);
void dou_responder_send_status (DouResponder *self,
                                DouConnection *connection,
                                DouStatus status,
                                DouLanguage language);
void dou_responder_turn_away (DouResponder *self, int fd);
GBytes *dou_responder_describe (DouStatus status, DouLanguage language);

G_END_DECLS
