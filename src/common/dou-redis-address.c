/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>
#include <sys/un.h>

#include <glib/gi18n.h>

#include "common/dou-redis-address.h"

#define DEFAULT_PORT 6379
#define SENTINEL_PORT 26379

/* More than anybody has: an odd few do. */
#define MAX_SENTINELS 16

/* What Sentinel takes for the name of a master. */
#define NAME_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-_"

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

/* HOST or HOST:PORT, an address of IPv6 in brackets. Returns: (transfer full) (nullable) */
static GSocketConnectable *
parse_sentinel (const char *text)
{
  g_autoptr (GSocketConnectable) place = NULL;
  const char *host;

  if (*text == '\0' || strpbrk (text, " \t/@?#") != NULL)
    return NULL;

  place = g_network_address_parse (text, SENTINEL_PORT, NULL);
  if (place == NULL)
    return NULL;

  host = g_network_address_get_hostname (G_NETWORK_ADDRESS (place));
  /* Colons are those of an address; a name with some was meant to have only one. */
  if (strchr (host, ':') != NULL && !g_hostname_is_ip_address (host))
    return NULL;

  return *host != '\0' && g_network_address_get_port (G_NETWORK_ADDRESS (place)) != 0
             ? g_steal_pointer (&place)
             : NULL;
}

/**
 * dou_redis_address_parse_sentinels:
 * @self: an address without sentinels
 * @text: `HOST[:PORT],HOST[:PORT],…;MASTER`
 *
 * From now on it is where they say; its host counts no more.
 *
 * Returns: whether @text is that; if not, @self has not changed
 */
gboolean
dou_redis_address_parse_sentinels (DouRedisAddress *self, const char *text)
{
  g_autoptr (GPtrArray) sentinels = g_ptr_array_new_with_free_func (g_object_unref);
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  g_auto (GStrv) places = NULL;

  if (g_strv_length (parts) != 2)
    return FALSE;

  g_strstrip (parts[1]);
  if (*parts[1] == '\0' || parts[1][strspn (parts[1], NAME_CHARACTERS)] != '\0')
    return FALSE;

  places = g_strsplit (parts[0], ",", -1);
  if (*places == NULL || g_strv_length (places) > MAX_SENTINELS)
    return FALSE;
  for (char **place = places; *place != NULL; place++)
    {
      GSocketConnectable *sentinel = parse_sentinel (g_strstrip (*place));

      if (sentinel == NULL)
        return FALSE;
      g_ptr_array_add (sentinels, sentinel);
    }

  self->sentinels = g_steal_pointer (&sentinels);
  self->master = g_strdup (parts[1]);
  g_clear_pointer (&self->host, g_free);
  return TRUE;
}

/**
 * dou_redis_address_load:
 * @config: a configuration
 * @address: (out) (nullable) (transfer full): where Redis is; %NULL if there is none
 * @error: return location for %DOU_CONFIG_ERROR_BAD_VALUE
 *
 * Returns: whether what the configuration says of it fits together
 */
gboolean
dou_redis_address_load (DouConfig *config, DouRedisAddress **address, GError **error)
{
  const char *url = dou_config_get_string (config, DOU_CONFIG_REDIS_URL);
  const char *sentinels = dou_config_get_string (config, DOU_CONFIG_REDIS_SENTINEL);
  g_autoptr (DouRedisAddress) self = NULL;

  *address = NULL;
  if (*url == '\0' && *sentinels == '\0')
    return TRUE;

  self = *url != '\0' ? dou_redis_address_parse (url) : g_new0 (DouRedisAddress, 1);
  /* Each of the two is good, or it would not be in the configuration. */
  if (*sentinels != '\0' && self->path != NULL)
    {
      g_set_error_literal (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE,
                           _ ("[redis] url = unix:…: with sentinel= it is redis://…"));
      return FALSE;
    }
  if (*sentinels != '\0')
    dou_redis_address_parse_sentinels (self, sentinels);

  *address = g_steal_pointer (&self);
  return TRUE;
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
  copy->sentinels = self->sentinels != NULL ? g_ptr_array_ref (self->sentinels) : NULL;
  copy->master = g_strdup (self->master);
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
  g_clear_pointer (&self->sentinels, g_ptr_array_unref);
  g_free (self->master);
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
  g_autofree char *port = NULL;

  if (self->path != NULL)
    return g_strdup (self->path);
  if (self->sentinels != NULL)
    return g_strdup (self->master != NULL ? self->master : "Sentinel");

  port = g_strdup_printf ("%u", self->port);
  return dou_redis_address_make_place (self->host, port);
}

/**
 * dou_redis_address_make_place:
 * @host: a name or address
 * @port: on it
 *
 * Returns: (transfer full): both, as people write them
 */
char *
dou_redis_address_make_place (const char *host, const char *port)
{
  return g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}
