/* SPDX-License-Identifier: Apache-2.0 */

/* Waiting without sleeping: the main context is iterated until what is waited for is there. A test
 * that waits in vain is aborted with a message rather than killed by the runner. */

#include "config.h"

#include "lib/dou-test-wait.h"

/* Far above what anything takes on a busy machine under a sanitizer. */
#define TIMEOUT_SECONDS 30

static gboolean
timeout_cb (gpointer user_data)
{
  g_error ("Waited %d s in vain", TIMEOUT_SECONDS);
  return G_SOURCE_REMOVE;
}

/**
 * dou_test_wait_until:
 * @condition: (scope call): asked after each event
 * @data: passed to @condition
 *
 * Iterates the thread-default main context until @condition holds.
 */
void
dou_test_wait_until (DouTestCondition condition, gpointer data)
{
  GMainContext *context = g_main_context_get_thread_default ();
  g_autoptr (GSource) timeout = g_timeout_source_new_seconds (TIMEOUT_SECONDS);

  g_source_set_callback (timeout, timeout_cb, NULL, NULL);
  g_source_attach (timeout, context);
  while (!condition (data))
    g_main_context_iteration (context, TRUE);
  g_source_destroy (timeout);
}

/**
 * dou_test_wait_result_cb:
 * @source: of the call
 * @result: of the call
 * @user_data: (out): a #GAsyncResult pointer that is %NULL, where @result is kept
 *
 * The callback to give to an asynchronous call.
 */
void
dou_test_wait_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **kept = user_data;

  g_assert_null (*kept);
  *kept = g_object_ref (result);
}

static gboolean
is_set (gpointer data)
{
  return *(gpointer *) data != NULL;
}

/**
 * dou_test_wait_result:
 * @result: (inout): what was given to dou_test_wait_result_cb(); %NULL again afterwards
 *
 * Returns: (transfer full): the result, once it is there
 */
GAsyncResult *
dou_test_wait_result (GAsyncResult **result)
{
  dou_test_wait_until (is_set, result);
  return g_steal_pointer (result);
}
