/* SPDX-License-Identifier: Apache-2.0 */

/* A queue behind one GSource. An idle source for each item (g_main_context_invoke()) would cost an
 * allocation and a wake-up each, and could not be taken back when the receiver goes away; that it
 * might run in the sender's thread, if nobody happens to run the context, is worse. */

#include "config.h"

#include "gateway/dou-mailbox.h"

struct _DouMailbox
{
  GSource *source; /* (owned) */
  DouMailboxFunc func;
  gpointer user_data;
  GDestroyNotify free_item;

  GMutex mutex; /* guards the queue */
  GQueue items; /* (owned) */
};

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs source_funcs = { .dispatch = dispatch };

static gpointer
dou_mailbox_take (DouMailbox *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return g_queue_pop_head (&self->items);
}

/* What is posted meanwhile sets the time anew, and waits for the next turn, so that other sources
 * have theirs. */
static gboolean
posted_cb (gpointer user_data)
{
  DouMailbox *self = user_data;
  guint n;

  g_source_set_ready_time (self->source, -1);
  n = dou_mailbox_get_length (self);
  for (guint i = 0; i < n; i++)
    self->func (dou_mailbox_take (self), self->user_data);

  return G_SOURCE_CONTINUE;
}

/**
 * dou_mailbox_new:
 * @context: of the thread that receives
 * @func: called there for each item, which it takes
 * @user_data: for @func
 * @free_item: frees an item that nobody receives any more
 *
 * Returns: (transfer full): an empty mailbox
 */
DouMailbox *
dou_mailbox_new (GMainContext *context, DouMailboxFunc func, gpointer user_data,
                 GDestroyNotify free_item)
{
  DouMailbox *self = g_new0 (DouMailbox, 1);

  self->func = func;
  self->user_data = user_data;
  self->free_item = free_item;
  g_mutex_init (&self->mutex);
  g_queue_init (&self->items);

  self->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "DouMailbox");
  g_source_set_callback (self->source, posted_cb, self, NULL);
  g_source_attach (self->source, context);
  return self;
}

/**
 * dou_mailbox_free:
 * @self: (transfer full): a mailbox to which nobody posts any more, in the thread that receives or
 *   while that does not run; not from within its function
 */
void
dou_mailbox_free (DouMailbox *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_queue_clear_full (&self->items, self->free_item);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/**
 * dou_mailbox_post:
 * @self: a mailbox
 * @item: (transfer full): for the receiver
 */
void
dou_mailbox_post (DouMailbox *self, gpointer item)
{
  g_mutex_lock (&self->mutex);
  g_queue_push_tail (&self->items, item);
  g_source_set_ready_time (self->source, 0);
  g_mutex_unlock (&self->mutex);
}

/**
 * dou_mailbox_get_length:
 * @self: a mailbox
 *
 * Returns: how many items wait
 */
guint
dou_mailbox_get_length (DouMailbox *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return self->items.length;
}
