/* SPDX-License-Identifier: Apache-2.0 */

/* The secrets that sign tokens: STATE/token-keys, one line a key,
 *
 *     KID SECRET
 *
 * the key's name (8 hexadecimal digits) and 32 random bytes in base64url without padding. The first
 * line signs, every line is accepted. To rotate, a new first line is added and the server restarted;
 * when all tokens of the old key have expired, its line goes. Only the first start makes a file: a
 * server that quietly made new keys in place of a damaged file would log everybody out.
 */

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "launcher/dou-token-keys.h"

/* HS256 wants as many bytes as its hash has (RFC 7518, 3.2). */
#define SECRET_BYTES 32

/* Told apart by people and by `kid`; no secret. */
#define KID_BYTES 4

static char *
make_line (const guint8 *kid, const guint8 *secret)
{
  g_autofree char *encoded = g_base64_encode (secret, SECRET_BYTES);
  g_autoptr (GString) line = g_string_new (NULL);

  for (gsize i = 0; i < KID_BYTES; i++)
    g_string_append_printf (line, "%02x", kid[i]);

  /* From base64 to base64url (RFC 4648, 5). */
  g_strdelimit (encoded, "+", '-');
  g_strdelimit (encoded, "/", '_');
  *strchr (encoded, '=') = '\0';

  g_string_append_printf (line, " %s\n", encoded);
  explicit_bzero (encoded, strlen (encoded));
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static gboolean
make_file (const char *path, GError **error)
{
  guint8 random[KID_BYTES + SECRET_BYTES];
  g_autofree char *line = NULL;
  g_autoptr (GError) local_error = NULL;
  gboolean written;

  if (getrandom (random, sizeof random, 0) != sizeof random)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_INTERNAL, _ ("No random bytes: %s"),
                   g_strerror (errno));
      return FALSE;
    }

  line = make_line (random, random + KID_BYTES);
  written = g_file_set_contents_full (path, line, -1,
                                      G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                      0600, &local_error);
  explicit_bzero (random, sizeof random);
  explicit_bzero (line, strlen (line));

  if (!written)
    g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, _ ("Cannot write %s: %s"), path,
                 local_error->message);
  return written;
}

/**
 * dou_token_keys_ensure:
 * @state_dir: the state directory, locked by this process
 * @error: return location
 *
 * Makes the file of token keys if there is none. An existing one must be readable by its owner alone.
 *
 * Returns: whether there is a file; its contents are the gateways' to judge
 */
gboolean
dou_token_keys_ensure (const char *state_dir, GError **error)
{
  g_autofree char *path = g_build_filename (state_dir, "token-keys", NULL);
  struct stat status;

  if (lstat (path, &status) < 0 && errno == ENOENT)
    return make_file (path, error);

  if (lstat (path, &status) < 0 || !S_ISREG (status.st_mode)
      || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED,
                   _ ("%s holds secrets: it must be a file with mode 0600"), path);
      return FALSE;
    }

  return TRUE;
}
