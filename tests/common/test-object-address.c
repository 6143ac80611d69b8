/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "common/dou-object-address.h"
#include "lib/dou-test-dir.h"

typedef struct
{
  DouConfigKey key;
  const char *value;
} Setting;

/* What a store needs at least. */
static DouConfig *
new_config (void)
{
  static const Setting settings[] = {
    { DOU_CONFIG_MEDIA_STORE, "s3" },
    { DOU_CONFIG_S3_ENDPOINT, "https://s3.example.org" },
    { DOU_CONFIG_S3_ACCESS_KEY, "key" },
    { DOU_CONFIG_S3_SECRET_KEY, "secret" },
  };
  DouConfig *config = dou_config_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    g_assert_true (dou_config_set (config, settings[i].key, settings[i].value, NULL));
  return config;
}

/* Test that what makes no sense is refused, naming the key and not the secret. */
static void
test_refused (void)
{
  static const Setting settings[] = {
    { DOU_CONFIG_S3_ENDPOINT, "" },
    { DOU_CONFIG_S3_ENDPOINT, "s3.example.org" },
    { DOU_CONFIG_S3_ENDPOINT, "ftp://s3.example.org" },
    { DOU_CONFIG_S3_ENDPOINT, "https://" },
    { DOU_CONFIG_S3_ENDPOINT, "https://s3.example.org/below" },
    { DOU_CONFIG_S3_ENDPOINT, "https://s3.example.org?a=b" },
    { DOU_CONFIG_S3_ENDPOINT, "https://me:secret@s3.example.org" },
    { DOU_CONFIG_S3_ENDPOINT, "https://s3.example.org:99999" },
    { DOU_CONFIG_S3_BUCKET, "" },
    { DOU_CONFIG_S3_BUCKET, "ab" },
    { DOU_CONFIG_S3_BUCKET, "../other" },
    { DOU_CONFIG_S3_BUCKET, "Films" },
    { DOU_CONFIG_S3_BUCKET, "a..b" },
    { DOU_CONFIG_S3_REGION, "" },
    { DOU_CONFIG_S3_ACCESS_KEY, "" },
    { DOU_CONFIG_S3_SECRET_KEY, "" },
    { DOU_CONFIG_S3_SECRET_KEY_FILE, "/nonexistent" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      g_autoptr (DouConfig) config = new_config ();
      g_autoptr (DouObjectAddress) address = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_true (dou_config_set (config, settings[i].key, settings[i].value, NULL));
      g_assert_false (dou_object_address_load (config, &address, &error));
      g_assert_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE);
      g_assert_nonnull (strstr (error->message, "[media]"));
      g_assert_nonnull (strstr (error->message, dou_config_key_get_name (settings[i].key)));
      g_assert_null (address);
    }
}

/* Test that there is no store unless one is wanted, whatever else is set. */
static void
test_local (void)
{
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autoptr (DouObjectAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (dou_config_set (config, DOU_CONFIG_S3_ENDPOINT, "nonsense", NULL));
  g_assert_true (dou_object_address_load (config, &address, &error));
  g_assert_no_error (error);
  g_assert_null (address);
}

/* Test where the bucket stands, and which ports are said. */
static void
test_hosts (void)
{
  static const struct
  {
    const char *endpoint;
    const char *path_style;
    const char *origin;
    const char *path;
  } cases[] = {
    { "https://s3.example.org", "on", "https://s3.example.org", "/doutok/" },
    { "https://s3.example.org/", "off", "https://doutok.s3.example.org", "/" },
    { "https://s3.example.org:443", "on", "https://s3.example.org", "/doutok/" },
    { "http://s3.example.org:443", "off", "http://doutok.s3.example.org:443", "/" },
    { "http://127.0.0.1:80", "on", "http://127.0.0.1", "/doutok/" },
    { "http://[::1]:9000", "on", "http://[::1]:9000", "/doutok/" },
    { "http://[::1]", "on", "http://[::1]", "/doutok/" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DouConfig) config = new_config ();
      g_autoptr (DouObjectAddress) address = NULL;
      g_autofree char *origin = NULL;
      g_autoptr (GError) error = NULL;

      dou_config_set (config, DOU_CONFIG_S3_ENDPOINT, cases[i].endpoint, NULL);
      dou_config_set (config, DOU_CONFIG_S3_PATH_STYLE, cases[i].path_style, NULL);
      g_assert_true (dou_object_address_load (config, &address, &error));
      g_assert_no_error (error);
      origin = dou_object_address_get_origin (address);
      g_assert_cmpstr (origin, ==, cases[i].origin);
      g_assert_cmpstr (address->path, ==, cases[i].path);
      g_assert_cmpstr (address->secret_key, ==, "secret");
      g_assert_true (address->redirects);
    }
}

/* Test that the secret is the first line of a file, that an empty one is none, and that there are not
 * two. */
static void
test_secret_file (void)
{
  g_autoptr (DouConfig) config = new_config ();
  char *dir = dou_test_dir_new ();
  g_autofree char *path = g_build_filename (dir, "secret", NULL);
  g_autoptr (DouObjectAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "from a file\nnot this\n", -1, NULL));
  dou_config_set (config, DOU_CONFIG_S3_SECRET_KEY_FILE, path, NULL);
  g_assert_false (dou_object_address_load (config, &address, &error));
  g_assert_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE);
  g_clear_error (&error);

  dou_config_set (config, DOU_CONFIG_S3_SECRET_KEY, "", NULL);
  g_assert_true (dou_object_address_load (config, &address, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (address->secret_key, ==, "from a file");
  g_clear_pointer (&address, dou_object_address_free);

  g_assert_true (g_file_set_contents (path, "\nnot this\n", -1, NULL));
  g_assert_false (dou_object_address_load (config, &address, &error));
  g_assert_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE);

  dou_test_dir_remove (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/object-address/refused", test_refused);
  g_test_add_func ("/common/object-address/local", test_local);
  g_test_add_func ("/common/object-address/hosts", test_hosts);
  g_test_add_func ("/common/object-address/secret-file", test_secret_file);

  return g_test_run ();
}
