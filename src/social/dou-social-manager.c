/* SPDX-License-Identifier: Apache-2.0 */

/* Who likes, follows and says what: what is allowed, and who is told of it.
 *
 * A call carries many items, which take effect in their order. A set-based statement knows no
 * order, so items that concern the same thing are resolved here before the store sees them: of two
 * that set the same like the last counts, a comment that is sent twice is written once. The files
 * beside this one hold a topic each. Reads are only bounded here.
 *
 * What a call changed is told (by the signals) before the call itself returns, and only what it did
 * change: the store says so item by item.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "social/dou-social-manager.h"

/* The most ids in one signal. Only a recount of a damaged store has more to say. */
#define SIGNAL_MAX 8192

struct _DouSocialManager
{
  GObject parent_instance;

  DouSocialStore *store; /* (owned) */
  DouClock *clock;       /* (owned) */
  DouSocialCounts totals;
};

G_DEFINE_FINAL_TYPE (DouSocialManager, dou_social_manager, G_TYPE_OBJECT)

enum
{
  SIGNAL_VIDEOS_CHANGED,
  SIGNAL_USERS_CHANGED,
  SIGNAL_FEELINGS_CHANGED,
  SIGNAL_FAVORITES_CHANGED,
  SIGNAL_FOLLOWS_CHANGED,
  SIGNAL_BLOCKS_CHANGED,
  N_SIGNALS
};

enum
{
  PROP_FAVORITE_COUNT = 1,
  PROP_COMMENT_COUNT,
  PROP_FOLLOW_COUNT,
  N_PROPS
};

static guint signals[N_SIGNALS];
static GParamSpec *props[N_PROPS];

static void
dou_social_manager_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  DouSocialManager *self = DOU_SOCIAL_MANAGER (object);

  switch (prop_id)
    {
    case PROP_FAVORITE_COUNT:
      g_value_set_int64 (value, self->totals.favorites);
      break;
    case PROP_COMMENT_COUNT:
      g_value_set_int64 (value, self->totals.comments);
      break;
    case PROP_FOLLOW_COUNT:
      g_value_set_int64 (value, self->totals.follows);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
dou_social_manager_dispose (GObject *object)
{
  DouSocialManager *self = DOU_SOCIAL_MANAGER (object);

  g_clear_object (&self->store);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (dou_social_manager_parent_class)->dispose (object);
}

static GParamSpec *
make_count_property (const char *name)
{
  return g_param_spec_int64 (name, NULL, NULL, G_MININT64, G_MAXINT64, 0,
                             G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static guint
make_changed_signal (const char *name)
{
  return g_signal_new (name, DOU_TYPE_SOCIAL_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, 1, G_TYPE_ARRAY);
}

static void
dou_social_manager_class_init (DouSocialManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = dou_social_manager_get_property;
  object_class->dispose = dou_social_manager_dispose;

  /**
   * DouSocialManager:favorite-count:
   *
   * Likes of videos in the store.
   */
  props[PROP_FAVORITE_COUNT] = make_count_property ("favorite-count");
  /**
   * DouSocialManager:comment-count:
   *
   * Comments in the store.
   */
  props[PROP_COMMENT_COUNT] = make_count_property ("comment-count");
  /**
   * DouSocialManager:follow-count:
   *
   * Follows in the store.
   */
  props[PROP_FOLLOW_COUNT] = make_count_property ("follow-count");
  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * DouSocialManager::videos-changed:
   * @ids: (element-type gint64): videos whose counts are no longer what they were
   *
   * Emitted before the call that made the change returns, as all of these are.
   */
  signals[SIGNAL_VIDEOS_CHANGED] = make_changed_signal ("videos-changed");
  /**
   * DouSocialManager::users-changed:
   * @ids: (element-type gint64): users whose counts are no longer what they were
   */
  signals[SIGNAL_USERS_CHANGED] = make_changed_signal ("users-changed");
  /**
   * DouSocialManager::feelings-changed:
   * @feelings: (element-type DouSocialFeeling): what users feel about comments now
   */
  signals[SIGNAL_FEELINGS_CHANGED] = make_changed_signal ("feelings-changed");
  /**
   * DouSocialManager::favorites-changed:
   * @links: (element-type DouSocialLink): likes, as they are now
   */
  signals[SIGNAL_FAVORITES_CHANGED] = make_changed_signal ("favorites-changed");
  /**
   * DouSocialManager::follows-changed:
   * @links: (element-type DouSocialLink): follows, as they are now
   */
  signals[SIGNAL_FOLLOWS_CHANGED] = make_changed_signal ("follows-changed");
  /**
   * DouSocialManager::blocks-changed:
   * @links: (element-type DouSocialLink): pairs of users, set if either blocks the other now
   */
  signals[SIGNAL_BLOCKS_CHANGED] = make_changed_signal ("blocks-changed");
}

static void
dou_social_manager_init (DouSocialManager *self)
{
}

static void
dou_social_manager_add_to_total (DouSocialManager *self, guint prop_id, gint64 *total, gint64 n)
{
  if (n == 0)
    return;

  *total += n;
  g_object_notify_by_pspec (G_OBJECT (self), props[prop_id]);
}

static void
dou_social_manager_add_to_totals (DouSocialManager *self, const DouSocialCounts *added)
{
  DouSocialCounts *totals = &self->totals;

  dou_social_manager_add_to_total (self, PROP_FAVORITE_COUNT, &totals->favorites,
                                   added->favorites);
  dou_social_manager_add_to_total (self, PROP_COMMENT_COUNT, &totals->comments, added->comments);
  dou_social_manager_add_to_total (self, PROP_FOLLOW_COUNT, &totals->follows, added->follows);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses = dou_social_manager_remove_videos_finish (
      DOU_SOCIAL_MANAGER (source), result, &error);

  if (statuses == NULL)
    g_warning ("Cannot remove what belongs to removed videos: %s", error->message);
}

/**
 * dou_social_manager_new:
 * @store: where everything is kept
 * @clock: for the times of comments
 * @error: return location
 *
 * Waits for the database, which tells how much there is, and begins to remove what an earlier
 * process left of removed videos.
 *
 * Returns: (transfer full): a manager, or %NULL with the errors of dou_social_store_count()
 */
DouSocialManager *
dou_social_manager_new (DouSocialStore *store, DouClock *clock, GError **error)
{
  DouSocialManager *self;
  DouSocialCounts totals;
  g_autoptr (GArray) none = NULL;

  g_return_val_if_fail (DOU_IS_SOCIAL_STORE (store), NULL);
  g_return_val_if_fail (DOU_IS_CLOCK (clock), NULL);

  if (!dou_social_store_count (store, &totals, error))
    return NULL;

  self = g_object_new (DOU_TYPE_SOCIAL_MANAGER, NULL);
  self->store = g_object_ref (store);
  self->clock = g_object_ref (clock);
  self->totals = totals;
  none = g_array_new (FALSE, FALSE, sizeof (gint64));
  dou_social_manager_remove_videos_async (self, none, NULL, removed_cb, NULL);
  return self;
}

/**
 * dou_social_manager_get_store:
 * @self: a manager
 *
 * Returns: (transfer none): where everything is kept
 */
DouSocialStore *
dou_social_manager_get_store (DouSocialManager *self)
{
  g_return_val_if_fail (DOU_IS_SOCIAL_MANAGER (self), NULL);

  return self->store;
}

/**
 * dou_social_manager_get_clock:
 * @self: a manager
 *
 * Returns: (transfer none): what tells it the time
 */
DouClock *
dou_social_manager_get_clock (DouSocialManager *self)
{
  g_return_val_if_fail (DOU_IS_SOCIAL_MANAGER (self), NULL);

  return self->clock;
}

static void
dou_social_manager_emit (DouSocialManager *self, guint signal_id, GArray *items)
{
  guint size = g_array_get_element_size (items);

  for (guint start = 0; start < items->len; start += SIGNAL_MAX)
    {
      guint length = MIN (items->len - start, SIGNAL_MAX);
      g_autoptr (GArray) part = g_array_sized_new (FALSE, FALSE, size, length);

      g_array_append_vals (part, items->data + (gsize) start * size, length);
      g_signal_emit (self, signals[signal_id], 0, part);
    }
}

/**
 * dou_social_manager_report:
 * @self: a manager
 * @changes: what a call changed
 *
 * Tells everybody, before the call itself returns.
 */
void
dou_social_manager_report (DouSocialManager *self, DouSocialChanges *changes)
{
  g_return_if_fail (DOU_IS_SOCIAL_MANAGER (self));

  dou_social_changes_sort (changes);
  dou_social_manager_add_to_totals (self, &changes->added);
  dou_social_manager_emit (self, SIGNAL_VIDEOS_CHANGED, changes->videos);
  dou_social_manager_emit (self, SIGNAL_USERS_CHANGED, changes->users);
  dou_social_manager_emit (self, SIGNAL_FEELINGS_CHANGED, changes->feelings);
  dou_social_manager_emit (self, SIGNAL_FAVORITES_CHANGED, changes->favorites);
  dou_social_manager_emit (self, SIGNAL_FOLLOWS_CHANGED, changes->follows);
  dou_social_manager_emit (self, SIGNAL_BLOCKS_CHANGED, changes->blocks);
}
