/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * DouTestHttp:
 *
 * A client of a running server: one or more connections, and answers as JSON. Text is asserted to be
 * what the contract promises: HTTP 200 (unless another code is expected) and the envelope.
 */
typedef struct _DouTestHttp DouTestHttp;

DouTestHttp *dou_test_http_new (const char *url, guint n_connections);
void dou_test_http_free (DouTestHttp *self);

JsonObject *dou_test_http_call (DouTestHttp *self, const char *method, const char *path, ...)
    G_GNUC_NULL_TERMINATED;
JsonObject *dou_test_http_call_expecting (DouTestHttp *self, guint http_code, const char *method,
                                          const char *path, ...) G_GNUC_NULL_TERMINATED;
JsonObject *dou_test_http_send_form (DouTestHttp *self, guint http_code, const char *path,
                                     SoupMultipart *form);
JsonObject *dou_test_http_publish (DouTestHttp *self, const char *token, const char *title,
                                   GBytes *file);

GBytes *dou_test_http_fetch (DouTestHttp *self, const char *method, const char *url,
                             const char *range, guint expected, SoupMessageHeaders **headers);

char *dou_test_http_build_url (const char *base, const char *path, ...) G_GNUC_NULL_TERMINATED;
JsonObject *dou_test_http_parse (GBytes *body);
JsonObject *dou_test_http_receive (SoupSession *session, GAsyncResult *result);
SoupSession *dou_test_http_get_session (DouTestHttp *self);
SoupMessage *dou_test_http_make_upload (const char *base, const char *token, const char *title,
                                        GBytes *file);

gint64 dou_test_http_get_status (JsonObject *answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestHttp, dou_test_http_free)

G_END_DECLS
