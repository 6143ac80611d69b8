/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "common/dou-database-address.h"
#include "common/dou-status.h"

/* Where servers listen that were told nothing else. */
#define POSTGRESQL_PORT 5432
#define MYSQL_PORT 3306

/* Reads are short; two keep a core busy each while a third would wait for a core anyway. */
#define N_READERS 2

/**
 * dou_database_address_new_for_file:
 * @path: an SQLite file, which ends in `.db`
 *
 * Returns: (transfer full): its address
 */
DouDatabaseAddress *
dou_database_address_new_for_file (const char *path)
{
  DouDatabaseAddress *self = g_new0 (DouDatabaseAddress, 1);

  self->engine = g_strdup ("sqlite");
  self->path = g_strdup (path);
  self->n_readers = N_READERS;
  return self;
}

/**
 * dou_database_address_new_in:
 * @directory: where the files of a node are
 * @domain: whose tables
 *
 * Returns: (transfer full): the address of the domain's SQLite file
 */
DouDatabaseAddress *
dou_database_address_new_in (const char *directory, const char *domain)
{
  g_autofree char *name = g_strconcat (domain, ".db", NULL);
  g_autofree char *path = g_build_filename (directory, name, NULL);

  return dou_database_address_new_for_file (path);
}

/**
 * dou_database_address_new_for_server:
 * @engine: `postgresql` or `mysql`
 * @host: see #DouDatabaseAddress
 * @port: its port
 * @name: of the database
 * @user: who logs in
 * @password: (nullable): with what
 *
 * Returns: (transfer full): the address
 */
DouDatabaseAddress *
dou_database_address_new_for_server (const char *engine, const char *host, guint port,
                                     const char *name, const char *user, const char *password)
{
  DouDatabaseAddress *self = g_new0 (DouDatabaseAddress, 1);

  self->engine = g_strdup (engine);
  self->host = g_strdup (host);
  self->port = port;
  self->name = g_strdup (name);
  self->user = g_strdup (user);
  self->password = g_strdup (password);
  self->n_readers = N_READERS;
  return self;
}

/* Returns: (transfer full) (nullable): the password, NULL if there is none or with an error */
static char *
read_password (DouConfig *config, GError **error)
{
  const char *password = dou_config_get_string (config, DOU_CONFIG_DATABASE_PASSWORD);
  const char *path = dou_config_get_string (config, DOU_CONFIG_DATABASE_PASSWORD_FILE);
  g_autofree char *text = NULL;
  g_autoptr (GError) cause = NULL;

  if (*path == '\0')
    return *password != '\0' ? g_strdup (password) : NULL;

  if (*password != '\0')
    {
      g_set_error_literal (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                           _ ("[database] password and password-file are both given"));
      return NULL;
    }
  if (!g_file_get_contents (path, &text, NULL, &cause))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("[database] password-file: %s"),
                   cause->message);
      return NULL;
    }

  return g_strndup (text, strcspn (text, "\r\n"));
}

/**
 * dou_database_address_new_from_config:
 * @config: a configuration, with the state directory that is in use
 * @domain: whose tables
 * @error: return location
 *
 * Returns: (transfer full): where they are, or %NULL with %DOU_STATUS_UNAVAILABLE if there is no
 *   password where the configuration says that there is one, or if it names two
 */
DouDatabaseAddress *
dou_database_address_new_from_config (DouConfig *config, const char *domain, GError **error)
{
  const char *engine = dou_config_get_string (config, DOU_CONFIG_DATABASE_ENGINE);
  guint port = (guint) dou_config_get_int64 (config, DOU_CONFIG_DATABASE_PORT);
  DouDatabaseAddress *self;

  if (g_str_equal (engine, "sqlite"))
    {
      self = dou_database_address_new_in (dou_config_get_string (config, DOU_CONFIG_STATE_DIR),
                                          domain);
    }
  else
    {
      g_autoptr (GError) local_error = NULL;
      g_autofree char *password = read_password (config, &local_error);

      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
      if (port == 0)
        port = g_str_equal (engine, "postgresql") ? POSTGRESQL_PORT : MYSQL_PORT;
      self = dou_database_address_new_for_server (
          engine, dou_config_get_string (config, DOU_CONFIG_DATABASE_HOST), port,
          dou_config_get_string (config, DOU_CONFIG_DATABASE_NAME),
          dou_config_get_string (config, DOU_CONFIG_DATABASE_USER), password);
    }

  self->n_readers = (guint) dou_config_get_int64 (config, DOU_CONFIG_DATABASE_POOL);
  return self;
}

DouDatabaseAddress *
dou_database_address_copy (const DouDatabaseAddress *self)
{
  DouDatabaseAddress *copy = g_memdup2 (self, sizeof *self);

  copy->engine = g_strdup (self->engine);
  copy->path = g_strdup (self->path);
  copy->host = g_strdup (self->host);
  copy->name = g_strdup (self->name);
  copy->user = g_strdup (self->user);
  copy->password = g_strdup (self->password);
  return copy;
}

void
dou_database_address_free (DouDatabaseAddress *self)
{
  g_free (self->engine);
  g_free (self->path);
  g_free (self->host);
  g_free (self->name);
  g_free (self->user);
  g_free (self->password);
  g_free (self);
}

gboolean
dou_database_address_is_file (const DouDatabaseAddress *self)
{
  return self->path != NULL;
}

/**
 * dou_database_address_describe:
 * @self: an address
 *
 * Returns: (transfer full): what to call it in a message, without the password
 */
char *
dou_database_address_describe (const DouDatabaseAddress *self)
{
  if (dou_database_address_is_file (self))
    return g_strdup (self->path);

  return g_strdup_printf ("%s at %s:%u", self->name, self->host, self->port);
}
