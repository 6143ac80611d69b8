/* SPDX-License-Identifier: Apache-2.0 */

/* The configuration: compiled-in defaults, then a key file, then the command line. `doutok serve`
 * merges the three once and writes the result into the runtime directory, where every child process
 * reads it, so that all agree. A value is checked and converted when it is set (dou-config-value.c);
 * getters never fail.
 */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>
#include <gio/gio.h>
#include <glib/gi18n.h>

#include "common/dou-config-value.h"

/* Indexed by DouConfigKey. */
static const DouConfigEntry keys[] = {
  [DOU_CONFIG_LISTEN] = { "server", "listen", TYPE_LIST, "0.0.0.0:8080" },
  [DOU_CONFIG_WORKERS] = { "server", "workers", TYPE_INTEGER, "0", 0, 16 },
  [DOU_CONFIG_PUBLIC_URL] = { "server", "public-url", TYPE_STRING, "" },
  [DOU_CONFIG_TLS_CERTIFICATE] = { "server", "tls-certificate", TYPE_STRING, "" },
  [DOU_CONFIG_TLS_KEY] = { "server", "tls-key", TYPE_STRING, "" },
  [DOU_CONFIG_TRUSTED_PROXIES] = { "server", "trusted-proxies", TYPE_LIST, "" },
  [DOU_CONFIG_CORS_ORIGINS] = { "server", "cors-origins", TYPE_LIST, "" },
  [DOU_CONFIG_STATE_DIR] = { "server", "state-dir", TYPE_STRING, "" },
  [DOU_CONFIG_RUNTIME_DIR] = { "server", "runtime-dir", TYPE_STRING, "" },
  [DOU_CONFIG_TIME_ZONE] = { "server", "time-zone", TYPE_TIME_ZONE, "" },
  [DOU_CONFIG_NODE_ID] = { "node", "id", TYPE_INTEGER, "0", 0, 15 },
  [DOU_CONFIG_DATABASE_ENGINE]
  = { "database", "engine", TYPE_CHOICE, "sqlite", 0, 0, "sqlite|postgresql|mysql" },
  [DOU_CONFIG_DATABASE_HOST] = { "database", "host", TYPE_STRING, "127.0.0.1" },
  [DOU_CONFIG_DATABASE_PORT] = { "database", "port", TYPE_INTEGER, "0", 0, 65535 },
  [DOU_CONFIG_DATABASE_NAME] = { "database", "name", TYPE_STRING, "doutok" },
  [DOU_CONFIG_DATABASE_USER] = { "database", "user", TYPE_STRING, "doutok" },
  [DOU_CONFIG_DATABASE_PASSWORD] = { "database", "password", TYPE_STRING, "" },
  [DOU_CONFIG_DATABASE_PASSWORD_FILE] = { "database", "password-file", TYPE_STRING, "" },
  [DOU_CONFIG_DATABASE_POOL] = { "database", "pool", TYPE_INTEGER, "2", 1, 64 },
  [DOU_CONFIG_REDIS_URL] = { "redis", "url", TYPE_REDIS, "" },
  [DOU_CONFIG_REDIS_SENTINEL] = { "redis", "sentinel", TYPE_SENTINEL, "" },
  [DOU_CONFIG_MEDIA_STORE] = { "media", "store", TYPE_CHOICE, "local", 0, 0, "local|s3" },
  [DOU_CONFIG_S3_ENDPOINT] = { "media", "s3-endpoint", TYPE_STRING, "" },
  [DOU_CONFIG_S3_REGION] = { "media", "s3-region", TYPE_STRING, "us-east-1" },
  [DOU_CONFIG_S3_BUCKET] = { "media", "s3-bucket", TYPE_STRING, "doutok" },
  [DOU_CONFIG_S3_ACCESS_KEY] = { "media", "s3-access-key", TYPE_STRING, "" },
  [DOU_CONFIG_S3_SECRET_KEY] = { "media", "s3-secret-key", TYPE_STRING, "" },
  [DOU_CONFIG_S3_SECRET_KEY_FILE] = { "media", "s3-secret-key-file", TYPE_STRING, "" },
  [DOU_CONFIG_S3_PATH_STYLE] = { "media", "s3-path-style", TYPE_BOOLEAN, "on" },
  [DOU_CONFIG_S3_REDIRECT] = { "media", "s3-redirect", TYPE_CHOICE, "signed", 0, 0, "signed|proxy" },
  [DOU_CONFIG_LOG_LEVEL] = { "log", "level", TYPE_LEVELS, "info" },
  [DOU_CONFIG_LOG_FORMAT] = { "log", "format", TYPE_CHOICE, "auto", 0, 0, "auto|text|json" },
  [DOU_CONFIG_LOG_ACCESS] = { "log", "access", TYPE_BOOLEAN, "off" },
  [DOU_CONFIG_METRICS_ALLOW] = { "metrics", "allow", TYPE_LIST, "127.0.0.0/8;::1" },
  [DOU_CONFIG_TRACE_ENDPOINT] = { "trace", "endpoint", TYPE_URL, "" },
  [DOU_CONFIG_TRACE_SAMPLE] = { "trace", "sample", TYPE_RATIO, "0.1" },
  [DOU_CONFIG_RATE_LIMITS] = { "limits", "rate-limits", TYPE_BOOLEAN, "on" },
  [DOU_CONFIG_RATE_GENERAL] = { "limits", "rate-general", TYPE_RATE, "1000/s burst 5000" },
  [DOU_CONFIG_RATE_LOGIN] = { "limits", "rate-login", TYPE_RATE, "60/min burst 200" },
  [DOU_CONFIG_RATE_FAILED_LOGIN] = { "limits", "rate-failed-login", TYPE_RATE, "10/min burst 20" },
  [DOU_CONFIG_RATE_REGISTER] = { "limits", "rate-register", TYPE_RATE, "60/min burst 200" },
  [DOU_CONFIG_RATE_PUBLISH] = { "limits", "rate-publish", TYPE_RATE, "30/min burst 60" },
  [DOU_CONFIG_RATE_COMMENT] = { "limits", "rate-comment", TYPE_RATE, "60/min burst 120" },
  [DOU_CONFIG_RATE_MESSAGE] = { "limits", "rate-message", TYPE_RATE, "600/min burst 1000" },
  [DOU_CONFIG_RATE_REPORT] = { "limits", "rate-report", TYPE_RATE, "10/min burst 30" },
  [DOU_CONFIG_RATE_EXPORT] = { "limits", "rate-export", TYPE_RATE, "6/h burst 6" },
  [DOU_CONFIG_MAX_CONNECTIONS] = { "limits", "max-connections", TYPE_INTEGER, "4096", 16, 1000000 },
  [DOU_CONFIG_MAX_CONNECTIONS_PER_ADDRESS]
  = { "limits", "max-connections-per-address", TYPE_INTEGER, "1024", 1, 1000000 },
  [DOU_CONFIG_MAX_UPLOAD] = { "limits", "max-upload", TYPE_SIZE, "1GiB", 1, 64 * GIB },
  [DOU_CONFIG_MAX_QUEUE] = { "limits", "max-queue", TYPE_INTEGER, "4096", 1, 1000000 },
  [DOU_CONFIG_IDLE_TIMEOUT] = { "limits", "idle-timeout", TYPE_DURATION, "75s", 1, DAY },
  [DOU_CONFIG_REQUEST_TIMEOUT] = { "limits", "request-timeout", TYPE_DURATION, "15s", 1, DAY },
  [DOU_CONFIG_WORDS_FILE] = { "moderation", "words-file", TYPE_STRING, "" },
  [DOU_CONFIG_WORDS_ACTION]
  = { "moderation", "words-action", TYPE_CHOICE, "refuse", 0, 0, "refuse|mask" },
  [DOU_CONFIG_MAX_PASSWORD] = { "user", "max-password", TYPE_INTEGER, "32", 1, 128 },
  [DOU_CONFIG_TOKEN_LIFETIME] = { "user", "token-lifetime", TYPE_DURATION, "30d", 1, 3650 * DAY },
  [DOU_CONFIG_MESSAGES_FROM]
  = { "chat", "messages-from", TYPE_CHOICE, "anyone", 0, 0, "anyone|friends" },
  [DOU_CONFIG_MAX_DURATION] = { "video", "max-duration", TYPE_DURATION, "15min", 1, DAY },
  [DOU_CONFIG_MEDIA_MEMORY] = { "video", "media-memory", TYPE_SIZE, "1GiB", 256 * MIB, 64 * GIB },
  [DOU_CONFIG_TRANSCODE_LEASE]
  = { "video", "transcode-lease", TYPE_DURATION, "15s", 2, DAY },
  [DOU_CONFIG_CACHE_GATEWAY] = { "cache", "gateway", TYPE_SIZE, "80MiB", 0, 64 * GIB },
  [DOU_CONFIG_CACHE_SERVICE] = { "cache", "service", TYPE_SIZE, "4MiB", 0, GIB },
  [DOU_CONFIG_CACHE_LIFE] = { "cache", "life", TYPE_DURATION, "3s", 1, DAY },
};

G_STATIC_ASSERT (G_N_ELEMENTS (keys) == DOU_N_CONFIG_KEYS);

struct _DouConfig
{
  GObject parent_instance;

  DouConfigValue values[DOU_N_CONFIG_KEYS];
};

G_DEFINE_FINAL_TYPE (DouConfig, dou_config, G_TYPE_OBJECT)
G_DEFINE_QUARK (dou-config-error-quark, dou_config_error)

static void
dou_config_finalize (GObject *object)
{
  DouConfig *self = DOU_CONFIG (object);

  for (gsize i = 0; i < DOU_N_CONFIG_KEYS; i++)
    dou_config_value_clear (&self->values[i]);

  G_OBJECT_CLASS (dou_config_parent_class)->finalize (object);
}

static void
dou_config_class_init (DouConfigClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_config_finalize;
}

static void
dou_config_init (DouConfig *self)
{
  for (gsize i = 0; i < DOU_N_CONFIG_KEYS; i++)
    {
      gboolean valid = dou_config_set (self, i, keys[i].value, NULL);

      g_assert (valid);
    }
}

/**
 * dou_config_new:
 *
 * Returns: (transfer full): a configuration that holds the defaults
 */
DouConfig *
dou_config_new (void)
{
  return g_object_new (DOU_TYPE_CONFIG, NULL);
}

/**
 * dou_config_set:
 * @self: a configuration
 * @key: the setting
 * @value: its text, as in the file
 * @error: return location for %DOU_CONFIG_ERROR_BAD_VALUE, naming group and key
 *
 * Returns: whether @value was good; if not, nothing has changed
 */
gboolean
dou_config_set (DouConfig *self, DouConfigKey key, const char *value, GError **error)
{
  DouConfigValue parsed = { 0 };

  g_return_val_if_fail (DOU_IS_CONFIG (self), FALSE);
  g_return_val_if_fail (key < DOU_N_CONFIG_KEYS, FALSE);

  if (!dou_config_value_parse (&parsed, &keys[key], value))
    {
      g_autofree char *expected = dou_config_value_describe (&keys[key]);
      /* A URL may have a password in it. */
      const char *shown = keys[key].type == TYPE_REDIS ? "…" : value;

      dou_config_value_clear (&parsed);
      g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE,
                   _ ("[%s] %s = %s: expected %s"), keys[key].group, keys[key].name, shown,
                   expected);
      return FALSE;
    }

  parsed.text = g_strdup (value);
  dou_config_value_clear (&self->values[key]);
  self->values[key] = parsed;
  return TRUE;
}

static gboolean
find_key (const char *group, const char *name, DouConfigKey *found)
{
  for (gsize i = 0; i < DOU_N_CONFIG_KEYS; i++)
    if (g_str_equal (keys[i].group, group) && g_str_equal (keys[i].name, name))
      {
        *found = (DouConfigKey) i;
        return TRUE;
      }

  return FALSE;
}

static gboolean
dou_config_load_group (DouConfig *self, GKeyFile *file, const char *group, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (file, group, NULL, NULL);

  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      g_autoptr (GError) local_error = NULL;
      g_autofree char *value = NULL;
      DouConfigKey key;

      if (!find_key (group, *name, &key))
        {
          g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_UNKNOWN_KEY,
                       _ ("[%s] %s: there is no such key"), group, *name);
          return FALSE;
        }

      /* A value with an escape that means nothing comes back beside an error. */
      value = g_key_file_get_string (file, group, *name, &local_error);
      if (local_error != NULL)
        {
          g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE, "[%s] %s: %s", group,
                       *name, local_error->message);
          return FALSE;
        }
      if (!dou_config_set (self, key, g_strchomp (value), error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
group_exists (const char *group)
{
  for (gsize i = 0; i < DOU_N_CONFIG_KEYS; i++)
    if (g_str_equal (keys[i].group, group))
      return TRUE;

  return FALSE;
}

/* (nullable) if it cannot be read, or is not text: names of groups and keys end up in messages. */
static GKeyFile *
read_key_file (const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;

  if (!g_utf8_validate_len (text, length, NULL))
    {
      g_set_error_literal (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_UNREADABLE,
                           _ ("this is not text in UTF-8"));
      return NULL;
    }

  return g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, error)
             ? g_steal_pointer (&file)
             : NULL;
}

/**
 * dou_config_load_file:
 * @self: a configuration
 * @path: a key file
 * @error: return location for a #DouConfigError that names the file, the group and the key
 *
 * Returns: whether every line was understood
 */
gboolean
dou_config_load_file (DouConfig *self, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = NULL;
  g_autoptr (GError) local_error = NULL;
  g_auto (GStrv) groups = NULL;

  g_return_val_if_fail (DOU_IS_CONFIG (self), FALSE);

  file = read_key_file (path, &local_error);
  if (file == NULL)
    {
      g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_UNREADABLE, "%s: %s", path,
                   local_error->message);
      return FALSE;
    }

  groups = g_key_file_get_groups (file, NULL);
  for (char **group = groups; *group != NULL; group++)
    {
      if (!group_exists (*group))
        {
          g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_UNKNOWN_KEY,
                       _ ("%s: [%s]: there is no such group"), path, *group);
          return FALSE;
        }

      if (!dou_config_load_group (self, file, *group, error))
        {
          g_prefix_error (error, "%s: ", path);
          return FALSE;
        }
    }

  return TRUE;
}

/**
 * dou_config_save:
 * @self: a configuration
 * @path: the file to write, readable by its owner alone
 * @error: return location
 *
 * Returns: whether all settings were written, so that dou_config_load_file() gives the same again
 */
gboolean
dou_config_save (DouConfig *self, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *text = NULL;
  gsize length;

  g_return_val_if_fail (DOU_IS_CONFIG (self), FALSE);

  for (gsize i = 0; i < DOU_N_CONFIG_KEYS; i++)
    g_key_file_set_string (file, keys[i].group, keys[i].name, self->values[i].text);

  text = g_key_file_to_data (file, &length, NULL);
  return g_file_set_contents_full (path, text, (gssize) length,
                                   G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

/**
 * dou_config_get_int64:
 * @self: a configuration
 * @key: a number, size (bytes), duration (seconds) or ratio (millionths); of a choice, the position of
 *   what was chosen
 *
 * Returns: the number
 */
gint64
dou_config_get_int64 (DouConfig *self, DouConfigKey key)
{
  g_return_val_if_fail (DOU_IS_CONFIG (self), 0);
  g_return_val_if_fail (keys[key].type != TYPE_STRING && keys[key].type != TYPE_LIST
                            && keys[key].type != TYPE_TIME_ZONE && keys[key].type != TYPE_REDIS
                            && keys[key].type != TYPE_SENTINEL
                            && keys[key].type != TYPE_RATE && keys[key].type != TYPE_URL,
                        0);

  return self->values[key].number;
}

gboolean
dou_config_get_boolean (DouConfig *self, DouConfigKey key)
{
  g_return_val_if_fail (DOU_IS_CONFIG (self), FALSE);
  g_return_val_if_fail (keys[key].type == TYPE_BOOLEAN, FALSE);

  return self->values[key].number != 0;
}

/**
 * dou_config_get_rate:
 * @self: a configuration
 * @key: a rate
 *
 * Returns: how often it may be
 */
DouRate
dou_config_get_rate (DouConfig *self, DouConfigKey key)
{
  const DouRate none = { 0, 0 };

  g_return_val_if_fail (DOU_IS_CONFIG (self), none);
  g_return_val_if_fail (keys[key].type == TYPE_RATE, none);

  return self->values[key].rate;
}

/**
 * dou_config_get_string:
 * @self: a configuration
 * @key: any setting
 *
 * Returns: (transfer none): its text, empty if unset
 */
const char *
dou_config_get_string (DouConfig *self, DouConfigKey key)
{
  g_return_val_if_fail (DOU_IS_CONFIG (self), NULL);

  return self->values[key].text;
}

/**
 * dou_config_get_list:
 * @self: a configuration
 * @key: a list
 *
 * Returns: (transfer none) (array zero-terminated=1): its elements
 */
const char *const *
dou_config_get_list (DouConfig *self, DouConfigKey key)
{
  g_return_val_if_fail (DOU_IS_CONFIG (self), NULL);
  g_return_val_if_fail (keys[key].type == TYPE_LIST, NULL);

  return (const char *const *) self->values[key].list;
}

const char *
dou_config_key_get_group (DouConfigKey key)
{
  return keys[key].group;
}

const char *
dou_config_key_get_name (DouConfigKey key)
{
  return keys[key].name;
}

const char *
dou_config_key_get_default (DouConfigKey key)
{
  return keys[key].value;
}
