/* SPDX-License-Identifier: Apache-2.0 */

/* For commands that do one thing after another: an asynchronous call that is waited for in the default
 * main context, so that timeouts, signals and the ends of processes are heard meanwhile. The calls of
 * GLib that block would hear none of these. */

#include "config.h"

#include "launcher/dou-wait.h"

/**
 * dou_wait_result_cb:
 * @source: of the call
 * @result: of the call
 * @user_data: (out): a #GAsyncResult pointer that is %NULL, where @result is kept
 *
 * The callback to give to an asynchronous call.
 */
void
dou_wait_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **kept = user_data;

  *kept = g_object_ref (result);
}

/**
 * dou_wait_for_result:
 * @result: what was given to dou_wait_result_cb()
 *
 * The call must have a time limit, or be ended by its #GCancellable.
 *
 * Returns: (transfer none): the result, once it is there
 */
GAsyncResult *
dou_wait_for_result (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return *result;
}
