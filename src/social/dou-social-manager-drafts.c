/* SPDX-License-Identifier: Apache-2.0 */

/* Writing comments.
 *
 * A draft may be known already: by its id, if the caller sent it again after a lost reply, or by
 * the client's own name for it, if the client did. Then what became of the first is the answer. The
 * same holds within a call, where a draft follows the first of its kind. */

#include "config.h"

#include <string.h>

#include "common/dou-text.h"
#include "social/dou-social-manager.h"

/* Many drafts that came together; the data of the call's task. */
typedef struct
{
  GArray *drafts;   /* (owned) (element-type DouSocialDraft) as they came */
  GArray *outcomes; /* (owned) (element-type DouSocialDraftOutcome) of each */
  GArray *wanted;   /* (owned) (element-type DouSocialDraft) for the store */
  guint *places;    /* (owned) (array) where in wanted is each of drafts, or what it follows */
} DraftCall;

static void
draft_call_free (DraftCall *self)
{
  g_array_unref (self->drafts);
  g_array_unref (self->outcomes);
  g_array_unref (self->wanted);
  g_free (self->places);
  g_free (self);
}

static guint
request_hash (gconstpointer data)
{
  const DouSocialDraft *draft = data;

  return g_str_hash (draft->request) ^ g_int64_hash (&draft->user);
}

static gboolean
request_equal (gconstpointer a, gconstpointer b)
{
  const DouSocialDraft *draft = a;
  const DouSocialDraft *other = b;

  return draft->user == other->user && g_str_equal (draft->request, other->request);
}

static DouStatus
check_draft (const DouSocialDraft *draft)
{
  if (!dou_social_id_is_valid (draft->id) || !dou_social_id_is_valid (draft->user)
      || !dou_social_id_is_valid (draft->video) || !dou_social_id_is_valid (draft->author))
    return DOU_STATUS_BAD_PARAMETER;
  if (strlen (draft->request) > DOU_SOCIAL_REQUEST_MAX
      || !g_utf8_validate (draft->request, -1, NULL))
    return DOU_STATUS_BAD_PARAMETER;
  if (!dou_text_is_valid (draft->text, DOU_TEXT_MULTI_LINE, DOU_SOCIAL_TEXT_MAX))
    return DOU_STATUS_BAD_TEXT;

  return DOU_STATUS_OK;
}

static void
draft_call_want (DraftCall *self, guint i)
{
  const DouSocialDraft *draft = &g_array_index (self->drafts, DouSocialDraft, i);
  DouSocialDraft copy = *draft;

  copy.text = g_strdup (draft->text);
  copy.request = g_strdup (draft->request);
  self->places[i] = self->wanted->len;
  g_array_append_val (self->wanted, copy);
}

static const DouSocialDraft *
draft_call_find_first (const DouSocialDraft *draft, GHashTable *requests, GHashTable *ids)
{
  const DouSocialDraft *first = NULL;

  if (*draft->request != '\0')
    first = g_hash_table_lookup (requests, draft);

  return first != NULL ? first : g_hash_table_lookup (ids, &draft->id);
}

static void
draft_call_resolve (DraftCall *self)
{
  g_autoptr (GHashTable) requests = g_hash_table_new (request_hash, request_equal);
  g_autoptr (GHashTable) ids = g_hash_table_new (g_int64_hash, g_int64_equal);
  DouSocialDraft *all = (DouSocialDraft *) (gpointer) self->drafts->data;

  for (guint i = 0; i < self->drafts->len; i++)
    {
      DouSocialDraft *draft = &all[i];
      DouSocialDraftOutcome *outcome = &g_array_index (self->outcomes, DouSocialDraftOutcome, i);
      const DouSocialDraft *first;

      outcome->status = check_draft (draft);
      if (outcome->status != DOU_STATUS_OK)
        continue;

      first = draft_call_find_first (draft, requests, ids);
      if (first == NULL)
        {
          draft_call_want (self, i);
          g_hash_table_insert (ids, &draft->id, draft);
          if (*draft->request != '\0')
            g_hash_table_add (requests, draft);
        }
      else if (first->user == draft->user
               && (first->id != draft->id || first->video == draft->video))
        self->places[i] = self->places[first - all];
      else
        outcome->status = DOU_STATUS_BAD_PARAMETER;
    }
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DraftCall *call = g_task_get_task_data (task);
  g_autoptr (DouSocialChanges) changes = dou_social_changes_new ();
  g_autoptr (GArray) added = NULL;
  GError *error = NULL;

  added = dou_social_store_add_comments_finish (DOU_SOCIAL_STORE (source), result, &error);
  if (added == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < call->drafts->len; i++)
    {
      DouSocialDraftOutcome *outcome = &g_array_index (call->outcomes, DouSocialDraftOutcome, i);

      if (outcome->status == DOU_STATUS_OK)
        *outcome = g_array_index (added, DouSocialDraftOutcome, call->places[i]);
    }
  for (guint i = 0; i < call->wanted->len; i++)
    if (g_array_index (added, DouSocialDraftOutcome, i).changed)
      dou_social_changes_add_comments (
          changes, g_array_index (call->wanted, DouSocialDraft, i).video, 1);

  dou_social_manager_report (g_task_get_source_object (task), changes);
  g_task_return_pointer (task, g_array_ref (call->outcomes), (GDestroyNotify) g_array_unref);
}

/**
 * dou_social_manager_add_comments_async:
 * @self: a manager
 * @drafts: (element-type DouSocialDraft): comments; must not change until the callback
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Writes comments, exactly as they are: text is checked, and not changed.
 */
void
dou_social_manager_add_comments_async (DouSocialManager *self, GArray *drafts,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  DraftCall *call;
  gint64 now;

  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  call = g_new0 (DraftCall, 1);
  call->drafts = g_array_ref (drafts);
  call->outcomes = g_array_sized_new (FALSE, TRUE, sizeof (DouSocialDraftOutcome), drafts->len);
  g_array_set_size (call->outcomes, drafts->len);
  call->wanted = dou_social_drafts_new (drafts->len);
  call->places = g_new0 (guint, drafts->len);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_social_manager_add_comments_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, call, (GDestroyNotify) draft_call_free);

  draft_call_resolve (call);
  now = dou_clock_get_real_time (dou_social_manager_get_clock (self));
  if (call->wanted->len > 0)
    dou_social_store_add_comments_async (dou_social_manager_get_store (self), call->wanted, now,
                                         now - DOU_SOCIAL_MEMORY, cancellable, added_cb,
                                         g_object_ref (task));
  else
    g_task_return_pointer (task, g_array_ref (call->outcomes), (GDestroyNotify) g_array_unref);
}

/**
 * dou_social_manager_add_comments_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouSocialDraftOutcome): for each draft 0, BadText,
 *   BadParameter (an id that is none or belongs to another comment, or a request that is too long),
 *   VideoNotFound (it was removed), Blocked (its author is apart from the writer); or %NULL if
 *   nothing was done, with the errors of
 *   dou_database_write_finish()
 */
GArray *
dou_social_manager_add_comments_finish (DouSocialManager *self, GAsyncResult *result,
                                        GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_social_manager_add_comments_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
