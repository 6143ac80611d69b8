/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-clock.h"
#include "gateway/dou-request.h"
#include "gateway/dou-token.h"

G_BEGIN_DECLS

/**
 * DouAuthenticator:
 *
 * Tells who sent a request. Verified tokens are remembered until they expire, as many as fit.
 */
#define DOU_TYPE_AUTHENTICATOR (dou_authenticator_get_type ())
G_DECLARE_FINAL_TYPE (DouAuthenticator, dou_authenticator, DOU, AUTHENTICATOR, GObject)

DouAuthenticator *dou_authenticator_new (DouTokenKeys *keys, DouClock *clock, gint64 lifetime);

char *dou_authenticator_issue (DouAuthenticator *self, gint64 user_id, gint64 generation,
                               GError **error);
DouStatus dou_authenticator_check (DouAuthenticator *self, const char *token, gint64 *user_id);

DouStatus dou_authenticator_admit (DouAuthenticator *self, DouRequest *request, gint64 *viewer);
DouStatus dou_authenticator_require (DouAuthenticator *self, DouRequest *request, gint64 *viewer);

G_END_DECLS
