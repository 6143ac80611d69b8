/* SPDX-License-Identifier: Apache-2.0 */

/* Login tokens: JSON Web Tokens (RFC 7519), signed with HMAC-SHA256, made and read by libjwt.
 *
 * The algorithm is fixed. libjwt verifies whatever the token's own head asks for, so the head is
 * compared with what we sign: HS256 and the name of the key that fitted. `none`, another algorithm
 * with the same secret, or a key of another server do not get through. */

#include "config.h"

#include <errno.h>
#include <string.h>

#include <glib/gi18n.h>
#include <jwt.h>
#include <sodium.h>

#include "common/dou-id-minter.h"
#include "gateway/dou-token.h"

/* RFC 7518, 3.2: a key at least as long as the hash. */
#define MIN_SECRET 32
#define MAX_SECRET 256
/* Two for rotation; a few more harm nothing, a whole file of them would cost time a token. */
#define MAX_KEYS 4
/* Ours have about 200 bytes; what is longer was not made here. */
#define MAX_TOKEN 1024
/* Seconds that another node's clock may be ahead. */
#define MAX_SKEW 60

typedef struct
{
  char *name;     /* (owned) */
  guint8 *secret; /* (owned) */
  gsize length;
} Key;

struct _DouTokenKeys
{
  GObject parent_instance;

  GArray *keys; /* (owned) (element-type Key) the first one signs */
};

G_DEFINE_FINAL_TYPE (DouTokenKeys, dou_token_keys, G_TYPE_OBJECT)

static void
key_clear (Key *key)
{
  if (key->secret != NULL)
    sodium_memzero (key->secret, key->length);
  g_free (key->secret);
  g_free (key->name);
}

static void
dou_token_keys_finalize (GObject *object)
{
  g_array_unref (DOU_TOKEN_KEYS (object)->keys);

  G_OBJECT_CLASS (dou_token_keys_parent_class)->finalize (object);
}

static void
dou_token_keys_class_init (DouTokenKeysClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_token_keys_finalize;
}

static void
dou_token_keys_init (DouTokenKeys *self)
{
  self->keys = g_array_new (FALSE, TRUE, sizeof (Key));
  g_array_set_clear_func (self->keys, (GDestroyNotify) key_clear);
}

static gboolean
dou_token_keys_add_line (DouTokenKeys *self, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 2);
  guint8 secret[MAX_SECRET];
  gsize length;
  Key key;

  if (g_strv_length (words) != 2 || *words[0] == '\0' || self->keys->len == MAX_KEYS)
    return FALSE;
  if (sodium_base642bin (secret, sizeof secret, words[1], strlen (words[1]), NULL, &length, NULL,
                         sodium_base64_VARIANT_URLSAFE_NO_PADDING)
          != 0
      || length < MIN_SECRET)
    return FALSE;

  key = (Key){ g_steal_pointer (&words[0]), g_memdup2 (secret, length), length };
  g_array_append_val (self->keys, key);
  sodium_memzero (secret, sizeof secret);
  sodium_memzero (words[1], strlen (words[1]));
  /* g_strfreev() stops at the stolen word: free what stands behind it here. */
  g_free (g_steal_pointer (&words[1]));
  return TRUE;
}

/**
 * dou_token_keys_new_from_file:
 * @path: the key file
 * @error: return location; the message never holds a secret
 *
 * Returns: (transfer full): at least one key, or %NULL
 */
DouTokenKeys *
dou_token_keys_new_from_file (const char *path, GError **error)
{
  g_autoptr (DouTokenKeys) self = g_object_new (DOU_TYPE_TOKEN_KEYS, NULL);
  g_autofree char *text = NULL;
  char *rest;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;

  rest = text;
  for (guint number = 1; rest != NULL && *rest != '\0'; number++)
    {
      const char *line = strsep (&rest, "\n");

      if (*line == '\0' || *line == '#')
        continue;

      if (!dou_token_keys_add_line (self, line))
        {
          g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL,
                       _ ("%s: line %u is not “NAME SECRET” with a secret of %d to %d bytes in base64url"),
                       path, number, MIN_SECRET, MAX_SECRET);
          sodium_memzero (text, length);
          return NULL;
        }
    }
  sodium_memzero (text, length);

  if (self->keys->len == 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, _ ("%s: there is no key in it"), path);
      return NULL;
    }

  return g_steal_pointer (&self);
}

static void
free_jwt (jwt_t *jwt)
{
  jwt_free (jwt);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (jwt_t, free_jwt)

/**
 * dou_token_keys_sign:
 * @self: the keys
 * @claims: what the token is to say
 * @now: Unix time in seconds
 * @error: return location
 *
 * Returns: (transfer full): a token, or %NULL if libjwt failed
 */
char *
dou_token_keys_sign (DouTokenKeys *self, const DouTokenClaims *claims, gint64 now, GError **error)
{
  g_autoptr (jwt_t) jwt = NULL;
  g_autofree char *token = NULL;
  char subject[24];
  char *encoded;
  Key *key;

  g_return_val_if_fail (DOU_IS_TOKEN_KEYS (self), NULL);

  key = &g_array_index (self->keys, Key, 0);
  g_snprintf (subject, sizeof subject, "%" G_GINT64_FORMAT, claims->user_id);

  if (jwt_new (&jwt) != 0 || jwt_set_alg (jwt, JWT_ALG_HS256, key->secret, (int) key->length) != 0
      || jwt_add_header (jwt, "kid", key->name) != 0 || jwt_add_grant (jwt, "sub", subject) != 0
      || jwt_add_grant_int (jwt, "iat", now) != 0
      || jwt_add_grant_int (jwt, "exp", claims->expiry) != 0
      || jwt_add_grant_int (jwt, "gen", claims->generation) != 0
      || (encoded = jwt_encode_str (jwt)) == NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, "Cannot make a token: %s",
                   g_strerror (errno));
      return NULL;
    }

  token = g_strdup (encoded);
  free (encoded);
  return g_steal_pointer (&token);
}

/* As text, since libjwt reads everything that is not an integer as 0. Absent from tokens that were
 * issued before passwords could be changed. */
static gboolean
read_generation (jwt_t *jwt, gint64 *generation)
{
  char *json = jwt_get_grants_json (jwt, "gen");
  guint64 number = 0;
  gboolean good = json == NULL || g_ascii_string_to_unsigned (json, 10, 0, G_MAXINT64, &number, NULL);

  free (json);
  *generation = (gint64) number;
  return good;
}

static gboolean
check_claims (jwt_t *jwt, const Key *key, gint64 now, DouTokenClaims *claims)
{
  const char *name = jwt_get_header (jwt, "kid");
  const char *subject = jwt_get_grant (jwt, "sub");
  guint64 id;

  if (jwt_get_alg (jwt) != JWT_ALG_HS256 || name == NULL || !g_str_equal (name, key->name))
    return FALSE;
  if (subject == NULL || !g_ascii_string_to_unsigned (subject, 10, 1, DOU_ID_MAX, &id, NULL))
    return FALSE;
  /* An absent number reads as -1, which has long expired. */
  if (jwt_get_grant_int (jwt, "exp") <= now || jwt_get_grant_int (jwt, "iat") > now + MAX_SKEW)
    return FALSE;

  claims->user_id = (gint64) id;
  claims->expiry = jwt_get_grant_int (jwt, "exp");
  return read_generation (jwt, &claims->generation);
}

/**
 * dou_token_keys_verify:
 * @self: the keys
 * @token: what a client sent
 * @now: Unix time in seconds
 * @claims: (out caller-allocates): what it says; means nothing if it is not valid
 *
 * Returns: whether one of @self signed @token and it is valid at @now
 */
gboolean
dou_token_keys_verify (DouTokenKeys *self, const char *token, gint64 now, DouTokenClaims *claims)
{
  g_return_val_if_fail (DOU_IS_TOKEN_KEYS (self), FALSE);

  if (strlen (token) > MAX_TOKEN)
    return FALSE;

  for (guint i = 0; i < self->keys->len; i++)
    {
      g_autoptr (jwt_t) jwt = NULL;
      Key *key = &g_array_index (self->keys, Key, i);

      if (jwt_decode (&jwt, token, key->secret, (int) key->length) == 0
          && check_claims (jwt, key, now, claims))
        return TRUE;
    }

  return FALSE;
}

/**
 * dou_token_keys_derive:
 * @self: keys
 * @purpose: what for; other purposes have other secrets
 * @bytes: (out caller-allocates) (array length=n_bytes): a secret that who has the first key can make, and
 *   that says nothing of it
 * @n_bytes: up to 32
 */
void
dou_token_keys_derive (DouTokenKeys *self, const char *purpose, guint8 *bytes, gsize n_bytes)
{
  const Key *key;
  crypto_auth_hmacsha256_state state;
  guint8 hash[crypto_auth_hmacsha256_BYTES];

  g_return_if_fail (DOU_IS_TOKEN_KEYS (self));
  g_return_if_fail (n_bytes <= sizeof hash);

  key = &g_array_index (self->keys, Key, 0);
  crypto_auth_hmacsha256_init (&state, key->secret, key->length);
  crypto_auth_hmacsha256_update (&state, (const guint8 *) purpose, strlen (purpose));
  crypto_auth_hmacsha256_final (&state, hash);
  memcpy (bytes, hash, n_bytes);
  sodium_memzero (hash, sizeof hash);
  sodium_memzero (&state, sizeof state);
}
