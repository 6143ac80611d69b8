/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "social/dou-social-manager.h"

/* Many likes, follows or blocks that came together; the data of the call's task. */
typedef struct
{
  DouSocialLinkKind kind;
  GArray *links;    /* (owned) (element-type DouSocialLink) as they came */
  GArray *statuses; /* (owned) (element-type gint32) of each */
  GArray *wanted;   /* (owned) (element-type DouSocialLink) for the store, each pair once */
  guint *places;    /* (owned) (array) where in wanted each of links is, if it is allowed */
} LinkCall;

static void
link_call_free (LinkCall *self)
{
  g_array_unref (self->links);
  g_array_unref (self->statuses);
  g_array_unref (self->wanted);
  g_free (self->places);
  g_free (self);
}

static DouStatus
check_link (DouSocialLinkKind kind, const DouSocialLink *link)
{
  if (!dou_social_id_is_valid (link->user) || !dou_social_id_is_valid (link->target))
    return DOU_STATUS_BAD_PARAMETER;
  if (kind == DOU_SOCIAL_FAVORITES && link->set && !dou_social_id_is_valid (link->author))
    return DOU_STATUS_BAD_PARAMETER;
  if (kind != DOU_SOCIAL_FAVORITES && link->user == link->target)
    return DOU_STATUS_NOT_PERMITTED;

  return DOU_STATUS_OK;
}

/* Of the links of one pair that one counts which made it what it is in the end: the last that
 * differs from the one before. The order of those is the order of the lists. */
static void
link_call_resolve (LinkCall *self)
{
  g_autoptr (GHashTable) deciders
      = g_hash_table_new (dou_social_pair_hash, dou_social_pair_equal);

  for (guint i = 0; i < self->links->len; i++)
    {
      DouSocialLink *link = &g_array_index (self->links, DouSocialLink, i);
      DouStatus status = check_link (self->kind, link);
      const DouSocialLink *decider;

      g_array_index (self->statuses, gint32, i) = (gint32) status;
      if (status != DOU_STATUS_OK)
        continue;

      decider = g_hash_table_lookup (deciders, link);
      if (decider == NULL || decider->set != link->set)
        g_hash_table_replace (deciders, link, link);
    }

  for (guint i = 0; i < self->links->len; i++)
    {
      DouSocialLink *link = &g_array_index (self->links, DouSocialLink, i);

      if (g_array_index (self->statuses, gint32, i) == DOU_STATUS_OK
          && g_hash_table_lookup (deciders, link) == link)
        {
          self->places[i] = self->wanted->len;
          g_array_append_vals (self->wanted, link, 1);
        }
    }

  for (guint i = 0; i < self->links->len; i++)
    if (g_array_index (self->statuses, gint32, i) == DOU_STATUS_OK)
      {
        const DouSocialLink *first = (const DouSocialLink *) (gconstpointer) self->links->data;
        const DouSocialLink *decider = g_hash_table_lookup (deciders, first + i);

        self->places[i] = self->places[decider - first];
      }
}

/* @unfollowed: (nullable): the follows that blocks have removed */
static void
link_call_report (LinkCall *self, DouSocialManager *manager, GArray *outcomes, GArray *unfollowed)
{
  g_autoptr (DouSocialChanges) changes = dou_social_changes_new ();

  for (guint i = 0; i < self->wanted->len; i++)
    {
      const DouSocialLinkOutcome *outcome = &g_array_index (outcomes, DouSocialLinkOutcome, i);
      DouSocialLink link = g_array_index (self->wanted, DouSocialLink, i);

      link.author = outcome->author;
      if (outcome->changed && self->kind == DOU_SOCIAL_BLOCKS)
        dou_social_changes_add_block (changes, link.user, link.target, outcome->apart);
      else if (outcome->changed)
        dou_social_changes_add_link (changes, self->kind, &link);
    }
  for (guint i = 0; unfollowed != NULL && i < unfollowed->len; i++)
    dou_social_changes_add_link (changes, DOU_SOCIAL_FOLLOWS,
                                 &g_array_index (unfollowed, DouSocialLink, i));

  dou_social_manager_report (manager, changes);
}

static void
set_links_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LinkCall *call = g_task_get_task_data (task);
  g_autoptr (GArray) outcomes = NULL;
  GError *error = NULL;

  outcomes = dou_social_store_set_links_finish (DOU_SOCIAL_STORE (source), result, &error);
  if (outcomes == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  for (guint i = 0; i < call->links->len; i++)
    {
      gint32 *status = &g_array_index (call->statuses, gint32, i);

      if (*status == DOU_STATUS_OK)
        *status = (gint32) g_array_index (outcomes, DouSocialLinkOutcome, call->places[i]).status;
    }

  link_call_report (call, g_task_get_source_object (task), outcomes,
                    dou_social_store_get_unfollowed (DOU_SOCIAL_STORE (source), result));
  g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

/**
 * dou_social_manager_set_links_async:
 * @self: a manager
 * @kind: likes, follows or blocks
 * @links: (element-type DouSocialLink): what is to be so; must not change until the callback
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Makes it so. What is so already stays, and keeps its place in the lists.
 */
void
dou_social_manager_set_links_async (DouSocialManager *self, DouSocialLinkKind kind, GArray *links,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  LinkCall *call;

  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  call = g_new0 (LinkCall, 1);
  call->kind = kind;
  call->links = g_array_ref (links);
  call->statuses = g_array_sized_new (FALSE, TRUE, sizeof (gint32), links->len);
  g_array_set_size (call->statuses, links->len);
  call->wanted = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialLink), links->len);
  call->places = g_new0 (guint, links->len);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_social_manager_set_links_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, call, (GDestroyNotify) link_call_free);

  link_call_resolve (call);
  if (call->wanted->len > 0)
    dou_social_store_set_links_async (dou_social_manager_get_store (self), kind, call->wanted,
                                      cancellable, set_links_cb, g_object_ref (task));
  else
    g_task_return_pointer (task, g_array_ref (call->statuses), (GDestroyNotify) g_array_unref);
}

/**
 * dou_social_manager_set_links_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type gint32): for each link a #DouStatus: 0, BadParameter (an
 *   id that is none), NotPermitted (oneself), VideoNotFound (it was removed), Blocked (a like or
 *   follow between two of whom one blocks the other); or %NULL if nothing was done, with the errors of
 *   dou_database_write_finish()
 */
GArray *
dou_social_manager_set_links_finish (DouSocialManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_social_manager_set_links_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
