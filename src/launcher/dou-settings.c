/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-redis-address.h"
#include "common/dou-status.h"
#include "launcher/dou-settings.h"

void
dou_settings_clear (DouSettings *self)
{
  g_clear_pointer (&self->config, g_free);
  g_clear_pointer (&self->state_dir, g_free);
  g_clear_pointer (&self->runtime_dir, g_free);
  g_clear_pointer (&self->listen, g_strfreev);
  g_clear_pointer (&self->workers, g_free);
  g_clear_pointer (&self->public_url, g_free);
}

/**
 * dou_settings_get_config_path:
 * @self: the settings
 *
 * Returns: (transfer full) (nullable): the file that --config names, else the installed one if there is
 *   one
 */
char *
dou_settings_get_config_path (DouSettings *self)
{
  g_autofree char *installed = g_build_filename (DOU_SYSCONFDIR, "doutok.conf", NULL);

  if (self->config != NULL)
    return g_strdup (self->config);

  return g_file_test (installed, G_FILE_TEST_EXISTS) ? g_steal_pointer (&installed) : NULL;
}

static gboolean
set_option (DouConfig *config, DouConfigKey key, const char *option, const char *value,
            GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (value == NULL || dou_config_set (config, key, value, &local_error))
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, "%s: %s", option, local_error->message);
  return FALSE;
}

/* What systemd passes may be several directories; ours is the first. */
static char *
get_from_systemd (const char *variable)
{
  const char *value = g_getenv (variable);
  g_auto (GStrv) parts = g_strsplit (value != NULL ? value : "", ":", 2);

  return parts[0] != NULL && *parts[0] != '\0' ? g_strdup (parts[0]) : NULL;
}

static gboolean
resolve_state_dir (DouConfig *config, GError **error)
{
  const char *given = dou_config_get_string (config, DOU_CONFIG_STATE_DIR);
  g_autofree char *path = *given != '\0' ? g_strdup (given) : get_from_systemd ("STATE_DIRECTORY");
  g_autofree char *absolute = NULL;

  if (path == NULL)
    path = g_build_filename (g_get_user_data_dir (), "doutok", NULL);

  absolute = g_canonicalize_filename (path, NULL);
  return dou_config_set (config, DOU_CONFIG_STATE_DIR, absolute, error);
}

static gboolean
resolve_runtime_dir (DouConfig *config, GError **error)
{
  const char *given = dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR);
  g_autofree char *path
      = *given != '\0' ? g_strdup (given) : get_from_systemd ("RUNTIME_DIRECTORY");
  g_autofree char *absolute = NULL;

  /* Not g_get_user_runtime_dir(): that falls back to the cache directory. */
  if (path == NULL && g_getenv ("XDG_RUNTIME_DIR") != NULL && *g_getenv ("XDG_RUNTIME_DIR") != '\0')
    path = g_build_filename (g_getenv ("XDG_RUNTIME_DIR"), "doutok", NULL);
  if (path == NULL)
    return TRUE;

  absolute = g_canonicalize_filename (path, NULL);
  return dou_config_set (config, DOU_CONFIG_RUNTIME_DIR, absolute, error);
}

/* “doutok reload” may be run elsewhere. */
static gboolean
resolve_words_file (DouConfig *config, GError **error)
{
  const char *given = dou_config_get_string (config, DOU_CONFIG_WORDS_FILE);
  g_autofree char *absolute = *given != '\0' ? g_canonicalize_filename (given, NULL) : g_strdup ("");

  return dou_config_set (config, DOU_CONFIG_WORDS_FILE, absolute, error);
}

/**
 * dou_settings_merge:
 * @self: the settings
 * @error: return location for a #DouConfigError or %DOU_STATUS_BAD_PARAMETER
 *
 * Defaults, then the configuration file, then the command line; then the default directories, which
 * depend on the environment.
 *
 * Returns: (transfer full): the configuration, in which the state directory is absolute, the words-file
 *   absolute or empty, and the runtime directory absolute or empty (a temporary one is wanted); or %NULL
 */
DouConfig *
dou_settings_merge (DouSettings *self, GError **error)
{
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autofree char *path = dou_settings_get_config_path (self);
  g_autofree char *listen = self->listen != NULL ? g_strjoinv (";", self->listen) : NULL;
  g_autoptr (DouRedisAddress) redis = NULL;

  if (path != NULL && !dou_config_load_file (config, path, error))
    return NULL;

  if (!set_option (config, DOU_CONFIG_LISTEN, "--listen", listen, error)
      || !set_option (config, DOU_CONFIG_STATE_DIR, "--state-dir", self->state_dir, error)
      || !set_option (config, DOU_CONFIG_RUNTIME_DIR, "--runtime-dir", self->runtime_dir, error)
      || !set_option (config, DOU_CONFIG_WORKERS, "--workers", self->workers, error)
      || !set_option (config, DOU_CONFIG_PUBLIC_URL, "--public-url", self->public_url, error))
    return NULL;

  if (!resolve_state_dir (config, error) || !resolve_runtime_dir (config, error)
      || !resolve_words_file (config, error) || !dou_redis_address_load (config, &redis, error))
    return NULL;

  return g_steal_pointer (&config);
}
