/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include "common/dou-json-writer.h"
#include "common/dou-status.h"
#include "gateway/dou-body-feed.h"
#include "gateway/dou-language.h"
#include "gateway/dou-output.h"
#include "gateway/dou-rate-limiter.h"

G_BEGIN_DECLS

/**
 * DouRequest:
 *
 * One HTTP request, from the moment its handler is called until it was answered. A handler answers
 * exactly once, at once or later; it keeps a reference until then. If the client hangs up meanwhile, the
 * answer goes nowhere, without harm.
 */
#define DOU_TYPE_REQUEST (dou_request_get_type ())
G_DECLARE_FINAL_TYPE (DouRequest, dou_request, DOU, REQUEST, GObject)

/**
 * DouNumber:
 * @DOU_NUMBER_ABSENT: the parameter is not there, or empty
 * @DOU_NUMBER_VALID: it is exactly an integer
 * @DOU_NUMBER_INVALID: it is something else, or out of range
 */
typedef enum
{
  DOU_NUMBER_ABSENT,
  DOU_NUMBER_VALID,
  DOU_NUMBER_INVALID,
} DouNumber;

/* What the client sent. */
const char *dou_request_get_id (DouRequest *self);
void dou_request_set_user (DouRequest *self, gint64 user);
const char *dou_request_get_path (DouRequest *self);
const char *dou_request_get_parameter (DouRequest *self, const char *name);
DouNumber dou_request_get_integer (DouRequest *self, const char *name, gint64 *value);
const char *dou_request_get_token (DouRequest *self);
const char *dou_request_get_origin (DouRequest *self);
DouLanguage dou_request_get_language (DouRequest *self);
GInetAddress *dou_request_get_client_address (DouRequest *self);
const char *dou_request_get_method (DouRequest *self);
SoupMessageHeaders *dou_request_get_headers (DouRequest *self);
GCancellable *dou_request_get_cancellable (DouRequest *self);

/* Parameters that arrive outside the query and a small body: the fields of a streamed upload. */
DouStatus dou_request_add_parameter (DouRequest *self, const char *name, const char *value);
gpointer dou_request_get_body_sink (DouRequest *self);

/* How often it may be made. */
DouRateClass dou_request_get_rate_class (DouRequest *self);
DouStatus dou_request_delay (DouRequest *self, guint seconds);

/* Goes with the answer. */
SoupMessageHeaders *dou_request_get_answer_headers (DouRequest *self);

/* The answer: exactly one of these. */
void dou_request_reply_status (DouRequest *self, DouStatus status);
void dou_request_begin_reply (DouRequest *self, DouStatus status, DouJsonWriter *writer);
void dou_request_begin_large_reply (DouRequest *self, DouStatus status, gsize size,
                                    DouJsonWriter *writer);
void dou_request_end_reply (DouRequest *self, DouStatus status, DouJsonWriter *writer);
void dou_request_reply_bytes (DouRequest *self, guint http_code, const char *content_type,
                              GBytes *body);
void dou_request_reply_file (DouRequest *self, guint http_code, const char *content_type,
                             GBytes *body, const DouFilePart *part);
void dou_request_reply_feed (DouRequest *self, guint http_code, const char *content_type,
                             const DouBodyFeed *feed);
void dou_request_feed (DouRequest *self, GBytes *piece);
void dou_request_break_off (DouRequest *self);
int dou_request_switch_protocols (DouRequest *self);

G_END_DECLS
