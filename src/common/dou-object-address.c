/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "common/dou-object-address.h"

/* What a bucket may be called, so that nothing in it has a meaning in an address. */
#define MIN_BUCKET 3
#define MAX_BUCKET 63
#define BUCKET_CHARACTERS G_CSET_a_2_z G_CSET_DIGITS "-."

static gboolean
refuse (DouConfigKey key, const char *value, const char *expected, GError **error)
{
  g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE, _ ("[%s] %s = %s: expected %s"),
               dou_config_key_get_group (key), dou_config_key_get_name (key), value, expected);
  return FALSE;
}

/* Returns: (transfer full) (nullable): the secret key */
static char *
read_secret (DouConfig *config, GError **error)
{
  const char *secret = dou_config_get_string (config, DOU_CONFIG_S3_SECRET_KEY);
  const char *path = dou_config_get_string (config, DOU_CONFIG_S3_SECRET_KEY_FILE);
  g_autofree char *text = NULL;
  g_autoptr (GError) cause = NULL;

  if ((*secret == '\0') == (*path == '\0'))
    {
      g_set_error_literal (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE,
                           _ ("[media] s3-secret-key or s3-secret-key-file: one of them is needed"));
      return NULL;
    }
  if (*path == '\0')
    return g_strdup (secret);

  if (!g_file_get_contents (path, &text, NULL, &cause))
    {
      g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE,
                   _ ("[media] s3-secret-key-file: %s"), cause->message);
      return NULL;
    }

  text[strcspn (text, "\r\n")] = '\0';
  if (*text == '\0')
    {
      g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE,
                   _ ("[media] s3-secret-key-file: %s"), _ ("its first line is empty"));
      return NULL;
    }

  return g_steal_pointer (&text);
}

/* Returns: (transfer full) (nullable): the host of @uri as it stands in a request */
static char *
make_host (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);
  const char *host = g_uri_get_host (uri);
  const char *path = g_uri_get_path (uri);
  gint port = g_uri_get_port (uri);
  gboolean has_brackets;

  if ((!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https")) || host == NULL
      || *host == '\0' || (*path != '\0' && !g_str_equal (path, "/")) || g_uri_get_query (uri) != NULL
      || g_uri_get_fragment (uri) != NULL || g_uri_get_userinfo (uri) != NULL)
    return NULL;

  has_brackets = strchr (host, ':') != NULL;
  if (port < 0 || port == (g_str_equal (scheme, "https") ? 443 : 80))
    return has_brackets ? g_strdup_printf ("[%s]", host) : g_strdup (host);

  return g_strdup_printf (has_brackets ? "[%s]:%d" : "%s:%d", host, port);
}

static gboolean
dou_object_address_read_endpoint (DouObjectAddress *self, DouConfig *config, GError **error)
{
  const char *endpoint = dou_config_get_string (config, DOU_CONFIG_S3_ENDPOINT);
  const char *bucket = dou_config_get_string (config, DOU_CONFIG_S3_BUCKET);
  gsize length = strlen (bucket);
  g_autoptr (GUri) uri = g_uri_parse (endpoint, G_URI_FLAGS_NONE, NULL);
  g_autofree char *host = uri != NULL ? make_host (uri) : NULL;

  if (host == NULL)
    return refuse (DOU_CONFIG_S3_ENDPOINT, endpoint,
                   _ ("an address such as https://s3.example.org"), error);
  if (length < MIN_BUCKET || length > MAX_BUCKET || strspn (bucket, BUCKET_CHARACTERS) != length
      || *bucket == '.' || *bucket == '-' || strstr (bucket, "..") != NULL)
    return refuse (DOU_CONFIG_S3_BUCKET, bucket, _ ("the name of a bucket"), error);

  self->scheme = g_strdup (g_uri_get_scheme (uri));
  if (dou_config_get_boolean (config, DOU_CONFIG_S3_PATH_STYLE))
    {
      self->host = g_steal_pointer (&host);
      self->path = g_strdup_printf ("/%s/", bucket);
    }
  else
    {
      self->host = g_strdup_printf ("%s.%s", bucket, host);
      self->path = g_strdup ("/");
    }

  return TRUE;
}

/**
 * dou_object_address_load:
 * @config: a configuration
 * @address: (out) (nullable) (transfer full): where the store is; %NULL if files are kept locally
 * @error: return location for %DOU_CONFIG_ERROR_BAD_VALUE, which does not hold the secret
 *
 * Returns: whether it is known where files are kept
 */
gboolean
dou_object_address_load (DouConfig *config, DouObjectAddress **address, GError **error)
{
  const char *region = dou_config_get_string (config, DOU_CONFIG_S3_REGION);
  const char *access_key = dou_config_get_string (config, DOU_CONFIG_S3_ACCESS_KEY);
  g_autoptr (DouObjectAddress) self = NULL;

  *address = NULL;
  if (g_str_equal (dou_config_get_string (config, DOU_CONFIG_MEDIA_STORE), "local"))
    return TRUE;

  self = g_new0 (DouObjectAddress, 1);
  if (!dou_object_address_read_endpoint (self, config, error))
    return FALSE;
  if (*region == '\0')
    return refuse (DOU_CONFIG_S3_REGION, region, _ ("the name of a region"), error);
  if (*access_key == '\0')
    return refuse (DOU_CONFIG_S3_ACCESS_KEY, access_key, _ ("a key"), error);

  self->secret_key = read_secret (config, error);
  if (self->secret_key == NULL)
    return FALSE;

  self->region = g_strdup (region);
  self->access_key = g_strdup (access_key);
  self->redirects
    = g_str_equal (dou_config_get_string (config, DOU_CONFIG_S3_REDIRECT), "signed");
  *address = g_steal_pointer (&self);
  return TRUE;
}

void
dou_object_address_free (DouObjectAddress *self)
{
  g_free (self->scheme);
  g_free (self->host);
  g_free (self->path);
  g_free (self->region);
  g_free (self->access_key);
  g_free (self->secret_key);
  g_free (self);
}

/**
 * dou_object_address_get_origin:
 * @self: an address
 *
 * Returns: (transfer full): scheme, host and port, without a slash at the end
 */
char *
dou_object_address_get_origin (const DouObjectAddress *self)
{
  return g_strconcat (self->scheme, "://", self->host, NULL);
}
