/* SPDX-License-Identifier: Apache-2.0 */

/* A login token. The first byte says what the rest is: `t` a whole token; `p` head and claims as JSON, a
 * line each, of a token that this target signs, as if somebody had the key. The first can hardly get
 * through; of the second only what the checks let through may, whatever else is in it. */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/dou-id-minter.h"
#include "fuzz/fuzz.h"
#include "gateway/dou-token.h"
#include "lib/dou-test-dir.h"

#define SECRET "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
#define N_SECRET 32
#define NOW G_GINT64_CONSTANT (1700000000)

static DouTokenKeys *keys;

static void
free_keys (void)
{
  g_object_unref (keys);
}

static void
make_keys (void)
{
  char *directory = dou_test_dir_new ();
  g_autofree char *path = g_build_filename (directory, "token-keys", NULL);

  g_assert_true (g_file_set_contents (path, "two " SECRET "\n", -1, NULL));
  keys = dou_token_keys_new_from_file (path, NULL);
  g_assert_nonnull (keys);
  dou_test_dir_remove (directory);
  atexit (free_keys);
}

/* In base64url without padding, RFC 7515. */
static char *
encode (const void *data, gsize length)
{
  char *text = g_base64_encode (data, length);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

static char *
sign (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 2);
  g_autofree char *head = encode (lines[0], lines[0] != NULL ? strlen (lines[0]) : 0);
  const char *said = lines[0] != NULL && lines[1] != NULL ? lines[1] : "";
  g_autofree char *claims = encode (said, strlen (said));
  g_autofree char *body = g_strconcat (head, ".", claims, NULL);
  g_autoptr (GHmac) hmac
      = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *) "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
                                                         "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", N_SECRET);
  g_autofree char *signature = NULL;
  guint8 digest[32];
  gsize length = sizeof digest;

  g_hmac_update (hmac, (const guchar *) body, (gssize) strlen (body));
  g_hmac_get_digest (hmac, digest, &length);
  signature = encode (digest, length);
  return g_strconcat (body, ".", signature, NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = NULL;
  g_autofree char *token = NULL;
  DouTokenClaims claims;

  if (size < 1)
    return 0;
  if (keys == NULL)
    make_keys ();

  text = g_strndup ((const char *) data + 1, size - 1);
  token = data[0] == 'p' ? sign (text) : g_strdup (text);
  if (dou_token_keys_verify (keys, token, NOW, &claims))
    {
      g_assert_cmpint (data[0], ==, 'p');
      g_assert_cmpint (claims.user_id, >=, 1);
      g_assert_cmpint (claims.user_id, <=, DOU_ID_MAX);
      g_assert_cmpint (claims.expiry, >, NOW);
      g_assert_cmpint (claims.generation, >=, 0);
    }

  return 0;
}
