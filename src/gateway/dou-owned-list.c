/* SPDX-License-Identifier: Apache-2.0 */

/* A page of a list that belongs to somebody: ids, as a service has them.
 *
 * What somebody likes and follows is removed a piece at a time after the account was deleted, and stays while it is
 * banned. Nobody is shown it in either case: lists of nobody are empty. */

#include "config.h"

#include "gateway/dou-owned-list.h"

/* Somebody waits for a page. */
typedef struct
{
  DouBatcher *batcher;       /* (unowned) of what gives the page */
  GVariant *item;            /* (owned) what to ask it */
  GCancellable *cancellable; /* (owned) of the request */
  DouRecord *owner;          /* (owned) (nullable) unless it is the one who asks */
  DouOwnedListFunc func;
  gpointer user_data;
} Load;

static void
load_free (Load *load)
{
  g_variant_unref (load->item);
  g_object_unref (load->cancellable);
  g_clear_pointer (&load->owner, dou_record_unref);
  g_free (load);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Load, load_free)

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Load) load = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) results = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) ids = NULL;
  const gint64 *elements;
  gsize n_elements;
  gint64 next;

  if (results == NULL)
    {
      load->func (NULL, 0, 0, error, load->user_data);
      return;
    }

  answer = dou_batch_results_get (results, 0);
  g_variant_get (answer, "(x@ax)", &next, &ids);
  elements = g_variant_get_fixed_array (ids, &n_elements, sizeof (gint64));
  load->func (elements, n_elements, next, NULL, load->user_data);
}

static void
found_cb (const GError *error, gpointer user_data)
{
  g_autoptr (Load) load = user_data;

  if (error != NULL || (load->owner != NULL && load->owner->status != DOU_STATUS_OK))
    {
      load->func (NULL, 0, 0, error, load->user_data);
      return;
    }

  dou_batcher_submit_async (load->batcher, &load->item, 1, load->cancellable, listed_cb, load);
  g_steal_pointer (&load);
}

/**
 * dou_owned_list_load:
 * @context: what the handlers work with
 * @request: for which it is
 * @viewer: who asks, and is there as the token says; 0 for a guest
 * @owner: whose list it is; that of nobody is empty
 * @method: gives where the next page begins, and ids: (xax)
 * @item: (transfer floating): what to ask it
 * @func: called once, now or later
 * @user_data: for @func
 */
void
dou_owned_list_load (DouContext *context, DouRequest *request, gint64 viewer, gint64 owner, DouBackendMethod method,
                     GVariant *item, DouOwnedListFunc func, gpointer user_data)
{
  Load *load = g_new0 (Load, 1);

  load->batcher = dou_backend_get_batcher (context->backend, method);
  load->item = g_variant_ref_sink (item);
  load->cancellable = g_object_ref (dou_request_get_cancellable (request));
  load->func = func;
  load->user_data = user_data;
  if (owner != viewer)
    load->owner = dou_cache_get_user (context->cache, owner);

  if (load->owner == NULL
      || dou_cache_load (context->cache, &load->owner, 1, DOU_FACT_BIT (DOU_FACT_PROFILE), found_cb, load))
    found_cb (NULL, load);
}
