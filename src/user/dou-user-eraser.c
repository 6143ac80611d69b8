/* SPDX-License-Identifier: Apache-2.0 */

/* Removes what belonged to deleted users from the other domains. The user domain keeps the list of those
 * deletions, in its database; each other domain removes a piece of what there is when it is asked, and
 * says whether that was all (RemoveUsers). Only when all have said so the user is taken off the list.
 * So whatever dies in between, here or there, it goes on: after a pause, at the next start, or on another
 * node. Every step may be done twice, and by two at once.
 *
 * Each domain remembers for good whom it was told to remove, and adds nothing to them any more: a request
 * that was under way when the user was deleted either comes before that, and is removed, or after it, and
 * is refused.
 *
 * The video domain is asked first, since it takes the likes of the user's videos along: when it is done,
 * the social domain finds no counter of the user in use.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-status.h"
#include "user/dou-user-eraser.h"

/* Milliseconds. A domain answers within some seconds, however much there is to remove. */
#define CALL_TIMEOUT 25000

static const struct
{
  const char *name;
  const char *path;
  const char *interface;
} domains[] = {
  { "org.doutok.Video", "/org/doutok/Video", "org.doutok.Video1" },
  { "org.doutok.Social", "/org/doutok/Social", "org.doutok.Social1" },
  { "org.doutok.Chat", "/org/doutok/Chat", "org.doutok.Chat1" },
};

struct _DouUserEraser
{
  GObject parent_instance;

  DouUserStore *store;         /* (owned) */
  GDBusConnection *connection; /* (owned) */
  GCancellable *cancellable;   /* (owned) */
  guint delay;                 /* seconds before the next try */
  guint retry_id;
  guint period_id;
  gboolean busy;  /* a round is under way */
  gboolean again; /* and somebody was deleted meanwhile */
};

G_DEFINE_FINAL_TYPE (DouUserEraser, dou_user_eraser, G_TYPE_OBJECT)

/* Some users, on their way out. */
typedef struct
{
  DouUserEraser *eraser; /* (owned) */
  GArray *ids;           /* (owned) (element-type gint64) */
  GArray *complete;      /* (owned) (element-type gboolean) of each, in all domains so far */
  guint domain;          /* that is being asked */
  gboolean failed;       /* one could not be asked */
} Round;

static void
round_free (Round *round)
{
  g_object_unref (round->eraser);
  g_array_unref (round->ids);
  g_array_unref (round->complete);
  g_free (round);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Round, round_free)

static void
dou_user_eraser_dispose (GObject *object)
{
  DouUserEraser *self = DOU_USER_ERASER (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_clear_handle_id (&self->period_id, g_source_remove);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->connection);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (dou_user_eraser_parent_class)->dispose (object);
}

static void
dou_user_eraser_class_init (DouUserEraserClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_user_eraser_dispose;
}

static void
dou_user_eraser_init (DouUserEraser *self)
{
  self->cancellable = g_cancellable_new ();
  self->delay = DOU_USER_ERASER_DELAY;
}

static gboolean
retry_cb (gpointer user_data)
{
  DouUserEraser *self = user_data;

  self->retry_id = 0;
  dou_user_eraser_resume (self);
  return G_SOURCE_REMOVE;
}

static gboolean
period_cb (gpointer user_data)
{
  dou_user_eraser_resume (user_data);
  return G_SOURCE_CONTINUE;
}

/**
 * dou_user_eraser_new:
 * @store: who is deleted
 * @connection: to the private bus, where the other domains are
 *
 * Goes on with what was begun before once dou_user_eraser_resume() is called.
 *
 * Returns: (transfer full): an eraser
 */
DouUserEraser *
dou_user_eraser_new (DouUserStore *store, GDBusConnection *connection)
{
  DouUserEraser *self;

  g_return_val_if_fail (DOU_IS_USER_STORE (store), NULL);
  g_return_val_if_fail (G_IS_DBUS_CONNECTION (connection), NULL);

  self = g_object_new (DOU_TYPE_USER_ERASER, NULL);
  self->store = g_object_ref (store);
  self->connection = g_object_ref (connection);
  self->period_id = g_timeout_add_seconds (DOU_USER_ERASER_PERIOD, period_cb, self);
  return self;
}

/* The round is over. @left: whether there is something to be done later. */
static void
dou_user_eraser_rest (DouUserEraser *self, gboolean left, gboolean failed)
{
  gboolean again = self->again;

  self->busy = FALSE;
  self->again = FALSE;
  if (g_cancellable_is_cancelled (self->cancellable))
    return;

  if (left && self->retry_id == 0)
    self->retry_id = g_timeout_add_seconds (self->delay, retry_cb, self);
  self->delay
      = failed ? MIN (2 * self->delay, DOU_USER_ERASER_DELAY_MAX) : DOU_USER_ERASER_DELAY;
  if (again)
    dou_user_eraser_resume (self);
}

static void
forgotten_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Round) round = user_data;
  g_autoptr (GError) error = NULL;
  gboolean left = round->failed;

  if (!dou_user_store_forget_deletions_finish (DOU_USER_STORE (source), result, &error))
    {
      g_warning ("It is not noted that deleted users are gone: %s", error->message);
      round->failed = left = TRUE;
    }

  for (guint i = 0; i < round->ids->len; i++)
    left = left || !g_array_index (round->complete, gboolean, i);
  /* There may be more than one list had. */
  round->eraser->again = round->eraser->again || !left;
  dou_user_eraser_rest (round->eraser, left, round->failed);
}

static void
round_forget (Round *round)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < round->ids->len; i++)
    if (g_array_index (round->complete, gboolean, i))
      g_array_append_val (ids, g_array_index (round->ids, gint64, i));

  if (ids->len > 0)
    g_info ("Nothing is left of %u deleted users", ids->len);
  dou_user_store_forget_deletions_async (round->eraser->store,
                                         (const gint64 *) (gpointer) ids->data, ids->len,
                                         round->eraser->cancellable, forgotten_cb, round);
}

static void round_ask (Round *round);

static void
round_note (Round *round, GVariant *statuses)
{
  for (guint i = 0; i < round->ids->len; i++)
    {
      gint32 status = DOU_STATUS_UNAVAILABLE;

      if (i < g_variant_n_children (statuses))
        g_variant_get_child (statuses, i, "i", &status);
      if (status != DOU_STATUS_OK)
        g_array_index (round->complete, gboolean, i) = FALSE;
    }
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Round *round = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) statuses = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;

  if (statuses != NULL)
    round_note (round, statuses);
  else
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_info ("RemoveUsers: %s: %s", domains[round->domain].name, error->message);
      round->failed = TRUE;
      for (guint i = 0; i < round->ids->len; i++)
        g_array_index (round->complete, gboolean, i) = FALSE;
    }

  round->domain++;
  if (round->domain < G_N_ELEMENTS (domains))
    round_ask (round);
  else
    round_forget (round);
}

static void
round_ask (Round *round)
{
  GVariant *ids = g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, round->ids->data,
                                             round->ids->len, sizeof (gint64));

  g_dbus_connection_call (round->eraser->connection, domains[round->domain].name,
                          domains[round->domain].path, domains[round->domain].interface,
                          "RemoveUsers", g_variant_new_tuple (&ids, 1), G_VARIANT_TYPE ("(ai)"),
                          G_DBUS_CALL_FLAGS_NONE, CALL_TIMEOUT, round->eraser->cancellable,
                          removed_cb, round);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouUserEraser) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) ids
      = dou_user_store_list_deletions_finish (DOU_USER_STORE (source), result, &error);
  const gboolean complete = TRUE;
  Round *round;

  if (ids == NULL)
    {
      /* The database has complained by itself. */
      g_info ("What is left of deleted users stays for now: %s", error->message);
      dou_user_eraser_rest (self, TRUE, TRUE);
      return;
    }
  if (ids->len == 0)
    {
      dou_user_eraser_rest (self, FALSE, FALSE);
      return;
    }

  round = g_new0 (Round, 1);
  round->complete = g_array_sized_new (FALSE, FALSE, sizeof (gboolean), ids->len);
  for (guint i = 0; i < ids->len; i++)
    g_array_append_val (round->complete, complete);
  round->ids = g_steal_pointer (&ids);
  round->eraser = g_steal_pointer (&self);
  round_ask (round);
}

/**
 * dou_user_eraser_resume:
 * @self: an eraser
 *
 * Goes on with all that is not done: at the start, and when somebody was deleted.
 */
void
dou_user_eraser_resume (DouUserEraser *self)
{
  g_return_if_fail (DOU_IS_USER_ERASER (self));

  if (self->busy)
    {
      self->again = TRUE;
      return;
    }

  self->busy = TRUE;
  g_clear_handle_id (&self->retry_id, g_source_remove);
  dou_user_store_list_deletions_async (self->store, self->cancellable, listed_cb,
                                       g_object_ref (self));
}
