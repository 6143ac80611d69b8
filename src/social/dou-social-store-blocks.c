/* SPDX-License-Identifier: Apache-2.0 */

/* What a block does beside being there: neither of the two follows the other any more, from the same
 * transaction on. From then on no follow, like or comment between them is added, since what is looked
 * up before each of these tells of blocks, too; there is one writer, so nothing comes between.
 *
 * Likes and comments from before stay where they are and count; gateways leave out who is not to be
 * seen. To remove them was rejected: they would not come back when the block is taken back. */

#include "config.h"

#include "social/dou-social-operation.h"

/* Both directions of each pair that was blocked now, each once. */
static GArray *
list_parted (DouSocialOperation *operation)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (dou_social_pair_hash, dou_social_pair_equal);
  GArray *links = operation->items;
  GArray *parted = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialLink), 2 * links->len);

  for (guint i = 0; i < links->len; i++)
    {
      const DouSocialLink *link = &g_array_index (links, DouSocialLink, i);
      const DouSocialLink directions[]
          = { { link->user, link->target, 0, FALSE }, { link->target, link->user, 0, FALSE } };

      if (!link->set || !g_array_index (operation->results, DouSocialLinkOutcome, i).changed)
        continue;

      for (guint k = 0; k < G_N_ELEMENTS (directions); k++)
        {
          if (g_hash_table_contains (seen, &directions[k]))
            continue;

          /* The array has room for all, so that its elements stay where they are. */
          g_array_append_val (parted, directions[k]);
          g_hash_table_add (seen, &g_array_index (parted, DouSocialLink, parted->len - 1));
        }
    }

  return parted;
}

/* Removes the follows among @parted, and leaves them in the operation. */
static gboolean
unfollow (DouTransaction *transaction, DouSocialOperation *operation, GArray *parted,
          GError **error)
{
  g_autofree char *json = dou_social_store_get_links_json (parted);
  g_autoptr (DouRows) rows
      = dou_transaction_query (transaction, "find-follows", "xxxxxx", json, error);
  g_auto (DouJsonWriter) removed = { 0 };

  if (rows == NULL)
    return FALSE;

  dou_social_operation_begin_json (&removed, parted->len);
  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    {
      gint64 sequence = dou_rows_get_int64 (rows, i, 1);
      gint64 place = dou_rows_get_int64 (rows, i, 0);

      if (sequence == 0)
        continue;

      dou_json_writer_int64 (&removed, sequence);
      g_array_append_vals (operation->others, &g_array_index (parted, DouSocialLink, place), 1);
    }

  return dou_social_operation_execute_rows (transaction, "remove-follows", &removed, error);
}

/* Who blocked the other may be blocked as well, so this is asked when all is written. */
static gboolean
find_apart (DouTransaction *transaction, DouSocialOperation *operation, GError **error)
{
  g_autofree char *json = dou_social_store_get_links_json (operation->items);
  g_autoptr (DouRows) rows = dou_transaction_query (transaction, "are-apart", "x", json, error);

  if (rows == NULL)
    return FALSE;

  for (guint i = 0; i < dou_rows_get_n_rows (rows); i++)
    g_array_index (operation->results, DouSocialLinkOutcome, dou_rows_get_int64 (rows, i, 0)).apart
        = TRUE;
  return TRUE;
}

/**
 * dou_social_store_part_users:
 * @transaction: a transaction
 * @operation: whose blocks are written, with an outcome for each
 * @error: return location
 *
 * Returns: whether the follows between those who are blocked now are gone, and the outcomes complete
 */
gboolean
dou_social_store_part_users (DouTransaction *transaction, DouSocialOperation *operation,
                             GError **error)
{
  g_autoptr (GArray) parted = list_parted (operation);

  g_clear_pointer (&operation->others, g_array_unref);
  operation->others = g_array_new (FALSE, FALSE, sizeof (DouSocialLink));
  return (parted->len == 0 || unfollow (transaction, operation, parted, error))
         && find_apart (transaction, operation, error);
}

/**
 * dou_social_store_get_unfollowed:
 * @self: a store
 * @result: of a callback of dou_social_store_set_links_async()
 *
 * Returns: (transfer none) (nullable) (element-type DouSocialLink): the follows that blocks have
 *   removed, as long as @result is there
 */
GArray *
dou_social_store_get_unfollowed (DouSocialStore *self, GAsyncResult *result)
{
  const DouSocialOperation *operation;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_social_store_set_links_async), NULL);

  operation = g_task_get_task_data (G_TASK (result));
  return operation->others;
}
