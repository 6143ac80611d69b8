/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-action.h"
#include "gateway/dou-user-set.h"

/**
 * dou_action_new:
 * @context: what the handlers work with
 * @request: a request that only users may make
 * @target_name: the parameter that tells what it is about
 * @max_type: the largest `action_type`, the smallest being 1; 0 if there is no such parameter
 * @status: (out): why there is none
 *
 * Returns: (transfer full) (nullable): an action, or %NULL if the request cannot be one
 */
DouAction *
dou_action_new (DouContext *context, DouRequest *request, const char *target_name, gint64 max_type,
                DouStatus *status)
{
  g_autoptr (DouAction) self = g_new0 (DouAction, 1);

  self->context = context;
  self->request = g_object_ref (request);

  *status = dou_context_require_user (context, request, &self->viewer);
  if (*status == DOU_STATUS_OK)
    *status = dou_context_get_id (request, target_name, &self->target);
  if (*status == DOU_STATUS_OK && max_type > 0
      && (dou_request_get_integer (request, "action_type", &self->type) != DOU_NUMBER_VALID
          || self->type < 1 || self->type > max_type))
    *status = DOU_STATUS_BAD_PARAMETER;

  return *status == DOU_STATUS_OK ? g_steal_pointer (&self) : NULL;
}

void
dou_action_free (DouAction *self)
{
  g_object_unref (self->request);
  g_clear_pointer (&self->record, dou_record_unref);
  g_clear_pointer (&self->users, dou_user_set_free);
  g_free (self->text);
  g_clear_pointer (&self->made, g_variant_unref);
  g_free (self);
}

static void
called_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouAction *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  g_autoptr (GVariant) first = NULL;

  if (results != NULL)
    first = dou_batch_results_get (results, 0);
  self->next (self, first, dou_status_from_error (error));
}

/**
 * dou_action_call:
 * @self: (transfer full): an action
 * @method: of a domain
 * @item: (transfer floating): its one item
 * @next: what comes next
 */
void
dou_action_call (DouAction *self, DouBackendMethod method, GVariant *item, DouActionFunc next)
{
  self->next = next;
  dou_batcher_submit_async (dou_backend_get_batcher (self->context->backend, method), &item, 1,
                            dou_request_get_cancellable (self->request), called_cb, self);
}

static void
dou_action_found (DouAction *self, const GError *error)
{
  self->author = self->record->author;
  self->next (self, NULL, error != NULL ? dou_status_from_error (error) : self->record->status);
}

static void
found_cb (const GError *error, gpointer user_data)
{
  dou_action_found (user_data, error);
}

static void
dou_action_find (DouAction *self, DouRecord *record, DouFact fact, DouActionFunc next)
{
  self->record = record;
  self->next = next;
  if (dou_cache_load (self->context->cache, &self->record, 1, DOU_FACT_BIT (fact), found_cb, self))
    dou_action_found (self, NULL);
}

/**
 * dou_action_find_video:
 * @self: (transfer full): an action about a video
 * @next: gets whether it exists; its author is in the action then
 */
void
dou_action_find_video (DouAction *self, DouActionFunc next)
{
  dou_action_find (self, dou_cache_get_video (self->context->cache, self->target), DOU_FACT_VIDEO,
                   next);
}

/**
 * dou_action_find_user:
 * @self: (transfer full): an action about a user
 * @next: gets whether the user exists
 */
void
dou_action_find_user (DouAction *self, DouActionFunc next)
{
  dou_action_find (self, dou_cache_get_user (self->context->cache, self->target), DOU_FACT_PROFILE,
                   next);
}

/**
 * dou_action_finish:
 * @self: (transfer full): an action
 * @result: (nullable): a status by itself, or a tuple that begins with one
 * @status: whether the call as a whole succeeded
 *
 * Answers with what came of it. Made to be the last of the #DouActionFunc.
 */
void
dou_action_finish (DouAction *self, GVariant *result, DouStatus status)
{
  dou_request_reply_status (self->request, dou_action_get_status (result, status));
  dou_action_free (self);
}

/**
 * dou_action_get_status:
 * @result: (nullable): a status by itself, or a tuple that begins with one
 * @status: whether the call as a whole succeeded
 *
 * Returns: @status if that is a failure, else the item's own
 */
DouStatus
dou_action_get_status (GVariant *result, DouStatus status)
{
  gint32 own;

  if (status != DOU_STATUS_OK)
    return status;

  if (g_variant_is_of_type (result, G_VARIANT_TYPE_INT32))
    own = g_variant_get_int32 (result);
  else
    g_variant_get_child (result, 0, "i", &own);
  return (DouStatus) own;
}

/**
 * dou_action_receive:
 * @batcher: of a method
 * @result: of a call with one item
 * @own: (out) (transfer full) (nullable): the item's result
 *
 * Returns: whether the call as a whole failed, or else the item's own status
 */
DouStatus
dou_action_receive (DouBatcher *batcher, GAsyncResult *result, GVariant **own)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) results = dou_batcher_submit_finish (batcher, result, &error);

  *own = results != NULL ? dou_batch_results_get (results, 0) : NULL;
  return dou_action_get_status (*own, dou_status_from_error (error));
}
