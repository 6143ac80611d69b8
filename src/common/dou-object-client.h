/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include "common/dou-object-address.h"
#include "common/dou-object-error.h"
#include "common/dou-s3-signer.h"

G_BEGIN_DECLS

/**
 * DouObjectLimits:
 * @timeout: seconds for which a store may be silent
 * @n_attempts: how often a request is tried, if that makes sense
 * @n_running: requests that are under way at a time; others wait
 *
 * How much of a store is put up with.
 */
typedef struct
{
  guint timeout;
  guint n_attempts;
  guint n_running;
} DouObjectLimits;

/**
 * DouObjectRequest:
 * @method: of HTTP
 * @name: of an object
 * @query: (nullable) (element-type utf8 utf8): parameters, not escaped
 * @headers: (element-type utf8 utf8): names in lower case
 * @body: (nullable): what is sent; kept in memory or mapped, since it may be sent again
 * @sha256: (nullable): checksum of @body in hexadecimal; computed if %NULL
 * @streams: the answer is to be read by whoever asks; otherwise it is small
 *
 * A request that is not signed yet.
 */
typedef struct
{
  const char *method; /* (unowned) static */
  char *name;         /* (owned) */
  GHashTable *query;  /* (owned) (nullable) */
  GHashTable *headers; /* (owned) */
  GBytes *body;       /* (owned) (nullable) */
  char *sha256;       /* (owned) (nullable) */
  gboolean streams;
} DouObjectRequest;

DouObjectRequest *dou_object_request_new (const char *method, const char *name);
void dou_object_request_free (DouObjectRequest *self);
void dou_object_request_add_header (DouObjectRequest *self, const char *name, const char *value);
void dou_object_request_add_parameter (DouObjectRequest *self, const char *name, const char *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouObjectRequest, dou_object_request_free)

/**
 * DouObjectAnswer:
 * @headers: of the answer
 * @body: (nullable): all of it, which ends in a zero that is not counted
 * @stream: (nullable): for a request that streams
 *
 * What a store has answered to a request that it has fulfilled.
 */
typedef struct
{
  SoupMessageHeaders *headers; /* (owned) */
  GBytes *body;                /* (owned) (nullable) */
  GInputStream *stream;        /* (owned) (nullable) */
} DouObjectAnswer;

void dou_object_answer_free (DouObjectAnswer *self);
char *dou_object_answer_get_element (const char *text, const char *element);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouObjectAnswer, dou_object_answer_free)

/**
 * DouObjectClient:
 *
 * Sends requests to one object store: signed, bounded in time and number, and again if the store was
 * not able to answer.
 */
#define DOU_TYPE_OBJECT_CLIENT (dou_object_client_get_type ())
G_DECLARE_FINAL_TYPE (DouObjectClient, dou_object_client, DOU, OBJECT_CLIENT, GObject)

DouObjectClient *dou_object_client_new (const DouObjectAddress *address,
                                        const DouObjectLimits *limits);
void dou_object_client_send_async (DouObjectClient *self, DouObjectRequest *request,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data);
DouObjectAnswer *dou_object_client_send_finish (DouObjectClient *self, GAsyncResult *result,
                                                GError **error);
char *dou_object_client_presign (DouObjectClient *self, const char *method, const char *name,
                                 guint expires, GDateTime *since);

G_END_DECLS
