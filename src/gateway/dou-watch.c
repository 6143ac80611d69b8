/* SPDX-License-Identifier: Apache-2.0 */

/* What the services tell everybody, heard in time.
 *
 * What a gateway remembers of the services it drops when a signal says so. A service sends the
 * signal before the reply to the write that caused it, and the bus hands on the messages of one
 * sender in their order, to each receiver's socket at once. So when the gateway that made the write
 * has its reply, the signal waits in the socket of every other gateway: and who was answered by the
 * one, and then asks the other, must not be shown what was before. All that is left to do is to read
 * the signals that wait before a request is handled: dou_watch_catch_up().
 *
 * GDBus cannot do that. It reads in a thread of its own, and between its read and the main loop's
 * turn a signal is nowhere to be seen. So signals have a connection of their own here, without a
 * thread: sd-bus, read when the main loop says so and before each request. A read that finds nothing
 * is one system call. Rejected: a ping to the bus before each answer (two
 * messages a batch of requests), and to let a service wait until every gateway has confirmed (one
 * that hangs would stop all writes).
 *
 * A signal may so be heard before the reply to a call that was made earlier by way of GDBus, or long
 * after it; whoever stores what a reply says must have noted whether it was overtaken. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <systemd/sd-bus.h>

#include "common/dou-status.h"
#include "gateway/dou-watch.h"

#define NAME_PREFIX "org.doutok."

/* The shapes of the signals' only argument. */
typedef enum
{
  SHAPE_IDS,      /* ax */
  SHAPE_PAIRS,    /* a(xx) */
  SHAPE_LINKS,    /* a(xxb) */
  SHAPE_FEELINGS, /* a(xxi) */
  SHAPE_MESSAGES, /* a(xxxsx) */
} Shape;

static const struct
{
  const char *service;
  const char *member;
  Shape shape;
} signals[] = {
  [DOU_WATCH_USERS] = { "User", "Changed", SHAPE_IDS },
  [DOU_WATCH_GENERATIONS] = { "User", "GenerationsChanged", SHAPE_PAIRS },
  [DOU_WATCH_VIDEOS] = { "Video", "Changed", SHAPE_IDS },
  [DOU_WATCH_WORK_COUNTS] = { "Video", "WorkCountsChanged", SHAPE_IDS },
  [DOU_WATCH_VIDEO_COUNTS] = { "Social", "VideosChanged", SHAPE_IDS },
  [DOU_WATCH_USER_COUNTS] = { "Social", "UsersChanged", SHAPE_IDS },
  [DOU_WATCH_FEELINGS] = { "Social", "FeelingsChanged", SHAPE_FEELINGS },
  [DOU_WATCH_FAVORITES] = { "Social", "FavoritesChanged", SHAPE_LINKS },
  [DOU_WATCH_FOLLOWS] = { "Social", "FollowsChanged", SHAPE_LINKS },
  [DOU_WATCH_BLOCKS] = { "Social", "BlocksChanged", SHAPE_LINKS },
  [DOU_WATCH_MESSAGES] = { "Chat", "MessagesSent", SHAPE_MESSAGES },
};

static const struct
{
  const char *name;
  DouWatchTopic topic;
} losses[] = {
  { NAME_PREFIX "User", DOU_WATCH_USER_LOST },
  { NAME_PREFIX "Video", DOU_WATCH_VIDEO_LOST },
  { NAME_PREFIX "Social", DOU_WATCH_SOCIAL_LOST },
  { NAME_PREFIX "Chat", DOU_WATCH_CHAT_LOST },
};

typedef struct
{
  DouWatchTopic topic;
  DouWatchFunc func;
  gpointer user_data; /* (unowned) */
} Listener;

struct _DouWatch
{
  GObject parent_instance;

  sd_bus *bus;       /* (owned) */
  GArray *listeners; /* (owned) (element-type Listener) */
  GHashTable *troubles; /* (owned) (element-type utf8 utf8) by service: why it does not hear other nodes */
  GArray *items;     /* (owned) (element-type DouWatchItem) kept for its memory */
  GSource *source;   /* (owned) */
};

enum
{
  SIGNAL_DEAF,
  N_SIGNALS
};

static guint object_signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DouWatch, dou_watch, G_TYPE_OBJECT)

static void
dou_watch_close (DouWatch *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->bus, sd_bus_close_unref);
}

static void
dou_watch_finalize (GObject *object)
{
  DouWatch *self = DOU_WATCH (object);

  dou_watch_close (self);
  g_array_unref (self->listeners);
  g_array_unref (self->items);
  g_hash_table_unref (self->troubles);

  G_OBJECT_CLASS (dou_watch_parent_class)->finalize (object);
}

static void
dou_watch_class_init (DouWatchClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_watch_finalize;

  /**
   * DouWatch::deaf:
   *
   * Nothing can be heard any more, and so nothing is to be remembered: the process has to end.
   */
  object_signals[SIGNAL_DEAF] = g_signal_new ("deaf", DOU_TYPE_WATCH, G_SIGNAL_RUN_LAST, 0, NULL,
                                              NULL, NULL, G_TYPE_NONE, 0);
}

static void
dou_watch_init (DouWatch *self)
{
  self->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  self->items = g_array_new (FALSE, FALSE, sizeof (DouWatchItem));
  self->troubles = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
}

static void
dou_watch_tell (DouWatch *self, DouWatchTopic topic)
{
  for (guint i = 0; i < self->listeners->len; i++)
    {
      const Listener *listener = &g_array_index (self->listeners, Listener, i);

      if (listener->topic == topic)
        listener->func ((const DouWatchItem *) (gpointer) self->items->data, self->items->len,
                        listener->user_data);
    }
}

/* Returns: above 0 if there was an item, 0 at the end, below 0 if the message is of another form */
static int
read_item (sd_bus_message *message, Shape shape, DouWatchItem *item)
{
  const char *text;
  gint64 id;
  gint32 number = 0;
  int flag = 0;
  int n;

  switch (shape)
    {
    case SHAPE_IDS:
      return sd_bus_message_read (message, "x", &item->a);
    case SHAPE_PAIRS:
      return sd_bus_message_read (message, "(xx)", &item->a, &item->b);
    case SHAPE_LINKS:
      n = sd_bus_message_read (message, "(xxb)", &item->a, &item->b, &flag);
      item->c = flag;
      return n;
    case SHAPE_FEELINGS:
      n = sd_bus_message_read (message, "(xxi)", &item->a, &item->b, &number);
      item->c = number;
      return n;
    case SHAPE_MESSAGES:
      return sd_bus_message_read (message, "(xxxsx)", &id, &item->a, &item->b, &text, &item->c);
    default:
      g_assert_not_reached ();
    }
}

static int
dou_watch_read_items (DouWatch *self, sd_bus_message *message, Shape shape)
{
  static const char *const contents[]
      = { [SHAPE_IDS] = "x", [SHAPE_PAIRS] = "(xx)", [SHAPE_LINKS] = "(xxb)",
          [SHAPE_FEELINGS] = "(xxi)",
          [SHAPE_MESSAGES] = "(xxxsx)" };
  DouWatchItem item = { 0, 0, 0 };
  int n;

  g_array_set_size (self->items, 0);
  n = sd_bus_message_enter_container (message, SD_BUS_TYPE_ARRAY, contents[shape]);
  if (n < 0)
    return n;

  while ((n = read_item (message, shape, &item)) > 0)
    g_array_append_val (self->items, item);

  return n;
}

/* Reset of @service is as its loss, but the service is there, and says why. */
static int
dou_watch_read_reset (DouWatch *self, sd_bus_message *message, const char *service)
{
  g_autofree char *reason = NULL;
  const char *text;
  int n = sd_bus_message_enter_container (message, SD_BUS_TYPE_ARRAY, "s");

  while (n >= 0 && (n = sd_bus_message_read (message, "s", &text)) > 0)
    if (reason == NULL)
      reason = g_strdup (text);
  if (n < 0)
    return n;

  g_array_set_size (self->items, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (losses); i++)
    if (strncmp (service, losses[i].name, strlen (losses[i].name)) == 0)
      {
        if (reason != NULL)
          g_hash_table_insert (self->troubles, (gpointer) losses[i].name, g_steal_pointer (&reason));
        else
          g_hash_table_remove (self->troubles, losses[i].name);
        dou_watch_tell (self, losses[i].topic);
        break;
      }

  return 0;
}

static int
signal_cb (sd_bus_message *message, void *user_data, sd_bus_error *error)
{
  DouWatch *self = user_data;
  const char *service = sd_bus_message_get_interface (message);
  const char *member = sd_bus_message_get_member (message);

  if (service == NULL || member == NULL || !g_str_has_prefix (service, NAME_PREFIX))
    return 0;

  if (strcmp (member, "Reset") == 0)
    {
      if (dou_watch_read_reset (self, message, service) < 0)
        g_critical ("%s.%s: unknown arguments", service, member);
      return 0;
    }

  service += strlen (NAME_PREFIX);
  for (guint topic = 0; topic < G_N_ELEMENTS (signals); topic++)
    {
      gsize length = strlen (signals[topic].service);

      if (strcmp (member, signals[topic].member) != 0
          || strncmp (service, signals[topic].service, length) != 0
          || strcmp (service + length, "1") != 0)
        continue;

      if (dou_watch_read_items (self, message, signals[topic].shape) < 0)
        g_critical ("%s1.%s: unknown arguments", signals[topic].service, member);
      else
        dou_watch_tell (self, (DouWatchTopic) topic);
      break;
    }

  return 0;
}

static int
owner_changed_cb (sd_bus_message *message, void *user_data, sd_bus_error *error)
{
  DouWatch *self = user_data;
  const char *name;

  if (sd_bus_message_read (message, "s", &name) <= 0)
    return 0;

  g_array_set_size (self->items, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (losses); i++)
    if (strcmp (name, losses[i].name) == 0)
      {
        g_debug ("%s has another owner: forgetting what it has told", name);
        g_hash_table_remove (self->troubles, name);
        dou_watch_tell (self, losses[i].topic);
      }

  return 0;
}

static gboolean
readable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  dou_watch_catch_up (user_data);
  return G_SOURCE_CONTINUE;
}

static int
dou_watch_connect (DouWatch *self, const char *address)
{
  static const char *const names[] = { "User", "Video", "Social", "Chat" };
  int n = sd_bus_new (&self->bus);

  if (n >= 0)
    n = sd_bus_set_address (self->bus, address);
  if (n >= 0)
    n = sd_bus_set_bus_client (self->bus, 1);
  if (n >= 0)
    n = sd_bus_start (self->bus);

  for (gsize i = 0; i < G_N_ELEMENTS (names) && n >= 0; i++)
    {
      g_autofree char *rule = g_strdup_printf (
          "type='signal',sender='" NAME_PREFIX "%s',interface='" NAME_PREFIX "%s1',path='/org/doutok/%s'",
          names[i], names[i], names[i]);

      n = sd_bus_add_match (self->bus, NULL, rule, signal_cb, self);
    }
  if (n >= 0)
    n = sd_bus_add_match (self->bus, NULL,
                          "type='signal',sender='org.freedesktop.DBus',"
                          "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                          "arg0namespace='org.doutok'",
                          owner_changed_cb, self);
  return n;
}

/**
 * dou_watch_new:
 * @address: of the private bus
 * @error: return location
 *
 * Returns: (transfer full): a watch on the thread-default main context, or %NULL
 */
DouWatch *
dou_watch_new (const char *address, GError **error)
{
  g_autoptr (DouWatch) self = g_object_new (DOU_TYPE_WATCH, NULL);
  int n = dou_watch_connect (self, address);

  if (n < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Cannot listen on the bus at %s: %s"),
                   address, g_strerror (-n));
      return NULL;
    }

  self->source = g_unix_fd_source_new (sd_bus_get_fd (self->bus), G_IO_IN);
  g_source_set_priority (self->source, G_PRIORITY_HIGH);
  g_source_set_callback (self->source, G_SOURCE_FUNC (readable_cb), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return g_steal_pointer (&self);
}

/**
 * dou_watch_listen:
 * @self: a watch
 * @topic: what to hear of
 * @func: called from dou_watch_catch_up() or the main loop; makes no requests
 * @user_data: for @func; stays alive until dou_watch_forget()
 */
void
dou_watch_listen (DouWatch *self, DouWatchTopic topic, DouWatchFunc func, gpointer user_data)
{
  const Listener listener = { topic, func, user_data };

  g_return_if_fail (DOU_IS_WATCH (self));

  g_array_append_val (self->listeners, listener);
}

/**
 * dou_watch_forget:
 * @self: a watch
 * @user_data: of listeners that are to hear no more
 */
void
dou_watch_forget (DouWatch *self, gpointer user_data)
{
  g_return_if_fail (DOU_IS_WATCH (self));

  for (guint i = self->listeners->len; i > 0; i--)
    if (g_array_index (self->listeners, Listener, i - 1).user_data == user_data)
      g_array_remove_index (self->listeners, i - 1);
}

/**
 * dou_watch_get_trouble:
 * @self: a watch
 *
 * Returns: (transfer none) (nullable): why services do not hear other nodes, as the first of them says;
 *   %NULL if all do, or there are none
 */
const char *
dou_watch_get_trouble (DouWatch *self)
{
  g_return_val_if_fail (DOU_IS_WATCH (self), NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (losses); i++)
    {
      const char *reason = g_hash_table_lookup (self->troubles, losses[i].name);

      if (reason != NULL)
        return reason;
    }

  return NULL;
}

static void
dou_watch_tell_losses (DouWatch *self)
{
  g_array_set_size (self->items, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (losses); i++)
    dou_watch_tell (self, losses[i].topic);
}

/**
 * dou_watch_catch_up:
 * @self: a watch
 *
 * Hears all that the bus has sent until now. Once it cannot, all services count as lost with each
 * call, since what was heard can no longer be relied upon; the process is to end then, but may have
 * requests to answer before.
 */
void
dou_watch_catch_up (DouWatch *self)
{
  int n = 0;

  if (self->bus != NULL)
    {
      while ((n = sd_bus_process (self->bus, NULL)) > 0)
        ;
      if (n >= 0 && sd_bus_is_open (self->bus) > 0)
        return;

      dou_watch_close (self);
      g_signal_emit (self, object_signals[SIGNAL_DEAF], 0);
    }

  dou_watch_tell_losses (self);
}
