/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <jwt.h>

#include <glib/gstdio.h>

#include "gateway/dou-token.h"

/* 32 bytes each. */
#define OLD_SECRET "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define NEW_SECRET "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
#define NOW G_GINT64_CONSTANT (1700000000)
#define MONTH (30 * 86400)

static DouTokenKeys *
load (const char *text, GError **error)
{
  g_autofree char *path = NULL;
  DouTokenKeys *keys;
  int fd = g_file_open_tmp ("doutok-keys-XXXXXX", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  keys = dou_token_keys_new_from_file (path, error);
  g_unlink (path);
  return keys;
}

static gboolean
accepts (DouTokenKeys *keys, const char *token, gint64 now)
{
  DouTokenClaims claims;

  return dou_token_keys_verify (keys, token, now, &claims);
}

static char *
sign (DouTokenKeys *keys)
{
  const DouTokenClaims claims = { 7, 3, NOW + MONTH };
  g_autoptr (GError) error = NULL;
  char *token = dou_token_keys_sign (keys, &claims, NOW, &error);

  g_assert_no_error (error);
  return token;
}

/* @jwt: (transfer full) */
static char *
encode (jwt_t *jwt)
{
  char *encoded = jwt_encode_str (jwt);
  char *token = g_strdup (encoded);

  free (encoded);
  jwt_free (jwt);
  return token;
}

/* A token with any head and claims, signed or not. */
static char *
forge (jwt_alg_t algorithm, const guint8 *secret, const char *kid, const char *subject, gint64 issued,
       gint64 expiry)
{
  jwt_t *jwt;

  g_assert_cmpint (jwt_new (&jwt), ==, 0);
  g_assert_cmpint (jwt_set_alg (jwt, algorithm, secret, secret != NULL ? 32 : 0), ==, 0);
  if (kid != NULL)
    jwt_add_header (jwt, "kid", kid);
  if (subject != NULL)
    jwt_add_grant (jwt, "sub", subject);
  jwt_add_grant_int (jwt, "iat", issued);
  if (expiry != 0)
    jwt_add_grant_int (jwt, "exp", expiry);
  return encode (jwt);
}

/* Test that a key file which could not protect anything is refused, without repeating its secrets. */
static void
test_bad_files (void)
{
  const char *files[] = {
    "", "# only a comment\n", "one\n", "one short\n", "one " OLD_SECRET "!\n", " " OLD_SECRET "\n",
    "a " OLD_SECRET "\nb " OLD_SECRET "\nc " OLD_SECRET "\nd " OLD_SECRET "\ne " OLD_SECRET "\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (load (files[i], &error));
      g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
      g_assert_null (strstr (error->message, OLD_SECRET));
    }
}

/* Test that nothing but our own algorithm, key and claims gets through. */
static void
test_forged (void)
{
  static const guint8 zeros[32] = { 0 };
  static const guint8 sevens[32] = { 7 };
  g_autoptr (DouTokenKeys) keys = load ("one " OLD_SECRET "\n", NULL);
  const struct
  {
    jwt_alg_t algorithm;
    const guint8 *secret;
    const char *kid;
    const char *subject;
    gint64 issued;
    gint64 expiry;
    gboolean good;
  } cases[] = {
    { JWT_ALG_HS256, zeros, "one", "7", NOW, NOW + 60, TRUE },
    { JWT_ALG_NONE, NULL, "one", "7", NOW, NOW + 60, FALSE },
    { JWT_ALG_HS512, zeros, "one", "7", NOW, NOW + 60, FALSE },
    { JWT_ALG_HS256, sevens, "one", "7", NOW, NOW + 60, FALSE },
    { JWT_ALG_HS256, zeros, "two", "7", NOW, NOW + 60, FALSE },
    { JWT_ALG_HS256, zeros, NULL, "7", NOW, NOW + 60, FALSE },
    { JWT_ALG_HS256, zeros, "one", NULL, NOW, NOW + 60, FALSE },
    { JWT_ALG_HS256, zeros, "one", "0", NOW, NOW + 60, FALSE },
    { JWT_ALG_HS256, zeros, "one", "-7", NOW, NOW + 60, FALSE },
    { JWT_ALG_HS256, zeros, "one", "9007199254740992", NOW, NOW + 60, FALSE },
    { JWT_ALG_HS256, zeros, "one", "seven", NOW, NOW + 60, FALSE },
    { JWT_ALG_HS256, zeros, "one", "7", NOW, 0, FALSE },
    { JWT_ALG_HS256, zeros, "one", "7", NOW, NOW, FALSE },
    { JWT_ALG_HS256, zeros, "one", "7", NOW + 3600, NOW + 7200, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *token = forge (cases[i].algorithm, cases[i].secret, cases[i].kid,
                                      cases[i].subject, cases[i].issued, cases[i].expiry);

      g_test_message ("%s", token);
      g_assert_cmpint (accepts (keys, token, NOW), ==, cases[i].good);
    }
}

static char *
forge_generation (const char *claims_json)
{
  static const guint8 zeros[32] = { 0 };
  jwt_t *jwt;

  g_assert_cmpint (jwt_new (&jwt), ==, 0);
  g_assert_cmpint (jwt_set_alg (jwt, JWT_ALG_HS256, zeros, 32), ==, 0);
  jwt_add_header (jwt, "kid", "one");
  jwt_add_grant (jwt, "sub", "7");
  jwt_add_grant_int (jwt, "iat", NOW);
  jwt_add_grant_int (jwt, "exp", NOW + 60);
  g_assert_cmpint (jwt_add_grants_json (jwt, claims_json), ==, 0);
  return encode (jwt);
}

/* Test that a generation is an integer and not negative, and that a token without one has the first. */
static void
test_generation (void)
{
  const char *bad[] = { "{\"gen\":-1}",   "{\"gen\":1.0}",  "{\"gen\":\"1\"}", "{\"gen\":null}",
                        "{\"gen\":true}", "{\"gen\":[1]}",  "{\"gen\":{}}" };
  const struct
  {
    const char *json;
    gint64 expected;
  } good[] = { { "{}", 0 },
               { "{\"gen\":0}", 0 },
               { "{\"gen\":1}", 1 },
               { "{\"gen\":9223372036854775807}", G_MAXINT64 } };
  g_autoptr (DouTokenKeys) keys = load ("one " OLD_SECRET "\n", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *token = forge_generation (bad[i]);

      g_test_message ("%s", bad[i]);
      g_assert_false (accepts (keys, token, NOW));
    }

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *token = forge_generation (good[i].json);
      DouTokenClaims claims;

      g_assert_true (dou_token_keys_verify (keys, token, NOW, &claims));
      g_assert_cmpint (claims.generation, ==, good[i].expected);
    }
}

/* Test that a token says what it was made to say. */
static void
test_claims (void)
{
  g_autoptr (DouTokenKeys) keys = load ("one " OLD_SECRET "\n", NULL);
  g_autofree char *token = sign (keys);
  DouTokenClaims claims = { 0 };

  g_assert_true (dou_token_keys_verify (keys, token, NOW, &claims));
  g_assert_cmpint (claims.user_id, ==, 7);
  g_assert_cmpint (claims.generation, ==, 3);
  g_assert_cmpint (claims.expiry, ==, NOW + MONTH);
}

/* Test that no changed byte of a token goes unnoticed, and that rubbish is only refused. */
static void
test_changed (void)
{
  g_autoptr (DouTokenKeys) keys = load ("one " OLD_SECRET "\n", NULL);
  g_autofree char *token = sign (keys);
  g_autofree char *huge = g_strnfill (100000, 'a');
  const char *rubbish[] = { "", ".", "..", "...", "a.b.c", "null", "eyJ9.eyJ9.", "\xff\xfe" };
  gsize length = strlen (token);

  /* The last character carries bits that base64 drops. */
  for (gsize i = 0; i + 1 < length; i++)
    {
      char original = token[i];

      token[i] = original == 'A' ? 'B' : 'A';
      g_assert_false (accepts (keys, token, NOW));
      token[i] = original;
    }

  g_assert_true (accepts (keys, token, NOW));
  for (gsize i = 0; i < G_N_ELEMENTS (rubbish); i++)
    g_assert_false (accepts (keys, rubbish[i], NOW));
  g_assert_false (accepts (keys, huge, NOW));
}

/* Test that a token lasts its lifetime and not a second longer. */
static void
test_expiry (void)
{
  g_autoptr (DouTokenKeys) keys = load ("one " OLD_SECRET "\n", NULL);
  g_autofree char *token = sign (keys);

  g_assert_true (accepts (keys, token, NOW));
  g_assert_true (accepts (keys, token, NOW + MONTH - 1));
  g_assert_false (accepts (keys, token, NOW + MONTH));
}

/* Test that the first key signs, and that the second is accepted until it is taken away. */
static void
test_rotation (void)
{
  g_autoptr (DouTokenKeys) before = load ("old " OLD_SECRET "\n", NULL);
  g_autoptr (DouTokenKeys) during = load ("new " NEW_SECRET "\nold " OLD_SECRET "\n", NULL);
  g_autoptr (DouTokenKeys) after = load ("new " NEW_SECRET "\n", NULL);
  g_autofree char *old_token = sign (before);
  g_autofree char *new_token = sign (during);

  g_assert_true (accepts (during, old_token, NOW));
  g_assert_false (accepts (after, old_token, NOW));
  g_assert_true (accepts (after, new_token, NOW));
  g_assert_false (accepts (before, new_token, NOW));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/token/bad-files", test_bad_files);
  g_test_add_func ("/gateway/token/forged", test_forged);
  g_test_add_func ("/gateway/token/generation", test_generation);
  g_test_add_func ("/gateway/token/claims", test_claims);
  g_test_add_func ("/gateway/token/changed", test_changed);
  g_test_add_func ("/gateway/token/expiry", test_expiry);
  g_test_add_func ("/gateway/token/rotation", test_rotation);

  return g_test_run ();
}
