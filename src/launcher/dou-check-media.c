/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-object-store.h"
#include "launcher/dou-check-media.h"

/* One who waits for a line of text is as patient as this. */
static const DouObjectLimits limits = { .timeout = 5, .n_attempts = 1, .n_running = 1 };

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* Waits, in a main context of its own. */
static gboolean
ask (const DouObjectAddress *address, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DouObjectStore) store = NULL;
  gboolean is_good;

  g_main_context_push_thread_default (context);
  store = dou_object_store_new (address, &limits);
  dou_object_store_check_async (store, NULL, checked_cb, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  is_good = dou_object_store_check_finish (store, result, error);
  g_main_context_pop_thread_default (context);

  return is_good;
}

/**
 * dou_check_media:
 * @config: a configuration
 * @description: (out) (nullable) (transfer full): which object store is used; %NULL if none is
 * @error: return location for the errors of dou_object_address_load() or
 *   dou_object_client_send_finish()
 *
 * Returns: whether the place where media are kept can be used
 */
gboolean
dou_check_media (DouConfig *config, char **description, GError **error)
{
  g_autoptr (DouObjectAddress) address = NULL;
  g_autofree char *origin = NULL;

  *description = NULL;
  if (!dou_object_address_load (config, &address, error))
    return FALSE;
  if (address == NULL)
    return TRUE;

  origin = dou_object_address_get_origin (address);
  *description = g_strconcat (origin, address->path, NULL);
  return ask (address, error);
}
