/* SPDX-License-Identifier: Apache-2.0 */

/* Signature Version 4, as S3 and the stores that speak its protocol verify it.
 *
 * A request is brought to a canonical form (method, path, query, headers, hash of the body), its hash is
 * signed with a key that is derived from the secret for one day, one region and one service, and the
 * signature travels in a header, or in the address where somebody else is to send the request.
 *
 * Strings in, strings out: no connection is known here, so that each rule is checked against the
 * examples that AWS has published. S3 differs from AWS's other services in that a path is escaped once
 * and never normalised: a key may hold “//” or “..”.
 *
 * The rules: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html */

#include "config.h"

#include <string.h>

#include "common/dou-s3-signer.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define SHA256_LENGTH 32

/* What stands for the hash of a body in a signed address: who makes the address does not have the body. */
#define UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"

struct _DouS3Signer
{
  char *region;     /* (owned) */
  char *access_key; /* (owned) */
  char *secret_key; /* (owned): wiped when freed */
};

/**
 * dou_s3_signer_new:
 * @region: the store's region; stores that know none take "us-east-1"
 * @access_key: whose key it is; travels with each request
 * @secret_key: the key, which never travels
 *
 * Returns: (transfer full): a signer
 */
DouS3Signer *
dou_s3_signer_new (const char *region, const char *access_key, const char *secret_key)
{
  DouS3Signer *self = g_new0 (DouS3Signer, 1);

  self->region = g_strdup (region);
  self->access_key = g_strdup (access_key);
  self->secret_key = g_strdup (secret_key);

  return self;
}

void
dou_s3_signer_free (DouS3Signer *self)
{
  explicit_bzero (self->secret_key, strlen (self->secret_key));
  g_free (self->secret_key);
  g_free (self->access_key);
  g_free (self->region);
  g_free (self);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* A table with its names escaped, and the values too: the order is that of the escaped names. */
static GHashTable *
escape_table (GHashTable *table)
{
  GHashTable *escaped = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &name, &value))
    g_hash_table_insert (escaped, g_uri_escape_string (name, NULL, FALSE),
                         g_uri_escape_string (value, NULL, FALSE));

  return escaped;
}

/* The names of @table, which keeps them. */
static GPtrArray *
sorted_names (GHashTable *table)
{
  GPtrArray *names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, name);
  g_ptr_array_sort (names, compare_names);

  return names;
}

static char *
canonical_query (GHashTable *query)
{
  GString *text = g_string_new (NULL);
  g_autoptr (GHashTable) escaped = NULL;
  g_autoptr (GPtrArray) names = NULL;

  if (query == NULL)
    return g_string_free (text, FALSE);

  escaped = escape_table (query);
  names = sorted_names (escaped);
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      g_string_append_printf (text, "%s%s=%s", i > 0 ? "&" : "", name,
                              (const char *) g_hash_table_lookup (escaped, name));
    }

  return g_string_free (text, FALSE);
}

static char *
canonical_path (const char *path)
{
  return g_uri_escape_string (path, "/", FALSE);
}

/* A value without blanks around it, and with one where several stood. */
static char *
canonical_value (const char *value)
{
  GString *text = g_string_new (NULL);

  for (const char *p = value; *p != '\0'; p++)
    if (!(*p == ' ' && (text->len == 0 || text->str[text->len - 1] == ' ')))
      g_string_append_c (text, *p);
  if (text->len > 0 && text->str[text->len - 1] == ' ')
    g_string_truncate (text, text->len - 1);

  return g_string_free (text, FALSE);
}

/* The lines of the headers, and their names in @signed_names, both in the order of the names. */
static char *
canonical_headers (GHashTable *headers, char **signed_names)
{
  g_autoptr (GPtrArray) names = sorted_names (headers);
  GString *lines = g_string_new (NULL);
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *value = canonical_value (g_hash_table_lookup (headers, name));

      g_string_append_printf (lines, "%s:%s\n", name, value);
      g_string_append_printf (list, "%s%s", i > 0 ? ";" : "", name);
    }
  *signed_names = g_string_free (list, FALSE);

  return g_string_free (lines, FALSE);
}

static void
hmac (const guint8 *key, gsize length, const char *data, guint8 digest[SHA256_LENGTH])
{
  g_autoptr (GHmac) state = g_hmac_new (G_CHECKSUM_SHA256, key, length);
  gsize size = SHA256_LENGTH;

  g_hmac_update (state, (const guchar *) data, strlen (data));
  g_hmac_get_digest (state, digest, &size);
}

/* The key of one day, region and service. */
static void
derive_key (DouS3Signer *self, const char *day, guint8 key[SHA256_LENGTH])
{
  g_autofree char *secret = g_strconcat ("AWS4", self->secret_key, NULL);
  guint8 step[SHA256_LENGTH];

  hmac ((const guint8 *) secret, strlen (secret), day, key);
  hmac (key, SHA256_LENGTH, self->region, step);
  hmac (step, SHA256_LENGTH, "s3", key);
  hmac (key, SHA256_LENGTH, "aws4_request", step);
  memcpy (key, step, SHA256_LENGTH);

  explicit_bzero (step, sizeof step);
  explicit_bzero (secret, strlen (secret));
}

/* What a signature is good for: a day, a region, a service. */
static char *
make_scope (DouS3Signer *self, const char *stamp)
{
  return g_strdup_printf ("%.8s/%s/s3/aws4_request", stamp, self->region);
}

static char *
make_stamp (GDateTime *when)
{
  g_autoptr (GDateTime) utc = g_date_time_to_utc (when);

  return g_strdup_printf ("%04d%02d%02dT%02d%02d%02dZ", g_date_time_get_year (utc),
                          g_date_time_get_month (utc), g_date_time_get_day_of_month (utc),
                          g_date_time_get_hour (utc), g_date_time_get_minute (utc),
                          g_date_time_get_second (utc));
}

static char *
sign_canonical (DouS3Signer *self, const char *canonical, const char *stamp, const char *scope)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, canonical, -1);
  g_autofree char *to_sign = g_strdup_printf (ALGORITHM "\n%s\n%s\n%s", stamp, scope, hash);
  g_autofree char *day = g_strndup (stamp, strlen ("YYYYMMDD"));
  guint8 key[SHA256_LENGTH];
  char *signature;

  derive_key (self, day, key);
  signature = g_compute_hmac_for_string (G_CHECKSUM_SHA256, key, sizeof key, to_sign, -1);
  explicit_bzero (key, sizeof key);

  return signature;
}

/**
 * dou_s3_signer_target:
 * @path: the path, not escaped, beginning with a slash
 * @query: (nullable) (element-type utf8 utf8): parameters, not escaped
 *
 * Escapes what is requested exactly as it is signed: whoever escapes it otherwise is refused.
 *
 * Returns: (transfer full): path and query as they go into the request
 */
char *
dou_s3_signer_target (const char *path, GHashTable *query)
{
  g_autofree char *escaped = NULL;
  g_autofree char *parameters = NULL;

  g_return_val_if_fail (path != NULL && path[0] == '/', NULL);

  escaped = canonical_path (path);
  parameters = canonical_query (query);

  return g_strconcat (escaped, parameters[0] != '\0' ? "?" : "", parameters, NULL);
}

/**
 * dou_s3_signer_sign:
 * @self: a signer
 * @method: the HTTP method
 * @path: the path, not escaped, beginning with a slash
 * @query: (nullable) (element-type utf8 utf8): parameters, not escaped
 * @headers: (element-type utf8 utf8): the headers to sign, names in lower case, "host" among them; owns
 *   its names and values
 * @payload_sha256: the body's SHA-256 in hexadecimal
 * @when: the time of the request; stores refuse what is off by more than 15 minutes
 *
 * Adds "x-amz-date", "x-amz-content-sha256" and "authorization" to @headers, all of which are then to be
 * sent as they are.
 */
void
dou_s3_signer_sign (DouS3Signer *self, const char *method, const char *path, GHashTable *query,
                    GHashTable *headers, const char *payload_sha256, GDateTime *when)
{
  g_autofree char *stamp = make_stamp (when);
  g_autofree char *scope = make_scope (self, stamp);
  g_autofree char *escaped = canonical_path (path);
  g_autofree char *parameters = canonical_query (query);
  g_autofree char *names = NULL;
  g_autofree char *lines = NULL;
  g_autofree char *canonical = NULL;
  g_autofree char *signature = NULL;

  g_return_if_fail (path[0] == '/');
  g_return_if_fail (g_hash_table_contains (headers, "host"));

  /* What an earlier try has left must not be signed, too. */
  g_hash_table_remove (headers, "authorization");
  g_hash_table_insert (headers, g_strdup ("x-amz-date"), g_strdup (stamp));
  g_hash_table_insert (headers, g_strdup ("x-amz-content-sha256"), g_strdup (payload_sha256));

  lines = canonical_headers (headers, &names);
  canonical = g_strjoin ("\n", method, escaped, parameters, lines, names, payload_sha256, NULL);
  signature = sign_canonical (self, canonical, stamp, scope);

  g_hash_table_insert (headers, g_strdup ("authorization"),
                       g_strdup_printf (ALGORITHM
                                        " Credential=%s/%s,SignedHeaders=%s,Signature=%s",
                                        self->access_key, scope, names, signature));
}

static GHashTable *
presigned_query (DouS3Signer *self, const char *scope, const char *stamp, guint expires)
{
  GHashTable *query = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

  g_hash_table_insert (query, "X-Amz-Algorithm", g_strdup (ALGORITHM));
  g_hash_table_insert (query, "X-Amz-Credential",
                       g_strdup_printf ("%s/%s", self->access_key, scope));
  g_hash_table_insert (query, "X-Amz-Date", g_strdup (stamp));
  g_hash_table_insert (query, "X-Amz-Expires", g_strdup_printf ("%u", expires));
  g_hash_table_insert (query, "X-Amz-SignedHeaders", g_strdup ("host"));

  return query;
}

/**
 * dou_s3_signer_presign:
 * @self: a signer
 * @method: the HTTP method that the address is good for
 * @host: the store's host, with the port unless it is the protocol's own
 * @path: the path, not escaped, beginning with a slash
 * @expires: how long the address is good, in seconds, from 1 to %DOU_S3_SIGNER_MAX_EXPIRES
 * @when: since when it is good
 *
 * Makes an address that whoever has it may request once or often, until it expires. No header but the
 * host is signed: a player asks for the ranges that it likes.
 *
 * Returns: (transfer full): path and query, to be put behind protocol and @host
 */
char *
dou_s3_signer_presign (DouS3Signer *self, const char *method, const char *host, const char *path,
                       guint expires, GDateTime *when)
{
  g_autofree char *stamp = NULL;
  g_autofree char *scope = NULL;
  g_autofree char *escaped = NULL;
  g_autofree char *parameters = NULL;
  g_autofree char *canonical = NULL;
  g_autofree char *signature = NULL;
  g_autoptr (GHashTable) query = NULL;

  g_return_val_if_fail (path[0] == '/', NULL);
  g_return_val_if_fail (expires >= 1 && expires <= DOU_S3_SIGNER_MAX_EXPIRES, NULL);

  stamp = make_stamp (when);
  scope = make_scope (self, stamp);
  query = presigned_query (self, scope, stamp, expires);
  escaped = canonical_path (path);
  parameters = canonical_query (query);
  canonical = g_strdup_printf ("%s\n%s\n%s\nhost:%s\n\nhost\n" UNSIGNED_PAYLOAD, method, escaped,
                               parameters, host);
  signature = sign_canonical (self, canonical, stamp, scope);

  return g_strdup_printf ("%s?%s&X-Amz-Signature=%s", escaped, parameters, signature);
}
