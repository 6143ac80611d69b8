/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-gather.h"

typedef struct
{
  DouBackendMethod method;
  GPtrArray *items;         /* (owned) (element-type GVariant) */
  DouBatchResults *results; /* (owned) (nullable) once it was answered */
} Part;

struct _DouGather
{
  GObject parent_instance;

  DouBackend *backend; /* (owned) */
  GArray *parts;       /* (owned) (element-type Part) */
  guint n_pending;     /* parts that are not answered yet */
  GError *error;       /* (owned) (nullable) of the first one that failed */
};

/* What a call carries to its answer. */
typedef struct
{
  GTask *task; /* (owned) */
  guint part;
} Call;

G_DEFINE_FINAL_TYPE (DouGather, dou_gather, G_TYPE_OBJECT)

static void
part_clear (Part *part)
{
  g_ptr_array_unref (part->items);
  g_clear_pointer (&part->results, dou_batch_results_free);
}

static void
dou_gather_finalize (GObject *object)
{
  DouGather *self = DOU_GATHER (object);

  g_array_unref (self->parts);
  g_clear_error (&self->error);
  g_clear_object (&self->backend);

  G_OBJECT_CLASS (dou_gather_parent_class)->finalize (object);
}

static void
dou_gather_class_init (DouGatherClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_gather_finalize;
}

static void
dou_gather_init (DouGather *self)
{
  self->parts = g_array_new (FALSE, TRUE, sizeof (Part));
  g_array_set_clear_func (self->parts, (GDestroyNotify) part_clear);
}

/**
 * dou_gather_new:
 * @backend: the services
 *
 * Returns: (transfer full): a gathering without parts
 */
DouGather *
dou_gather_new (DouBackend *backend)
{
  DouGather *self = g_object_new (DOU_TYPE_GATHER, NULL);

  self->backend = g_object_ref (backend);
  return self;
}

/**
 * dou_gather_add:
 * @self: a gathering that does not run yet
 * @method: what to call
 * @items: (array length=n_items): floating ones are taken
 * @n_items: how many; none is a part that has its no results at once
 *
 * Returns: the number of the part, for dou_gather_get()
 */
guint
dou_gather_add (DouGather *self, DouBackendMethod method, GVariant *const *items, gsize n_items)
{
  Part part = { .method = method,
                .items = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref) };

  g_return_val_if_fail (DOU_IS_GATHER (self), 0);

  for (gsize i = 0; i < n_items; i++)
    g_ptr_array_add (part.items, g_variant_ref_sink (items[i]));
  g_array_append_val (self->parts, part);
  return self->parts->len - 1;
}

static void
dou_gather_part_done (DouGather *self, GTask *task)
{
  if (--self->n_pending > 0)
    return;

  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
part_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Call *call = user_data;
  g_autoptr (GTask) task = call->task;
  g_autoptr (GError) error = NULL;
  DouGather *self = g_task_get_source_object (task);
  Part *part = &g_array_index (self->parts, Part, call->part);

  part->results = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  if (part->results == NULL && self->error == NULL)
    self->error = g_steal_pointer (&error);
  dou_gather_part_done (self, task);
}

/**
 * dou_gather_run_async:
 * @self: a gathering that does not run yet
 * @cancellable: (nullable): gives up
 * @callback: called when all parts are in
 * @user_data: for @callback
 */
void
dou_gather_run_async (DouGather *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (DOU_IS_GATHER (self));
  g_return_if_fail (self->n_pending == 0);

  g_task_set_source_tag (task, dou_gather_run_async);

  /* Making the calls counts as a part, so that one that fails at once does not end the task early. */
  self->n_pending = 1;
  for (guint i = 0; i < self->parts->len; i++)
    {
      Part *part = &g_array_index (self->parts, Part, i);
      Call *call;

      if (part->items->len == 0)
        continue;

      call = g_new (Call, 1);
      *call = (Call){ g_object_ref (task), i };
      self->n_pending++;
      dou_batcher_submit_async (dou_backend_get_batcher (self->backend, part->method),
                                (GVariant *const *) part->items->pdata, part->items->len,
                                cancellable, part_cb, call);
    }
  dou_gather_part_done (self, task);
}

/**
 * dou_gather_run_finish:
 * @self: a gathering
 * @result: of dou_gather_run_async()
 * @error: return location: the first part that failed
 *
 * Returns: whether all parts have their results
 */
gboolean
dou_gather_run_finish (DouGather *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_gather_run_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dou_gather_get:
 * @self: a gathering that has run
 * @part: of dou_gather_add()
 * @index: of the item in that part
 *
 * Returns: (transfer full): the result of that item
 */
GVariant *
dou_gather_get (DouGather *self, guint part, gsize index)
{
  g_return_val_if_fail (DOU_IS_GATHER (self), NULL);

  return dou_batch_results_get (g_array_index (self->parts, Part, part).results, index);
}
