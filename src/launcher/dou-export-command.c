/* SPDX-License-Identifier: Apache-2.0 */

/* `doutok user export`. The file has no name until it is complete, so what is interrupted leaves nothing
 * behind, and somebody's messages least of all. */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "common/dou-config.h"
#include "common/dou-service.h"
#include "export/dou-export.h"
#include "launcher/dou-admin.h"
#include "launcher/dou-progress.h"

#define COMMAND "doutok user export"
#define MIB (1024 * 1024)

/* Directories and object store are those of the running server, whatever this command line says.
 * Returns: (transfer full) (nullable): its configuration */
static DouConfig *
load_config (DouAdmin *admin, GError **error)
{
  g_autofree char *path = g_build_filename (admin->runtime_dir, "doutok.conf", NULL);
  g_autoptr (DouConfig) config = dou_config_new ();

  return dou_config_load_file (config, path, error) ? g_steal_pointer (&config) : NULL;
}

static gboolean
set_error (const char *path, GError **error)
{
  int number = errno;

  if (number == EEXIST)
    g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                 _ ("%s is there already: --force replaces it"), path);
  else
    g_set_error (error, DOU_ERROR, number == ENOSPC ? DOU_STATUS_DISK_FULL : DOU_STATUS_UNAVAILABLE,
                 "%s: %s", path, g_strerror (number));
  return FALSE;
}

/* @part: (out) (transfer full) (nullable): the name that it has meanwhile; %NULL if it has none. Some file
 * systems (overlayfs before Linux 6.1, NFS) know no files without. */
static int
open_file (const char *path, char **part, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int fd = open (directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

  *part = NULL;
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
    {
      *part = g_strconcat (path, ".XXXXXX", NULL);
      fd = g_mkstemp_full (*part, O_WRONLY | O_CLOEXEC, 0600);
    }
  if (fd < 0)
    {
      set_error (path, error);
      g_clear_pointer (part, g_free);
    }

  return fd;
}

/* @to must not be there. */
static gboolean
link_file (int fd, const char *part, const char *to)
{
  g_autofree char *from
      = part != NULL ? g_strdup (part) : g_strdup_printf ("/proc/self/fd/%d", fd);

  return linkat (AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0;
}

/* In place of what is there. */
static gboolean
replace_file (int fd, const char *part, const char *path)
{
  g_autofree char *other = g_strdup_printf ("%s.%d", path, (int) getpid ());

  if (!link_file (fd, part, other))
    return FALSE;
  if (g_rename (other, path) == 0)
    return TRUE;

  g_unlink (other);
  return FALSE;
}

static gboolean
give_name (int fd, const char *part, const char *path, gboolean force, GError **error)
{
  return (fsync (fd) == 0
          && (link_file (fd, part, path)
              || (errno == EEXIST && force && replace_file (fd, part, path))))
         || set_error (path, error);
}

static gboolean
write_file (DouAdmin *admin, gint64 id, const char *path, gboolean force, DouExportResult *result,
            GError **error)
{
  g_autoptr (DouConfig) config = load_config (admin, error);
  g_autoptr (DouObjectAddress) objects = NULL;
  g_autofree char *media_dir = NULL;
  g_autofree char *part = NULL;
  DouProgress progress;
  DouExportRequest request;
  gboolean done;
  int fd;

  if (config == NULL || !dou_object_address_load (config, &objects, error))
    return FALSE;
  if (!force && g_file_test (path, G_FILE_TEST_EXISTS))
    {
      errno = EEXIST;
      return set_error (path, error);
    }

  fd = open_file (path, &part, error);
  if (fd < 0)
    return FALSE;

  media_dir = g_build_filename (dou_config_get_string (config, DOU_CONFIG_STATE_DIR), "media", NULL);
  dou_progress_init (&progress, 0);
  request = (DouExportRequest){
    .connection = admin->connection,
    .user = id,
    .why = admin->why != NULL ? admin->why : "",
    .media_dir = media_dir,
    .objects = objects,
    .max_size = G_MAXUINT64,
    .progress = dou_progress_show_cb,
    .user_data = &progress,
  };
  done = dou_export_write (&request, fd, NULL, result, error);
  dou_progress_end (&progress);
  done = done && give_name (fd, part, path, force, error);
  if (part != NULL)
    g_unlink (part);
  close (fd);
  return done;
}

/* Returns: the exit status */
static int
export_user (DouAdmin *admin, const char *path, gboolean force)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) ids = dou_admin_find_users (admin, &error);
  DouExportResult result;

  if (ids == NULL)
    return dou_service_fail ("doutok", error);

  if (!write_file (admin, g_array_index (ids, gint64, 0), path, force, &result, &error))
    {
      if (!g_error_matches (error, DOU_ERROR, DOU_STATUS_USER_NOT_FOUND))
        return dou_service_fail ("doutok", error);

      dou_admin_tell (admin->words[0], DOU_STATUS_USER_NOT_FOUND, "");
      return EXIT_FAILURE;
    }

  g_print (_ ("%s: all of %s. %u videos and pictures, %u MiB. It holds messages: give it to nobody else.\n"),
           path, admin->words[0], result.n_media, (guint) (result.size / MIB));
  if (result.n_missing > 0)
    g_printerr (_ ("doutok: %u files are not there any more, index.json says which\n"),
                result.n_missing);
  return EXIT_SUCCESS;
}

/**
 * dou_export_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok user export USER FILE.zip`.
 *
 * Returns: the exit status
 */
int
dou_export_command (int argc, char **argv)
{
  gboolean force = FALSE;
  const GOptionEntry options[] = {
    { "force", 0, 0, G_OPTION_ARG_NONE, &force, N_ ("Replace the file if it is there already"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  const DouAdminUsage usage
      = { COMMAND, _ ("USER FILE.zip"),
          _ ("Writes all that is kept of a user, by name or id, into a zip: profile, videos, likes,\n"
             "comments, follows, blocks, reports and messages as JSON, and the files. Neither the\n"
             "password nor anything that others said to others is in it."),
          options, TRUE };
  g_auto (DouAdmin) admin = { 0 };
  g_autofree char *word = NULL;
  g_autofree char *path = NULL;
  int exit_status;

  if (!dou_admin_begin (&admin, &usage, argc, argv, &exit_status))
    return exit_status;
  if (g_strv_length (admin.words) != 2)
    return dou_command_refuse (COMMAND, "%s", _ ("a user and a file are needed"));

  word = g_steal_pointer (&admin.words[1]);
  path = g_canonicalize_filename (word, NULL);
  return export_user (&admin, path, force);
}
