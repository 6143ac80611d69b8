/* SPDX-License-Identifier: Apache-2.0 */

/* Whose number it is.
 *
 * [node] id is part of every id that a node makes. Two nodes with one number would make the same ids, and
 * the database would take what comes second for a repetition of what came first: the worst that can be
 * configured, and easily done by copying a file. So where nodes have a Redis, each keeps a key there with
 * its number in the name, which lives for a while only and is renewed in time. A node does not start if
 * somebody else has the key, and ends if it finds so later.
 *
 * A node is known by what it has written into its state directory, which only one server can use at a
 * time. So it gets its number back at once after it was killed, and whoever else wants it waits until the
 * key has gone.
 *
 * Without Redis a node starts all the same: the key is taken when it can be.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>
#include <sys/random.h>

#include <glib/gi18n.h>

#include "common/dou-redis.h"
#include "common/dou-status.h"
#include "launcher/dou-node-lease.h"

/* Milliseconds that a key lives, and seconds after which it is renewed: two attempts may fail. */
#define LIFETIME "15000"
#define RENEWAL 5

/* The name of the node, in its state directory, in bytes and as hexadecimal digits. */
#define NAME_FILE "node"
#define NAME_BYTES 8
#define NAME_LENGTH (2 * NAME_BYTES)

struct _DouNodeLease
{
  GObject parent_instance;

  DouRedis *redis;  /* (owned) */
  gint64 number;    /* of the node */
  char *key;        /* (owned) */
  char *value;      /* (owned) name of the node, and where it is */
  GTask *task;      /* (owned) (nullable) while it is taken first */
  guint renewal_id;
  gboolean is_held; /* as far as is known */
  gboolean is_asking;
};

G_DEFINE_FINAL_TYPE (DouNodeLease, dou_node_lease, G_TYPE_OBJECT)

enum
{
  SIGNAL_LOST,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
dou_node_lease_dispose (GObject *object)
{
  DouNodeLease *self = DOU_NODE_LEASE (object);

  g_clear_handle_id (&self->renewal_id, g_source_remove);
  if (self->redis != NULL)
    g_signal_handlers_disconnect_by_data (self->redis, self);
  g_clear_object (&self->redis);
  g_clear_object (&self->task);

  G_OBJECT_CLASS (dou_node_lease_parent_class)->dispose (object);
}

static void
dou_node_lease_finalize (GObject *object)
{
  DouNodeLease *self = DOU_NODE_LEASE (object);

  g_free (self->key);
  g_free (self->value);

  G_OBJECT_CLASS (dou_node_lease_parent_class)->finalize (object);
}

static void
dou_node_lease_class_init (DouNodeLeaseClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dou_node_lease_dispose;
  object_class->finalize = dou_node_lease_finalize;

  /**
   * DouNodeLease::lost:
   * @error: who has it
   *
   * Another node has the number, though this one was given it, or has started without asking.
   */
  signals[SIGNAL_LOST] = g_signal_new ("lost", DOU_TYPE_NODE_LEASE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                       NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
dou_node_lease_init (DouNodeLease *self)
{
}

/* (transfer full) (nullable): the name in @path, made if there is none */
static char *
read_name (const char *path, GError **error)
{
  g_autofree char *name = NULL;
  g_autoptr (GString) made = g_string_new (NULL);
  guint8 random[NAME_BYTES];
  gsize length;

  if (g_file_get_contents (path, &name, &length, NULL) && length >= NAME_LENGTH
      && strspn (name, "0123456789abcdef") == NAME_LENGTH)
    {
      name[NAME_LENGTH] = '\0';
      return g_steal_pointer (&name);
    }

  if (getrandom (random, sizeof random, 0) != sizeof random)
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_INTERNAL, "No random bytes");
      return NULL;
    }
  for (gsize i = 0; i < NAME_BYTES; i++)
    g_string_append_printf (made, "%02x", random[i]);
  if (!g_file_set_contents_full (path, made->str, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
    return NULL;

  return g_string_free (g_steal_pointer (&made), FALSE);
}

/**
 * dou_node_lease_is_wanted:
 * @config: the merged configuration
 *
 * Returns: whether there may be other nodes, and they can be asked
 */
gboolean
dou_node_lease_is_wanted (DouConfig *config)
{
  return !g_str_equal (dou_config_get_string (config, DOU_CONFIG_DATABASE_ENGINE), "sqlite")
         && (*dou_config_get_string (config, DOU_CONFIG_REDIS_URL) != '\0'
             || *dou_config_get_string (config, DOU_CONFIG_REDIS_SENTINEL) != '\0');
}

/**
 * dou_node_lease_new:
 * @config: the merged configuration, with a Redis
 * @state_dir: the state directory, locked by this process
 * @error: return location for %DOU_STATUS_NOT_PERMITTED
 *
 * Returns: (transfer full): a lease that is not taken, or %NULL if the node cannot be given a name
 */
DouNodeLease *
dou_node_lease_new (DouConfig *config, const char *state_dir, GError **error)
{
  g_autoptr (DouNodeLease) self = g_object_new (DOU_TYPE_NODE_LEASE, NULL);
  g_autoptr (DouRedisAddress) address = NULL;
  g_autofree char *path = g_build_filename (state_dir, NAME_FILE, NULL);
  g_autoptr (GError) local_error = NULL;
  g_autofree char *name = read_name (path, &local_error);

  if (!dou_redis_address_load (config, &address, error))
    return NULL;
  g_return_val_if_fail (address != NULL, NULL);

  if (name == NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, _ ("Cannot write %s: %s"), path,
                   local_error->message);
      return NULL;
    }

  self->number = dou_config_get_int64 (config, DOU_CONFIG_NODE_ID);
  self->key = g_strdup_printf ("doutok@%u:node:%" G_GINT64_FORMAT, address->database, self->number);
  self->value = g_strdup_printf ("%s %s", name, g_get_host_name ());
  self->redis = dou_redis_new (address, NULL);
  return g_steal_pointer (&self);
}

static void dou_node_lease_ask (DouNodeLease *self);

/* The start goes on, with the number or without having asked. */
static void
dou_node_lease_go_on (DouNodeLease *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  self->is_asking = FALSE;
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
dou_node_lease_have (DouNodeLease *self)
{
  self->is_held = TRUE;
  dou_node_lease_go_on (self);
}

static void
dou_node_lease_yield (DouNodeLease *self, const char *owner)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, self->number);
  const char *host = strchr (owner, ' ');
  g_autoptr (GError) error
      = g_error_new (DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                     _ ("Another node, on %s, has the number %s: give each its own [node] id"),
                     host != NULL ? host + 1 : owner, number);

  self->is_asking = FALSE;
  self->is_held = FALSE;
  g_clear_handle_id (&self->renewal_id, g_source_remove);
  if (task != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_signal_emit (self, signals[SIGNAL_LOST], 0, error);
}

/* Returns: (transfer full) (nullable): the answer, unless there is none; then the start goes on */
static GVariant *
dou_node_lease_get_answer (DouNodeLease *self, GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  GVariant *answer;

  if (self->redis == NULL)
    return NULL;

  answer = dou_redis_command_finish (self->redis, result, &error);
  if (answer != NULL)
    return answer;

  if (!g_error_matches (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE))
    g_warning ("Whether another node has the same number cannot be found out: %s", error->message);
  dou_node_lease_go_on (self);
  return NULL;
}

static void
renewed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouNodeLease) self = user_data;
  g_autoptr (GVariant) answer = dou_node_lease_get_answer (self, result);

  if (answer == NULL)
    return;

  /* It has gone in between. */
  if (g_variant_is_of_type (answer, G_VARIANT_TYPE_INT64) && g_variant_get_int64 (answer) == 0)
    dou_node_lease_ask (self);
  else
    dou_node_lease_have (self);
}

static void
taken_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouNodeLease) self = user_data;
  g_autoptr (GVariant) answer = dou_node_lease_get_answer (self, result);

  if (answer == NULL)
    return;

  /* Somebody was faster. */
  if (!g_variant_is_of_type (answer, G_VARIANT_TYPE_STRING))
    dou_node_lease_ask (self);
  else
    dou_node_lease_have (self);
}

static void
got_owner_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouNodeLease) self = user_data;
  g_autoptr (GVariant) answer = dou_node_lease_get_answer (self, result);
  const char *const take[] = { "SET", self->key, self->value, "NX", "PX", LIFETIME, NULL };
  const char *const renew[] = { "PEXPIRE", self->key, LIFETIME, NULL };
  const char *owner;

  if (answer == NULL)
    return;

  owner = g_variant_is_of_type (answer, G_VARIANT_TYPE_STRING) ? g_variant_get_string (answer, NULL)
                                                               : NULL;
  if (owner == NULL)
    dou_redis_command_async (self->redis, take, taken_cb, g_object_ref (self));
  else if (strncmp (owner, self->value, NAME_LENGTH) == 0)
    dou_redis_command_async (self->redis, renew, renewed_cb, g_object_ref (self));
  else
    dou_node_lease_yield (self, owner);
}

static void
dou_node_lease_ask (DouNodeLease *self)
{
  const char *const words[] = { "GET", self->key, NULL };

  self->is_asking = TRUE;
  dou_redis_command_async (self->redis, words, got_owner_cb, g_object_ref (self));
}

static gboolean
renewal_cb (gpointer user_data)
{
  DouNodeLease *self = user_data;

  if (!self->is_asking && dou_redis_get_trouble (self->redis) == NULL)
    dou_node_lease_ask (self);
  return G_SOURCE_CONTINUE;
}

static void
changed_cb (DouRedis *redis, gpointer user_data)
{
  DouNodeLease *self = user_data;

  if (dou_redis_get_trouble (redis) != NULL)
    dou_node_lease_go_on (self);
  else if (!self->is_asking)
    dou_node_lease_ask (self);
}

/**
 * dou_node_lease_take_async:
 * @self: a lease that was not taken before
 * @callback: called when the node may start, or not
 * @user_data: for @callback
 *
 * Takes as long as Redis does to answer, or a few seconds if it does not. From then on the number is kept.
 */
void
dou_node_lease_take_async (DouNodeLease *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_NODE_LEASE (self));
  g_return_if_fail (self->renewal_id == 0);

  self->task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->task, dou_node_lease_take_async);
  self->renewal_id = g_timeout_add_seconds (RENEWAL, renewal_cb, self);
  g_signal_connect (self->redis, "changed", G_CALLBACK (changed_cb), self);
}

/**
 * dou_node_lease_take_finish:
 * @self: a lease
 * @result: of dou_node_lease_take_async()
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: %FALSE if another node has the number
 */
gboolean
dou_node_lease_take_finish (DouNodeLease *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_node_lease_take_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dou_node_lease_release:
 * @self: a lease
 *
 * Nothing makes ids here any more: another node may have the number at once, if Redis hears of it.
 */
void
dou_node_lease_release (DouNodeLease *self)
{
  const char *const words[] = { "DEL", self->key, NULL };

  g_return_if_fail (DOU_IS_NODE_LEASE (self));

  g_clear_handle_id (&self->renewal_id, g_source_remove);
  if (self->is_held && dou_redis_get_trouble (self->redis) == NULL)
    dou_redis_command_async (self->redis, words, NULL, NULL);
  self->is_held = FALSE;
}
