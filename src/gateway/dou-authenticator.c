/* SPDX-License-Identifier: Apache-2.0 */

/* Who sent a request.
 *
 * A token is good if we signed it, it has not expired, and its user has not changed the password
 * since it was issued, nor been banned. The first two are seen from the token alone. For the third it
 * carries the generation of the password, which must not be below the present one; and that is known
 * to the user service, which says with it whether the user is banned.
 *
 * To ask the service for each request would double the price of most of them. So the gateway
 * remembers generations, and the service tells of every change (GenerationsChanged) before it
 * answers whoever made it. What is remembered is therefore never behind what a client was told;
 * when the service is lost, and with it perhaps a signal, everything is forgotten. Generations only
 * grow, so a reply that was overtaken by a signal is known by its smaller number.
 *
 * Checking itself never waits, because handlers should not need two ways of going on. What is not
 * known yet is prepared before the handler is called, which happens once for each user and gateway.
 */

#include "config.h"

#include "common/dou-generation.h"
#include "common/dou-lru.h"
#include "gateway/dou-authenticator.h"

struct _DouAuthenticator
{
  GObject parent_instance;

  DouTokenKeys *keys;  /* (owned) */
  DouClock *clock;     /* (owned) */
  DouBackend *backend; /* (owned) */
  DouWatch *watch;     /* (owned) */
  gint64 lifetime;     /* seconds */

  /* About 300 bytes an entry, so 5 MiB at most. Verifying a token costs some 7 µs. */
  DouLru *remembered; /* (owned) (element-type utf8 DouTokenClaims) by token */
  /* About 150 bytes an entry. */
  DouLru *generations; /* (owned) (element-type gint64 gint64) by user; -1 for who does not exist */
  guint64 n_losses;    /* of the user service, so far */
};

G_DEFINE_FINAL_TYPE (DouAuthenticator, dou_authenticator, G_TYPE_OBJECT)

static void
dou_authenticator_finalize (GObject *object)
{
  DouAuthenticator *self = DOU_AUTHENTICATOR (object);

  dou_watch_forget (self->watch, self);
  g_object_unref (self->watch);
  dou_lru_free (self->remembered);
  dou_lru_free (self->generations);
  g_clear_object (&self->keys);
  g_clear_object (&self->clock);
  g_clear_object (&self->backend);

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
  self->remembered
      = dou_lru_new (g_str_hash, g_str_equal, g_free, g_free, DOU_AUTHENTICATOR_MAX_REMEMBERED);
  self->generations
      = dou_lru_new (g_int64_hash, g_int64_equal, g_free, g_free, DOU_AUTHENTICATOR_MAX_REMEMBERED);
}

static void
dou_authenticator_learn (DouAuthenticator *self, gint64 user_id, gint64 generation)
{
  const gint64 *known = dou_lru_lookup (self->generations, &user_id);

  if (known == NULL || DOU_GENERATION_NUMBER (*known) < DOU_GENERATION_NUMBER (generation))
    dou_lru_insert (self->generations, g_memdup2 (&user_id, sizeof user_id),
                    g_memdup2 (&generation, sizeof generation), 1);
}

static void
generations_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  for (gsize i = 0; i < n_items; i++)
    dou_authenticator_learn (user_data, items[i].a, items[i].b);
}

static void
lost_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouAuthenticator *self = user_data;

  self->n_losses++;
  dou_lru_remove_all (self->generations);
}

/**
 * dou_authenticator_new:
 * @keys: what tokens are signed with
 * @clock: the time of day
 * @backend: knows the user service
 * @watch: tells what has changed
 * @lifetime: of new tokens, in seconds
 *
 * Returns: (transfer full): an authenticator
 */
DouAuthenticator *
dou_authenticator_new (DouTokenKeys *keys, DouClock *clock, DouBackend *backend, DouWatch *watch,
                       gint64 lifetime)
{
  DouAuthenticator *self = g_object_new (DOU_TYPE_AUTHENTICATOR, NULL);

  self->keys = g_object_ref (keys);
  self->clock = g_object_ref (clock);
  self->backend = g_object_ref (backend);
  self->watch = g_object_ref (watch);
  self->lifetime = lifetime;

  dou_watch_listen (watch, DOU_WATCH_GENERATIONS, generations_cb, self);
  dou_watch_listen (watch, DOU_WATCH_USER_LOST, lost_cb, self);
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
 * dou_authenticator_read:
 * @self: an authenticator
 * @token: what a client sent
 *
 * Looks at the token alone: whether the password was changed since is for dou_authenticator_check()
 * to tell.
 *
 * Returns: (transfer none) (nullable): what it says if we signed it and it has not expired; good
 * until the next one is read
 */
const DouTokenClaims *
dou_authenticator_read (DouAuthenticator *self, const char *token)
{
  gint64 now;
  DouTokenClaims *known;
  DouTokenClaims claims;

  g_return_val_if_fail (DOU_IS_AUTHENTICATOR (self), NULL);

  now = dou_authenticator_get_now (self);
  known = dou_lru_lookup (self->remembered, token);
  if (known != NULL && known->expiry > now)
    return known;

  if (!dou_token_keys_verify (self->keys, token, now, &claims))
    return NULL;

  known = g_memdup2 (&claims, sizeof claims);
  dou_lru_insert (self->remembered, g_strdup (token), known, 1);
  return known;
}

/**
 * dou_authenticator_catch_up:
 * @self: an authenticator
 *
 * Hears all that the services have told until now, for everybody who listens.
 */
void
dou_authenticator_catch_up (DouAuthenticator *self)
{
  g_return_if_fail (DOU_IS_AUTHENTICATOR (self));

  dou_watch_catch_up (self->watch);
}

/**
 * dou_authenticator_can_check:
 * @self: an authenticator
 * @token: what a client sent
 *
 * Returns: whether dou_authenticator_check() has an answer; if not, it has one after
 *   dou_authenticator_prepare_async()
 */
gboolean
dou_authenticator_can_check (DouAuthenticator *self, const char *token)
{
  const DouTokenClaims *claims;

  g_return_val_if_fail (DOU_IS_AUTHENTICATOR (self), FALSE);

  claims = dou_authenticator_read (self, token);
  return claims == NULL || dou_lru_lookup (self->generations, &claims->user_id) != NULL;
}

/* A question for a generation: the data of its task. */
typedef struct
{
  gint64 user_id;
  guint64 n_losses; /* when it was asked */
} Question;

static void dou_authenticator_ask (DouAuthenticator *self, GTask *task);

static void
got_generation_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouAuthenticator *self = g_task_get_source_object (task);
  const Question *question = g_task_get_task_data (task);
  g_autoptr (DouBatchResults) results = NULL;
  g_autoptr (GVariant) generation = NULL;
  GError *error = NULL;

  results = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  if (results == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  /* A service that was lost since may have changed it after this answer, and told nobody. */
  if (question->n_losses != self->n_losses)
    {
      dou_authenticator_ask (self, task);
      return;
    }

  generation = dou_batch_results_get (results, 0);
  dou_authenticator_learn (self, question->user_id, g_variant_get_int64 (generation));
  g_task_return_boolean (task, TRUE);
}

static void
dou_authenticator_ask (DouAuthenticator *self, GTask *task)
{
  Question *question = g_task_get_task_data (task);
  GVariant *item = g_variant_new_int64 (question->user_id);

  question->n_losses = self->n_losses;
  dou_batcher_submit_async (dou_backend_get_batcher (self->backend, DOU_BACKEND_GET_GENERATIONS),
                            &item, 1, g_task_get_cancellable (task), got_generation_cb,
                            g_object_ref (task));
}

/**
 * dou_authenticator_prepare_async:
 * @self: an authenticator
 * @token: what a client sent
 * @cancellable: (nullable): gives up waiting
 * @callback: called when dou_authenticator_check() has an answer, or cannot get one
 * @user_data: for @callback
 *
 * Asks the user service for what has to be known of @token's user, unless it is known.
 */
void
dou_authenticator_prepare_async (DouAuthenticator *self, const char *token,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Question *question;

  g_return_if_fail (DOU_IS_AUTHENTICATOR (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_authenticator_prepare_async);
  if (dou_authenticator_can_check (self, token))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  question = g_new (Question, 1);
  question->user_id = dou_authenticator_read (self, token)->user_id;
  g_task_set_task_data (task, question, g_free);
  dou_authenticator_ask (self, task);
}

/**
 * dou_authenticator_prepare_finish:
 * @self: an authenticator
 * @result: of dou_authenticator_prepare_async()
 * @error: return location
 *
 * Returns: whether the token can be checked now
 */
gboolean
dou_authenticator_prepare_finish (DouAuthenticator *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_authenticator_prepare_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dou_authenticator_check:
 * @self: an authenticator
 * @token: what a client sent
 * @user_id: (out): whom it stands for; 0 if it is not valid
 *
 * Returns: %DOU_STATUS_OK; %DOU_STATUS_UNAUTHORIZED if it is not valid; %DOU_STATUS_USER_BANNED;
 * %DOU_STATUS_UNAVAILABLE if it is not known whether the password was changed
 */
DouStatus
dou_authenticator_check (DouAuthenticator *self, const char *token, gint64 *user_id)
{
  const DouTokenClaims *claims;
  const gint64 *generation;

  *user_id = 0;
  g_return_val_if_fail (DOU_IS_AUTHENTICATOR (self), DOU_STATUS_INTERNAL);

  claims = dou_authenticator_read (self, token);
  if (claims == NULL)
    return DOU_STATUS_UNAUTHORIZED;

  generation = dou_lru_lookup (self->generations, &claims->user_id);
  if (generation == NULL)
    return DOU_STATUS_UNAVAILABLE;
  if (DOU_GENERATION_IS_BANNED (*generation))
    return DOU_STATUS_USER_BANNED;
  if (*generation < 0 || claims->generation < *generation)
    return DOU_STATUS_UNAUTHORIZED;

  *user_id = claims->user_id;
  return DOU_STATUS_OK;
}
