/* SPDX-License-Identifier: Apache-2.0 */

/* Links in answers must work where the client is, so they are made from the address under which it
 * reached this server: the configured one, or what the request says. What a request says ends up in
 * pages and players, so it may consist of nothing but a host and a port; and only a proxy that is
 * trusted may speak for somebody else. */

#include "config.h"

#include <glib/gi18n.h>

#include <string.h>

#include "gateway/dou-origin.h"

/* Of a host name, RFC 1035, and a port. */
#define MAX_HOST 255
#define MAX_PORT_DIGITS 5

#define NAME_CHARACTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS ".-_"
#define ADDRESS_CHARACTERS G_CSET_DIGITS "abcdefABCDEF:."

struct _DouOrigin
{
  GObject parent_instance;

  char *public_url;   /* (owned) (nullable) without a slash at its end */
  GPtrArray *proxies; /* (owned) (element-type GInetAddressMask) */
};

G_DEFINE_FINAL_TYPE (DouOrigin, dou_origin, G_TYPE_OBJECT)

static void
dou_origin_finalize (GObject *object)
{
  DouOrigin *self = DOU_ORIGIN (object);

  g_free (self->public_url);
  g_ptr_array_unref (self->proxies);

  G_OBJECT_CLASS (dou_origin_parent_class)->finalize (object);
}

static void
dou_origin_class_init (DouOriginClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_origin_finalize;
}

static void
dou_origin_init (DouOrigin *self)
{
  self->proxies = g_ptr_array_new_with_free_func (g_object_unref);
}

static void
set_bad_value (GError **error, DouConfigKey key, const char *value, const char *expected)
{
  g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE, _ ("[%s] %s = %s: expected %s"),
               dou_config_key_get_group (key), dou_config_key_get_name (key), value, _ (expected));
}

static gboolean
dou_origin_set_public_url (DouOrigin *self, const char *url, GError **error)
{
  g_autoptr (GUri) uri = NULL;

  if (*url == '\0')
    return TRUE;

  uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);
  if (uri == NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0'
      || g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL
      || (!g_str_equal (g_uri_get_scheme (uri), "http")
          && !g_str_equal (g_uri_get_scheme (uri), "https")))
    {
      set_bad_value (error, DOU_CONFIG_PUBLIC_URL, url, N_ ("an address such as https://example.org"));
      return FALSE;
    }

  self->public_url = g_strdup (url);
  for (gsize n = strlen (url); n > 0 && self->public_url[n - 1] == '/'; n--)
    self->public_url[n - 1] = '\0';
  return TRUE;
}

/**
 * dou_origin_new:
 * @config: says the public address and the trusted proxies
 * @error: return location for %DOU_CONFIG_ERROR_BAD_VALUE
 *
 * Returns: (transfer full): an origin, or %NULL
 */
DouOrigin *
dou_origin_new (DouConfig *config, GError **error)
{
  g_autoptr (DouOrigin) self = g_object_new (DOU_TYPE_ORIGIN, NULL);
  const char *const *proxies = dou_config_get_list (config, DOU_CONFIG_TRUSTED_PROXIES);

  for (; *proxies != NULL; proxies++)
    {
      GInetAddressMask *mask = g_inet_address_mask_new_from_string (*proxies, NULL);

      if (mask == NULL)
        {
          set_bad_value (error, DOU_CONFIG_TRUSTED_PROXIES, *proxies,
                         N_ ("an address or a block such as 10.0.0.0/8"));
          return NULL;
        }
      g_ptr_array_add (self->proxies, mask);
    }

  if (!dou_origin_set_public_url (self, dou_config_get_string (config, DOU_CONFIG_PUBLIC_URL),
                                  error))
    return NULL;

  return g_steal_pointer (&self);
}

/* A socket that listens on IPv6 sees clients of IPv4 as ::ffff:192.0.2.1. */
static GInetAddress *
unmap (GInetAddress *address)
{
  static const guint8 prefix[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
  const guint8 *bytes = g_inet_address_to_bytes (address);

  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6
      && memcmp (bytes, prefix, sizeof prefix) == 0)
    return g_inet_address_new_from_bytes (bytes + sizeof prefix, G_SOCKET_FAMILY_IPV4);

  return g_object_ref (address);
}

static GInetAddress *
get_peer (GSocketAddress *peer)
{
  if (!G_IS_INET_SOCKET_ADDRESS (peer))
    return NULL;

  return unmap (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (peer)));
}

static gboolean
dou_origin_trusts (DouOrigin *self, GInetAddress *address)
{
  for (guint i = 0; i < self->proxies->len; i++)
    if (g_inet_address_mask_matches (g_ptr_array_index (self->proxies, i), address))
      return TRUE;

  return FALSE;
}

static gboolean
is_host (const char *text)
{
  gsize length = strlen (text);
  gsize n_host;
  const char *port;

  if (length > MAX_HOST)
    return FALSE;

  if (*text == '[')
    {
      n_host = 1 + strspn (text + 1, ADDRESS_CHARACTERS);
      if (n_host == 1 || text[n_host] != ']')
        return FALSE;
      n_host++;
    }
  else
    n_host = strspn (text, NAME_CHARACTERS);

  if (n_host == 0 || n_host == length)
    return n_host > 0;

  port = text + n_host + 1;
  return text[n_host] == ':' && strlen (port) >= 1 && strlen (port) <= MAX_PORT_DIGITS
         && strspn (port, G_CSET_DIGITS) == strlen (port);
}

/* The first element is what the proxy next to the client saw. */
static char *
get_first (SoupMessageHeaders *headers, const char *name)
{
  const char *list = soup_message_headers_get_list (headers, name);

  return list != NULL ? g_strstrip (g_strndup (list, strcspn (list, ","))) : NULL;
}

/**
 * dou_origin_get_url:
 * @self: an origin
 * @headers: of a request
 * @peer: where it came from
 * @is_secure: it came by TLS
 *
 * Returns: (transfer full) (nullable): scheme, host and port for links, without a slash at the end;
 *   %NULL if the request does not say which host it was sent to
 */
char *
dou_origin_get_url (DouOrigin *self,
                    SoupMessageHeaders *headers,
                    GSocketAddress *peer,
                    gboolean is_secure)
{
  g_autofree char *forwarded_host = NULL;
  g_autofree char *forwarded_scheme = NULL;
  const char *host = soup_message_headers_get_one (headers, "Host");
  const char *scheme = is_secure ? "https" : "http";

  g_return_val_if_fail (DOU_IS_ORIGIN (self), NULL);

  if (self->public_url != NULL)
    return g_strdup (self->public_url);

  if (self->proxies->len > 0)
    {
      g_autoptr (GInetAddress) address = get_peer (peer);

      if (address != NULL && dou_origin_trusts (self, address))
        {
          forwarded_host = get_first (headers, "X-Forwarded-Host");
          forwarded_scheme = get_first (headers, "X-Forwarded-Proto");
        }
    }

  if (forwarded_host != NULL && is_host (forwarded_host))
    host = forwarded_host;
  if (forwarded_scheme != NULL && g_ascii_strcasecmp (forwarded_scheme, "https") == 0)
    scheme = "https";

  if (host == NULL || !is_host (host))
    return NULL;

  return g_strconcat (scheme, "://", host, NULL);
}

/* An element of X-Forwarded-For: an address, possibly with a port. */
static GInetAddress *
parse_address (const char *text)
{
  g_autofree char *copy = g_strstrip (g_strdup (text));
  g_autoptr (GInetAddress) address = NULL;
  char *start = copy;

  if (*copy == '[')
    {
      start = copy + 1;
      start[strcspn (start, "]")] = '\0';
    }
  else if (strchr (copy, ':') == strrchr (copy, ':'))
    copy[strcspn (copy, ":")] = '\0';

  address = g_inet_address_new_from_string (start);
  return address != NULL ? unmap (address) : NULL;
}

/**
 * dou_origin_get_counted_peer:
 * @self: an origin
 * @peer: the other end of a connection
 *
 * Returns: (transfer full) (nullable): its address, if what comes from there is one client's; %NULL
 *   for a trusted proxy, and if @peer has none
 */
GInetAddress *
dou_origin_get_counted_peer (DouOrigin *self, GSocketAddress *peer)
{
  g_autoptr (GInetAddress) address = get_peer (peer);

  g_return_val_if_fail (DOU_IS_ORIGIN (self), NULL);

  return address != NULL && !dou_origin_trusts (self, address) ? g_steal_pointer (&address) : NULL;
}

/**
 * dou_origin_get_client:
 * @self: an origin
 * @headers: of a request
 * @peer: where it came from
 *
 * Goes back through X-Forwarded-For as long as those who wrote it are trusted.
 *
 * Returns: (transfer full) (nullable): the client's address; %NULL if @peer has none
 */
GInetAddress *
dou_origin_get_client (DouOrigin *self, SoupMessageHeaders *headers, GSocketAddress *peer)
{
  g_autoptr (GInetAddress) client = get_peer (peer);
  g_auto (GStrv) forwarded = NULL;
  const char *list;

  g_return_val_if_fail (DOU_IS_ORIGIN (self), NULL);

  list = soup_message_headers_get_list (headers, "X-Forwarded-For");
  if (client == NULL || list == NULL || self->proxies->len == 0)
    return g_steal_pointer (&client);

  forwarded = g_strsplit (list, ",", -1);
  for (guint n = g_strv_length (forwarded); n > 0 && dou_origin_trusts (self, client); n--)
    {
      GInetAddress *before = parse_address (forwarded[n - 1]);

      if (before == NULL)
        break;
      g_object_unref (client);
      client = before;
    }

  return g_steal_pointer (&client);
}
