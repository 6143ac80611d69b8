/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok check`: one line for each thing that a server needs. Scripts may look at the verdict and
 * at what it is about, which are the same in all languages; the rest is for people:
 *
 *     ok   ffmpeg: ffmpeg version 5.1.9 (/usr/bin/ffmpeg)
 *     warn sandbox landlock: absent
 *     FAIL state directory: …
 *
 * Nothing is made and nothing is changed, with two exceptions: a database of an older version is
 * migrated, because the services open it as they would in a server; and `--recount` sets counters
 * right, which is a warning, since they should never be wrong.
 */

#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gi18n.h>

#include "common/dou-paths.h"
#include "common/dou-service.h"
#include "common/dou-status.h"
#include "common/dou-tls.h"
#include "common/dou-words.h"
#include "launcher/dou-bus-config.h"
#include "launcher/dou-check-databases.h"
#include "launcher/dou-check-media.h"
#include "launcher/dou-check-redis.h"
#include "launcher/dou-command.h"
#include "launcher/dou-directories.h"
#include "launcher/dou-listen-address.h"
#include "launcher/dou-programs.h"
#include "launcher/dou-settings.h"

/* Saying one's version takes milliseconds; with hundreds of libraries on a busy disk, seconds. */
#define RUN_TIMEOUT_MS 20000

typedef enum
{
  VERDICT_OK,
  VERDICT_WARN,
  VERDICT_FAIL,
} Verdict;

/* One run of `doutok check`. */
typedef struct
{
  DouReaper *reaper; /* (unowned) */
  gboolean recount;
  gboolean failed;
} Check;

static void G_GNUC_PRINTF (4, 5)
    check_report (Check *self, Verdict verdict, const char *what, const char *format, ...)
{
  static const char *const words[]
      = { [VERDICT_OK] = "ok  ", [VERDICT_WARN] = "warn", [VERDICT_FAIL] = "FAIL" };
  g_autofree char *detail = NULL;
  va_list arguments;

  va_start (arguments, format);
  detail = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  g_print ("%s %s: %s\n", words[verdict], what, detail);
  self->failed = self->failed || verdict == VERDICT_FAIL;
}

/* The line with the version. libgcrypt may have its say before ffmpeg's first one. */
static char *
find_version (const char *output)
{
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);

  for (gsize i = 0; lines[i] != NULL; i++)
    if (strpbrk (lines[i], "0123456789") != NULL)
      {
        char *copyright = strstr (lines[i], " Copyright");

        return copyright != NULL ? g_strndup (lines[i], (gsize) (copyright - lines[i]))
                                 : g_strdup (lines[i]);
      }

  return g_strdup (_ ("no version"));
}

static void
check_program (Check *self, const char *name, const char *version_option)
{
  g_autofree char *path = g_find_program_in_path (name);
  const char *const argv[] = { path, version_option, NULL };
  g_autofree char *output = NULL;
  g_autofree char *version = NULL;
  g_autoptr (GError) error = NULL;
  gboolean succeeded = FALSE;

  if (path == NULL)
    {
      check_report (self, VERDICT_FAIL, name, _ ("there is no such program in PATH"));
      return;
    }

  output = dou_programs_run (self->reaper, argv, RUN_TIMEOUT_MS, &succeeded, &error);
  if (output == NULL)
    {
      check_report (self, VERDICT_FAIL, name, "%s", error->message);
      return;
    }

  version = find_version (output);
  check_report (self, succeeded ? VERDICT_OK : VERDICT_FAIL, name, "%s (%s)", version, path);
}

/* A layer that this kernel does not have is done without (the server warns); one that it has and that
 * does not hold stops every conversion. */
static void
check_sandbox (Check *self)
{
  g_autofree char *path = dou_paths_get_program ("doutok-sandbox");
  const char *const argv[] = { path, "--probe", NULL };
  g_autofree char *output = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;
  gboolean succeeded = FALSE;

  output = dou_programs_run (self->reaper, argv, RUN_TIMEOUT_MS, &succeeded, &error);
  if (output == NULL)
    {
      check_report (self, VERDICT_FAIL, "sandbox", "%s", error->message);
      return;
    }

  lines = g_strsplit (g_strchomp (output), "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (lines[i], " ", 2);
      const char *state = g_strv_length (words) == 2 ? words[1] : "";
      g_autofree char *what = g_strconcat ("sandbox ", words[0], NULL);

      if (g_str_equal (state, "ok"))
        check_report (self, VERDICT_OK, what, _ ("works"));
      else if (g_str_equal (state, "absent"))
        check_report (self, VERDICT_WARN, what, _ ("this kernel does not have it"));
      else
        check_report (self, VERDICT_FAIL, what, "%s", *state != '\0' ? state : _ ("no answer"));
    }
}

/* The directory itself, or the nearest one above it that exists. */
static char *
find_existing (const char *path)
{
  g_autofree char *found = g_strdup (path);

  while (!g_file_test (found, G_FILE_TEST_EXISTS))
    {
      char *parent = g_path_get_dirname (found);

      g_free (found);
      found = parent;
    }

  return g_steal_pointer (&found);
}

static gboolean
check_directory (Check *self, const char *what, const char *path)
{
  g_autofree char *existing = find_existing (path);
  g_autoptr (GError) error = NULL;
  gboolean exists = g_str_equal (existing, path);

  if (!dou_directories_check_writable (existing, &error))
    {
      check_report (self, VERDICT_FAIL, what, "%s", error->message);
      return FALSE;
    }

  check_report (self, VERDICT_OK, what, "%s%s", path, exists ? "" : _ (" (not made yet)"));
  return exists;
}

static void
check_runtime_directory (Check *self, const char *path)
{
  g_autofree char *address = NULL;
  g_autoptr (GError) error = NULL;

  if (*path == '\0')
    {
      check_directory (self, "runtime directory", g_get_tmp_dir ());
      return;
    }

  address = dou_bus_config_get_address (path, &error);
  if (address == NULL)
    check_report (self, VERDICT_FAIL, "runtime directory", "%s", error->message);
  else
    check_directory (self, "runtime directory", path);
}

static void
check_listen (Check *self, const char *const *addresses)
{
  for (gsize i = 0; addresses[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) resolved = dou_listen_address_resolve (addresses[i], &error);

      if (resolved == NULL)
        check_report (self, VERDICT_FAIL, "listen", "%s", error->message);
      else
        check_report (self, VERDICT_OK, "listen", "%s", addresses[i]);
    }
}

static void
check_tls (Check *self, DouConfig *config)
{
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDateTime) expiry = NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *text = NULL;

  if (!dou_tls_load (config, &certificate, &error))
    {
      check_report (self, VERDICT_FAIL, "tls", "%s", error->message);
      return;
    }
  if (certificate == NULL)
    return;

  expiry = g_tls_certificate_get_not_valid_after (certificate);
  text = expiry != NULL ? g_date_time_format_iso8601 (expiry) : g_strdup ("?");
  if (expiry != NULL && g_date_time_compare (expiry, now) < 0)
    check_report (self, VERDICT_FAIL, "tls", _ ("the certificate has expired: %s"), text);
  else
    check_report (self, VERDICT_OK, "tls", _ ("the certificate is valid until %s"), text);
}

static void
check_words (Check *self, DouConfig *config)
{
  const char *path = dou_config_get_string (config, DOU_CONFIG_WORDS_FILE);
  g_autoptr (DouWords) words = NULL;
  g_autoptr (GError) error = NULL;

  if (*path == '\0')
    return;

  words = dou_words_load (path, NULL, &error);
  if (words != NULL)
    check_report (self, VERDICT_OK, "words", _ ("%s: %u words"), path, dou_words_get_count (words));
  else
    check_report (self, VERDICT_FAIL, "words", "%s", error->message);
}

/* Only nodes of one database need Redis. */
static gboolean
has_other_nodes (DouConfig *config)
{
  return !g_str_equal (dou_config_get_string (config, DOU_CONFIG_DATABASE_ENGINE), "sqlite")
         && (*dou_config_get_string (config, DOU_CONFIG_REDIS_URL) != '\0'
             || *dou_config_get_string (config, DOU_CONFIG_REDIS_SENTINEL) != '\0');
}

static void
check_media (Check *self, DouConfig *config)
{
  g_autofree char *description = NULL;
  g_autoptr (GError) error = NULL;

  if (!dou_check_media (config, &description, &error))
    check_report (self, VERDICT_FAIL, "object store", "%s", error->message);
  else if (description != NULL)
    check_report (self, VERDICT_OK, "object store", "%s", description);
  else if (has_other_nodes (config))
    check_report (self, VERDICT_WARN, "object store",
                  _ ("none, so videos and pictures are files of one node: the others neither serve nor remove them"));
}

static void
sentinel_cb (const char *place, const char *master, const GError *error, gpointer user_data)
{
  g_autofree char *what = g_strconcat ("sentinel ", place, NULL);
  g_autofree char *prefix = g_strconcat (what, ": ", NULL);

  /* One is enough. */
  if (error != NULL)
    check_report (user_data, VERDICT_WARN, what, "%s",
                  g_str_has_prefix (error->message, prefix) ? error->message + strlen (prefix)
                                                            : error->message);
  else
    check_report (user_data, VERDICT_OK, what, _ ("the master is at %s"), master);
}

static void
redis_cb (const char *description, const GError *error, gpointer user_data)
{
  if (description != NULL)
    check_report (user_data, VERDICT_OK, "redis", "%s", description);
  else
    check_report (user_data, VERDICT_FAIL, "redis", "%s", error->message);
}

static void
check_redis (Check *self, DouConfig *config)
{
  const DouCheckRedisFuncs funcs = { sentinel_cb, redis_cb, self };

  dou_check_redis (config, &funcs);
}

static void
database_cb (const DouDomain *domain, const char *description, const GError *error,
             gpointer user_data)
{
  g_autofree char *what = g_strconcat (domain->name, " database", NULL);

  if (description != NULL)
    check_report (user_data, VERDICT_OK, what, "%s", description);
  else
    check_report (user_data, VERDICT_FAIL, what, "%s", error->message);
}

static void
counters_cb (const DouDomain *domain, gint64 n_wrong, const GError *error, gpointer user_data)
{
  g_autofree char *what = g_strconcat (domain->name, " counters", NULL);
  g_autofree char *count = g_strdup_printf ("%" G_GINT64_FORMAT, n_wrong);

  if (error != NULL)
    check_report (user_data, VERDICT_FAIL, what, "%s", error->message);
  else if (n_wrong > 0)
    check_report (user_data, VERDICT_WARN, what,
                  _ ("recounted, %s were wrong and have been set right"), count);
  else
    check_report (user_data, VERDICT_OK, what, _ ("recounted, 0 were wrong"));
}

static void
check_state (Check *self, DouConfig *config)
{
  const DouCheckDatabasesFuncs funcs
      = { database_cb, self->recount ? counters_cb : NULL, self };
  const char *state_dir = dou_config_get_string (config, DOU_CONFIG_STATE_DIR);
  g_autoptr (GError) error = NULL;

  if (!check_directory (self, "state directory", state_dir))
    return;

  if (!dou_check_databases (self->reaper, config, &funcs, &error))
    check_report (self, VERDICT_FAIL, "databases", "%s", error->message);
}

static void
check_run (Check *self, DouSettings *settings)
{
  g_autofree char *config_path = dou_settings_get_config_path (settings);
  g_autoptr (GError) error = NULL;
  g_autoptr (DouConfig) config = dou_settings_merge (settings, &error);

  if (config == NULL)
    check_report (self, VERDICT_FAIL, "configuration", "%s", error->message);
  else
    check_report (self, VERDICT_OK, "configuration", "%s",
                  config_path != NULL ? config_path : _ ("defaults, there is no file"));

  check_program (self, "dbus-daemon", "--version");
  check_program (self, "ffmpeg", "-version");
  check_program (self, "ffprobe", "-version");
  check_sandbox (self);

  /* Without a configuration it is not known which they are. */
  if (config == NULL)
    return;
  check_listen (self, dou_config_get_list (config, DOU_CONFIG_LISTEN));
  check_tls (self, config);
  check_media (self, config);
  check_words (self, config);
  check_redis (self, config);
  check_runtime_directory (self, dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR));
  check_state (self, config);
}

/**
 * dou_check_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok check`.
 *
 * Returns: the exit status: failure if any line says FAIL
 */
int
dou_check_command (int argc, char **argv)
{
  g_auto (DouSettings) settings = { 0 };
  g_autoptr (DouReaper) reaper = NULL;
  g_autoptr (GError) error = NULL;
  Check check = { 0 };
  const GOptionEntry entries[] = {
    DOU_SETTINGS_PLACES (&settings),
    { "recount", 0, 0, G_OPTION_ARG_NONE, &check.recount,
      N_ ("Count likes, comments, follows and works anew, and set counters right; beside a running "
          "server or without one"),
      NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!dou_command_parse ("doutok check",
                          _ ("Says of everything that a server needs whether it is there: one "
                             "line each, “ok”, “warn” or “FAIL”."),
                          entries, &argc, &argv))
    return DOU_COMMAND_EXIT_USAGE;

  reaper = dou_reaper_new (&error);
  if (reaper == NULL)
    return dou_service_fail ("doutok", error);

  check.reaper = reaper;
  check_run (&check, &settings);
  return check.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
