/* SPDX-License-Identifier: Apache-2.0 */

/* GLib's own g_task_return_*() from another thread leaves it open which thread drops the last
 * reference to the task, and with it to the source object. If that is the worker, the object is
 * disposed there, where it would wait for the worker itself. So a worker here never holds a
 * reference of its own: it sends the task home and forgets it. */

#include "config.h"

#include "common/dou-task.h"

/**
 * dou_task_invoke:
 * @task: a task, of which @data holds the reference
 * @func: (scope notified): called in the main context that @task was made in, to return the task
 * @data: passed to @func
 * @destroy: frees @data there, and with it the reference
 *
 * Sends a task back to where it came from. May be called in any thread, which does not touch @task
 * or
 * @data afterwards.
 */
void
dou_task_invoke (GTask *task, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  /* Releasing the source looks at its context, which might be gone with the task by then. */
  g_autoptr (GMainContext) context = g_main_context_ref (g_task_get_context (task));
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_callback (source, func, data, destroy);
  g_source_set_static_name (source, "dou_task_invoke");
  g_source_attach (source, context);
}
