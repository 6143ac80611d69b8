/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>
#include <sys/un.h>

#include "common/dou-redis-address.h"

#define DEFAULT_PORT 6379

/* A server may be told to have more databases than its usual 16. */
#define MAX_DATABASE 1023

#define UNIX_PREFIX "unix:"

static DouRedisAddress *
parse_unix (const char *path)
{
  struct sockaddr_un address;
  DouRedisAddress *self;

  if (*path != '/' || strlen (path) >= sizeof address.sun_path)
    return NULL;

  self = g_new0 (DouRedisAddress, 1);
  self->path = g_strdup (path);
  return self;
}

/* “”, “/” or “/NUMBER” */
static gboolean
parse_database (const char *path, guint *database)
{
  guint64 number = 0;

  if (*path == '/')
    path++;
  if (*path != '\0' && !g_ascii_string_to_unsigned (path, 10, 0, MAX_DATABASE, &number, NULL))
    return FALSE;

  *database = (guint) number;
  return TRUE;
}

static char *
steal_unless_empty (char **text)
{
  return *text != NULL && **text != '\0' ? g_steal_pointer (text) : NULL;
}

/**
 * dou_redis_address_parse:
 * @url: `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, in which bytes of name and password may be
 *   written as %XX, or `unix:PATH`
 *
 * Returns: (transfer full) (nullable): what it says, or %NULL if it is neither
 */
DouRedisAddress *
dou_redis_address_parse (const char *url)
{
  g_autoptr (DouRedisAddress) self = NULL;
  g_autofree char *scheme = NULL;
  g_autofree char *user = NULL;
  g_autofree char *password = NULL;
  g_autofree char *host = NULL;
  g_autofree char *path = NULL;
  g_autofree char *query = NULL;
  g_autofree char *fragment = NULL;
  int port;

  g_return_val_if_fail (url != NULL, NULL);

  if (g_str_has_prefix (url, UNIX_PREFIX))
    return parse_unix (url + strlen (UNIX_PREFIX));
  if (!g_uri_split_with_user (url, G_URI_FLAGS_HAS_PASSWORD, &scheme, &user, &password, NULL, &host,
                              &port, &path, &query, &fragment, NULL))
    return NULL;
  if (g_strcmp0 (scheme, "redis") != 0 || host == NULL || *host == '\0' || port == 0 || query != NULL
      || fragment != NULL)
    return NULL;

  self = g_new0 (DouRedisAddress, 1);
  self->host = g_steal_pointer (&host);
  self->port = port > 0 ? (guint) port : DEFAULT_PORT;
  self->user = steal_unless_empty (&user);
  self->password = steal_unless_empty (&password);
  /* A name alone proves nothing. */
  if (!parse_database (path, &self->database) || (self->user != NULL && self->password == NULL))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * dou_redis_address_copy:
 * @self: an address
 *
 * Returns: (transfer full): the same
 */
DouRedisAddress *
dou_redis_address_copy (const DouRedisAddress *self)
{
  DouRedisAddress *copy = g_memdup2 (self, sizeof *self);

  copy->host = g_strdup (self->host);
  copy->path = g_strdup (self->path);
  copy->user = g_strdup (self->user);
  copy->password = g_strdup (self->password);
  return copy;
}

void
dou_redis_address_free (DouRedisAddress *self)
{
  g_free (self->host);
  g_free (self->path);
  g_free (self->user);
  if (self->password != NULL)
    explicit_bzero (self->password, strlen (self->password));
  g_free (self->password);
  g_free (self);
}

/**
 * dou_redis_address_describe:
 * @self: an address
 *
 * Returns: (transfer full): where it leads, for people; without name and password
 */
char *
dou_redis_address_describe (const DouRedisAddress *self)
{
  if (self->path != NULL)
    return g_strdup (self->path);

  return strchr (self->host, ':') != NULL ? g_strdup_printf ("[%s]:%u", self->host, self->port)
                                          : g_strdup_printf ("%s:%u", self->host, self->port);
}
