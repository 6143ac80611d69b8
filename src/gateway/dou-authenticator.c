/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-lru.h"
#include "gateway/dou-authenticator.h"

/* Tokens remembered: about 300 bytes each, so 5 MiB at most. Verifying one costs some 7 µs. */
#define MAX_REMEMBERED 16384

struct _DouAuthenticator
{
  GObject parent_instance;

  DouTokenKeys *keys; /* (owned) */
  DouClock *clock;    /* (owned) */
  DouLru *remembered; /* (owned) (element-type utf8 DouTokenClaims) by token */
  gint64 lifetime;    /* seconds */
};

G_DEFINE_FINAL_TYPE (DouAuthenticator, dou_authenticator, G_TYPE_OBJECT)

static void
dou_authenticator_finalize (GObject *object)
{
  DouAuthenticator *self = DOU_AUTHENTICATOR (object);

  dou_lru_free (self->remembered);
  g_clear_object (&self->keys);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (dou_authenticator_parent_class)->finalize (object);
}

static void
dou_authenticator_class_init (DouAuthenticatorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_authenticator_finalize;
}

static void
dou_authenticator_init (DouAuthenticator *self)
{
  self->remembered = dou_lru_new (g_str_hash, g_str_equal, g_free, g_free, MAX_REMEMBERED);
}

/**
 * dou_authenticator_new:
 * @keys: what tokens are signed with
 * @clock: the time of day
 * @lifetime: of new tokens, in seconds
 *
 * Returns: (transfer full): an authenticator
 */
DouAuthenticator *
dou_authenticator_new (DouTokenKeys *keys, DouClock *clock, gint64 lifetime)
{
  DouAuthenticator *self = g_object_new (DOU_TYPE_AUTHENTICATOR, NULL);

  self->keys = g_object_ref (keys);
  self->clock = g_object_ref (clock);
  self->lifetime = lifetime;
  return self;
}

static gint64
dou_authenticator_get_now (DouAuthenticator *self)
{
  return dou_clock_get_real_time (self->clock) / 1000;
}

/**
 * dou_authenticator_issue:
 * @self: an authenticator
 * @user_id: who has shown a password
 * @generation: how often that user had changed the password before
 * @error: return location
 *
 * Returns: (transfer full): a token
 */
char *
dou_authenticator_issue (DouAuthenticator *self, gint64 user_id, gint64 generation, GError **error)
{
  DouTokenClaims claims = { user_id, generation };
  gint64 now;

  g_return_val_if_fail (DOU_IS_AUTHENTICATOR (self), NULL);

  now = dou_authenticator_get_now (self);
  claims.expiry = now + self->lifetime;
  return dou_token_keys_sign (self->keys, &claims, now, error);
}

/**
 * dou_authenticator_check:
 * @self: an authenticator
 * @token: what a client sent
 * @user_id: (out): whom it stands for; 0 if it is not valid
 *
 * Returns: %DOU_STATUS_OK or %DOU_STATUS_UNAUTHORIZED
 */
DouStatus
dou_authenticator_check (DouAuthenticator *self, const char *token, gint64 *user_id)
{
  gint64 now = dou_authenticator_get_now (self);
  DouTokenClaims *known = dou_lru_lookup (self->remembered, token);
  DouTokenClaims claims;

  *user_id = 0;

  if (known != NULL && known->expiry > now)
    {
      *user_id = known->user_id;
      return DOU_STATUS_OK;
    }

  if (!dou_token_keys_verify (self->keys, token, now, &claims))
    return DOU_STATUS_UNAUTHORIZED;

  dou_lru_insert (self->remembered, g_strdup (token), g_memdup2 (&claims, sizeof claims), 1);
  *user_id = claims.user_id;
  return DOU_STATUS_OK;
}

/**
 * dou_authenticator_admit:
 * @self: an authenticator
 * @request: a request that guests may make, too
 * @viewer: (out): who made it; 0 for a guest
 *
 * Returns: %DOU_STATUS_OK, or %DOU_STATUS_UNAUTHORIZED if there is a token that is not valid
 */
DouStatus
dou_authenticator_admit (DouAuthenticator *self, DouRequest *request, gint64 *viewer)
{
  const char *token = dou_request_get_token (request);

  *viewer = 0;
  return token == NULL ? DOU_STATUS_OK : dou_authenticator_check (self, token, viewer);
}

/**
 * dou_authenticator_require:
 * @self: an authenticator
 * @request: a request that only users may make
 * @viewer: (out): who made it
 *
 * Returns: %DOU_STATUS_OK or %DOU_STATUS_UNAUTHORIZED
 */
DouStatus
dou_authenticator_require (DouAuthenticator *self, DouRequest *request, gint64 *viewer)
{
  DouStatus status = dou_authenticator_admit (self, request, viewer);

  return status == DOU_STATUS_OK && *viewer == 0 ? DOU_STATUS_UNAUTHORIZED : status;
}
