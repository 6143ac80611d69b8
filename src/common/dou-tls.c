/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "common/dou-tls.h"

/**
 * dou_tls_load:
 * @config: says where certificate and key are
 * @certificate: (out) (nullable) (transfer full): the certificate with the rest of its chain and
 *   its key; %NULL if TLS is not wanted
 * @error: return location for %DOU_CONFIG_ERROR_BAD_VALUE, naming the files but nothing in them
 *
 * Returns: whether it is known what to do
 */
gboolean
dou_tls_load (DouConfig *config, GTlsCertificate **certificate, GError **error)
{
  const char *certificate_path = dou_config_get_string (config, DOU_CONFIG_TLS_CERTIFICATE);
  const char *key_path = dou_config_get_string (config, DOU_CONFIG_TLS_KEY);
  g_autoptr (GError) local_error = NULL;

  *certificate = NULL;
  if (*certificate_path == '\0' && *key_path == '\0')
    return TRUE;

  if (*certificate_path == '\0' || *key_path == '\0')
    {
      g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE,
                   _ ("[server] tls-certificate and tls-key: one without the other"));
      return FALSE;
    }

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                   _ ("[server] tls-certificate: GIO has no TLS; the package glib-networking is "
                      "missing"));
      return FALSE;
    }

  *certificate = g_tls_certificate_new_from_files (certificate_path, key_path, &local_error);
  if (*certificate == NULL)
    g_set_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE,
                 _ ("[server] tls-certificate = %s, tls-key = %s: %s"), certificate_path, key_path,
                 local_error->message);

  return *certificate != NULL;
}
