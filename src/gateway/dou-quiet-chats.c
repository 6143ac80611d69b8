/* SPDX-License-Identifier: Apache-2.0 */

/* An open chat is polled each second, and nearly always for nothing. So for each reader and sender the
 * time of the newest message is kept, from the answer to a poll or from the signal that tells of a
 * message; a poll for what came after that need not ask anybody.
 *
 * Messages become visible in the order of their times, and the signal is heard before any request
 * that comes after it was sent (DouWatch). An answer that was on its way meanwhile may be from before
 * the message: it never makes a time that is known earlier, and if nothing is known, since there was no
 * room for what the signal said, it is not believed when any message was told of since the question. */

#include "config.h"

#include "common/dou-lru.h"
#include "common/dou-metrics.h"
#include "gateway/dou-quiet-chats.h"

typedef struct
{
  gint64 reader;
  gint64 sender;
  gint64 newest; /* time of the newest message; nothing has come after it */
} Chat;

/* Bytes of a chat with all that leads to it. */
#define CHAT_SIZE 160

struct _DouQuietChats
{
  GObject parent_instance;

  DouWatch *watch;   /* (owned) */
  DouLru *chats;     /* (owned) (element-type Chat Chat) each its own key */
  guint64 moment;    /* how often messages were told of, or may have been missed */
  DouMetric *hits;   /* (unowned) */
  DouMetric *misses; /* (unowned) */
};

G_DEFINE_FINAL_TYPE (DouQuietChats, dou_quiet_chats, G_TYPE_OBJECT)

static guint
chat_hash (gconstpointer key)
{
  const Chat *chat = key;

  return g_int64_hash (&chat->reader) * 31 + g_int64_hash (&chat->sender);
}

static gboolean
chat_equal (gconstpointer a, gconstpointer b)
{
  const Chat *chat = a;
  const Chat *other = b;

  return chat->reader == other->reader && chat->sender == other->sender;
}

static void
dou_quiet_chats_dispose (GObject *object)
{
  DouQuietChats *self = DOU_QUIET_CHATS (object);

  if (self->watch != NULL)
    dou_watch_forget (self->watch, self);
  g_clear_object (&self->watch);

  G_OBJECT_CLASS (dou_quiet_chats_parent_class)->dispose (object);
}

static void
dou_quiet_chats_finalize (GObject *object)
{
  DouQuietChats *self = DOU_QUIET_CHATS (object);

  dou_lru_free (self->chats);

  G_OBJECT_CLASS (dou_quiet_chats_parent_class)->finalize (object);
}

static void
dou_quiet_chats_class_init (DouQuietChatsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_quiet_chats_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_quiet_chats_finalize;
}

static void
dou_quiet_chats_init (DouQuietChats *self)
{
  self->hits = dou_metrics_get ("doutok_cache_hits_total", "cache=\"quiet chats\"");
  self->misses = dou_metrics_get ("doutok_cache_misses_total", "cache=\"quiet chats\"");
}

static void
dou_quiet_chats_put (DouQuietChats *self, const Chat *chat)
{
  Chat *copy = g_memdup2 (chat, sizeof *chat);

  dou_lru_insert (self->chats, copy, copy, CHAT_SIZE);
}

static void
messages_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouQuietChats *self = user_data;

  for (gsize i = 0; i < n_items; i++)
    {
      const Chat chat = { items[i].b, items[i].a, items[i].c };
      Chat *known = dou_lru_lookup (self->chats, &chat);

      /* What another node tells may be older than what is known. */
      if (known != NULL)
        known->newest = MAX (known->newest, chat.newest);
      else
        dou_quiet_chats_put (self, &chat);
    }
  self->moment++;
}

static void
lost_cb (const DouWatchItem *items, gsize n_items, gpointer user_data)
{
  DouQuietChats *self = user_data;

  dou_lru_remove_all (self->chats);
  self->moment++;
}

/**
 * dou_quiet_chats_new:
 * @watch: tells of messages
 * @max_bytes: what all of it may occupy
 *
 * Returns: (transfer full): nothing is known yet
 */
DouQuietChats *
dou_quiet_chats_new (DouWatch *watch, gsize max_bytes)
{
  DouQuietChats *self = g_object_new (DOU_TYPE_QUIET_CHATS, NULL);

  self->watch = g_object_ref (watch);
  self->chats = dou_lru_new (chat_hash, chat_equal, NULL, g_free, max_bytes);
  dou_lru_measure (self->chats, dou_metrics_get ("doutok_cache_bytes", "cache=\"quiet chats\""));
  dou_watch_listen (watch, DOU_WATCH_MESSAGES, messages_cb, self);
  dou_watch_listen (watch, DOU_WATCH_CHAT_LOST, lost_cb, self);
  return self;
}

/**
 * dou_quiet_chats_are_quiet:
 * @self: chats
 * @reader: who asks
 * @sender: whose messages
 * @after: a time, in milliseconds
 *
 * Returns: whether it is known that nothing has come after it
 */
gboolean
dou_quiet_chats_are_quiet (DouQuietChats *self, gint64 reader, gint64 sender, gint64 after)
{
  const Chat wanted = { reader, sender, 0 };
  const Chat *chat = dou_lru_lookup (self->chats, &wanted);
  gboolean are_quiet = chat != NULL && after >= chat->newest;

  dou_metric_add (are_quiet ? self->hits : self->misses, 1);
  return are_quiet;
}

/**
 * dou_quiet_chats_get_moment:
 * @self: chats
 *
 * Returns: what to give to dou_quiet_chats_learn() with the answer to a question that is asked now
 */
guint64
dou_quiet_chats_get_moment (DouQuietChats *self)
{
  return self->moment;
}

/**
 * dou_quiet_chats_learn:
 * @self: chats
 * @reader: who has asked
 * @sender: whose messages
 * @newest: after this time there was nothing
 * @moment: from when it was asked
 */
void
dou_quiet_chats_learn (DouQuietChats *self,
                       gint64 reader,
                       gint64 sender,
                       gint64 newest,
                       guint64 moment)
{
  const Chat learnt = { reader, sender, newest };
  Chat *known = dou_lru_peek (self->chats, &learnt);

  if (known != NULL)
    known->newest = moment == self->moment ? newest : MAX (known->newest, newest);
  else if (moment == self->moment)
    dou_quiet_chats_put (self, &learnt);
}

gsize
dou_quiet_chats_get_size (DouQuietChats *self)
{
  return dou_lru_get_cost (self->chats);
}
