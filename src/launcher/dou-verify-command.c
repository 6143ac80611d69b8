/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok verify`: a line for each problem, and one that sums up. Of a server also the counters are
 * counted anew, as `doutok check --recount` does; a backup is compared with its checksums instead. */

#include "config.h"

#include <stdlib.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "backup/dou-archive.h"
#include "backup/dou-audit.h"
#include "backup/dou-backup-check.h"
#include "backup/dou-scratch.h"
#include "common/dou-service.h"
#include "common/dou-status.h"
#include "launcher/dou-check-databases.h"
#include "launcher/dou-command.h"
#include "launcher/dou-progress.h"
#include "launcher/dou-settings.h"

/* Problems that are told one by one. */
#define MAX_TOLD 100

typedef struct
{
  DouProgress progress;
  guint n_problems;
  guint64 n_files;
} Verify;

static void
problem_cb (const char *problem, gpointer user_data)
{
  Verify *self = user_data;

  dou_progress_end (&self->progress);
  if (self->n_problems++ < MAX_TOLD)
    g_print ("FAIL %s\n", problem);
}

static void
progress_cb (const char *what, guint64 done, guint64 total, gpointer user_data)
{
  Verify *self = user_data;

  dou_progress_show (&self->progress, what, done, total);
}

static void
database_cb (const DouDomain *domain, const char *description, const GError *error,
             gpointer user_data)
{
  if (error != NULL)
    problem_cb (error->message, user_data);
}

static void
counters_cb (const DouDomain *domain, gint64 n_wrong, const GError *error, gpointer user_data)
{
  g_autofree char *text = NULL;

  if (error == NULL && n_wrong == 0)
    return;

  text = error != NULL
             ? g_strdup (error->message)
             : g_strdup_printf (_ ("%s: %u counters were wrong, and have been set right"),
                                domain->name, (guint) n_wrong);
  problem_cb (text, user_data);
}

/* @config: of the server whose databases these are */
static gboolean
audit (Verify *self, DouConfig *config, const char *directory, const char *media, gboolean is_copy,
       GError **error)
{
  const DouAudit audit = {
    .directory = directory,
    .media = media,
    .is_copy = is_copy,
    .is_elsewhere
    = g_str_equal (dou_config_get_string (config, DOU_CONFIG_MEDIA_STORE), "s3"),
    .problem = problem_cb,
    .progress = progress_cb,
    .user_data = self,
  };

  return !dou_audit_databases (&audit) || dou_audit_media (&audit, &self->n_files, error);
}

static gboolean
verify_server (Verify *self, DouConfig *config, GError **error)
{
  const DouCheckDatabasesFuncs funcs = { database_cb, counters_cb, self };
  const char *state_dir = dou_config_get_string (config, DOU_CONFIG_STATE_DIR);
  g_autofree char *media = g_build_filename (state_dir, "media", NULL);
  g_autoptr (DouReaper) reaper = NULL;

  if (!g_str_equal (dou_config_get_string (config, DOU_CONFIG_DATABASE_ENGINE), "sqlite"))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER, "%s",
                   _ ("The databases are on a server, whose own tools look after them; “doutok check "
                      "--recount” counts anew"));
      return FALSE;
    }

  if (!audit (self, config, state_dir, media, FALSE, error))
    return FALSE;

  dou_progress_show (&self->progress, _ ("counters"), 0, 1);
  reaper = dou_reaper_new (error);
  return reaper != NULL && dou_check_databases (reaper, config, &funcs, error);
}

static gboolean
verify_backup (Verify *self, const char *directory, GError **error)
{
  g_autoptr (DouManifest) manifest = dou_manifest_load (directory, error);
  g_autofree char *media = g_build_filename (directory, "media", NULL);
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autofree char *snapshot = NULL;
  g_autofree char *config_path = NULL;

  if (manifest == NULL)
    return FALSE;

  /* Of a server without a configuration there is none; one of another version may not be understood. */
  snapshot = g_build_filename (directory, manifest->snapshot, NULL);
  config_path = g_build_filename (snapshot, "doutok.conf", NULL);
  dou_config_load_file (config, config_path, NULL);

  return dou_backup_check (directory, manifest, problem_cb, progress_cb, self, error)
         && (dou_manifest_find (manifest, "video.db") == NULL
             || audit (self, config, snapshot, media, TRUE, error));
}

/* It is unpacked for that, into a directory that goes again. */
static gboolean
verify_archive (Verify *self, const char *path, GError **error)
{
  g_autoptr (DouScratch) scratch = dou_scratch_new ("doutok-verify-XXXXXX", error);

  return scratch != NULL
         && dou_archive_unpack (path, dou_scratch_get_path (scratch), progress_cb, self, error)
         && verify_backup (self, dou_scratch_get_path (scratch), error);
}

static int
run (DouSettings *settings, const char *path)
{
  Verify self = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (DouConfig) config = NULL;
  gboolean done;

  dou_progress_init (&self.progress, 0);
  if (path == NULL)
    {
      config = dou_settings_merge (settings, &error);
      done = config != NULL && verify_server (&self, config, &error);
    }
  else if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
    done = verify_archive (&self, path, &error);
  else
    done = verify_backup (&self, path, &error);
  dou_progress_end (&self.progress);
  if (!done)
    return dou_service_fail ("doutok", error);

  if (self.n_problems > 0)
    g_print (_ ("%u problems were found\n"), self.n_problems);
  else
    g_print (_ ("ok   databases and %u files are whole\n"), (guint) self.n_files);
  return self.n_problems > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/**
 * dou_verify_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok verify [DIR|FILE]`.
 *
 * Returns: the exit status: failure if anything is wrong
 */
int
dou_verify_command (int argc, char **argv)
{
  g_auto (DouSettings) settings = { 0 };
  g_auto (GStrv) directories = NULL;
  const GOptionEntry entries[] = {
    DOU_SETTINGS_PLACES (&settings),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &directories, NULL, N_ ("[DIR|FILE]") },
    G_OPTION_ENTRY_NULL,
  };

  if (!dou_command_parse ("doutok verify",
                          _ ("Reads all databases, looks whether each row has its file and each file "
                             "its row, and counts anew, beside a running server or without one. "
                             "With DIR or FILE it looks at that backup instead, and compares every file "
                             "with its checksum; a FILE is unpacked for that, into $TMPDIR."),
                          entries, &argc, &argv))
    return DOU_COMMAND_EXIT_USAGE;

  if (directories != NULL && directories[1] != NULL)
    return dou_command_refuse ("doutok verify", "%s", _ ("one directory or file at most"));

  return run (&settings, directories != NULL ? directories[0] : NULL);
}
