/* SPDX-License-Identifier: Apache-2.0 */

/* What somebody likes and follows is removed a piece at a time after the account was deleted, and stays while it is
 * banned. Nobody is shown it in either case: lists of nobody are empty. */

#include "config.h"

#include "gateway/dou-owner.h"

/* Somebody who is looked for. */
typedef struct
{
  DouRecord *record; /* (owned) */
  DouOwnerFunc func;
  gpointer user_data;
} Search;

static void
found_cb (const GError *error, gpointer user_data)
{
  g_autofree Search *search = user_data;
  g_autoptr (DouRecord) record = search->record;

  search->func (error == NULL && record->status == DOU_STATUS_OK, error, search->user_data);
}

/**
 * dou_owner_find:
 * @context: what the handlers work with
 * @viewer: who asks; 0 for a guest
 * @user: whose list is asked for
 * @func: called once, now or later
 * @user_data: for @func
 *
 * Finds out whether there is such a user. Whoever asks is there: the token has been looked at.
 */
void
dou_owner_find (DouContext *context, gint64 viewer, gint64 user, DouOwnerFunc func, gpointer user_data)
{
  Search *search;

  if (user == viewer)
    {
      func (TRUE, NULL, user_data);
      return;
    }

  search = g_new (Search, 1);
  *search = (Search){ dou_cache_get_user (context->cache, user), func, user_data };
  if (dou_cache_load (context->cache, &search->record, 1, DOU_FACT_BIT (DOU_FACT_PROFILE), found_cb, search))
    found_cb (NULL, search);
}
