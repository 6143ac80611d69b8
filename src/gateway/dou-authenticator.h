/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-clock.h"
#include "gateway/dou-backend.h"
#include "gateway/dou-request.h"
#include "gateway/dou-router.h"
#include "gateway/dou-token.h"
#include "gateway/dou-watch.h"

G_BEGIN_DECLS

/**
 * DouAuthenticator:
 *
 * Tells who sent a request. Verified tokens are remembered until they expire, and so is how often
 * their users changed the password, as many as fit.
 */
#define DOU_TYPE_AUTHENTICATOR (dou_authenticator_get_type ())
G_DECLARE_FINAL_TYPE (DouAuthenticator, dou_authenticator, DOU, AUTHENTICATOR, GObject)

/* Tokens, and users, that are remembered. */
#define DOU_AUTHENTICATOR_MAX_REMEMBERED 16384

DouAuthenticator *dou_authenticator_new (DouTokenKeys *keys, DouClock *clock, DouBackend *backend,
                                         DouWatch *watch, gint64 lifetime);

char *dou_authenticator_issue (DouAuthenticator *self, gint64 user_id, gint64 generation,
                               GError **error);

void dou_authenticator_catch_up (DouAuthenticator *self);
gboolean dou_authenticator_can_check (DouAuthenticator *self, const char *token);
void dou_authenticator_prepare_async (DouAuthenticator *self, const char *token,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean dou_authenticator_prepare_finish (DouAuthenticator *self, GAsyncResult *result,
                                           GError **error);
DouStatus dou_authenticator_check (DouAuthenticator *self, const char *token, gint64 *user_id);
const DouTokenClaims *dou_authenticator_read (DouAuthenticator *self, const char *token);

/* With whole requests. */
void dou_authenticator_guard (DouAuthenticator *self, DouRouter *router);
DouStatus dou_authenticator_admit (DouAuthenticator *self, DouRequest *request, gint64 *viewer);
DouStatus dou_authenticator_require (DouAuthenticator *self, DouRequest *request, gint64 *viewer);

G_END_DECLS
