/* SPDX-License-Identifier: Apache-2.0 */

/* Where a server lives, and that it lives there alone.
 *
 * Both directories are locked with flock(2), which the kernel undoes however the process ends: the
 * state directory by its file `lock`, which stays and says who holds it, the runtime directory by
 * itself, so that nothing has to be cleaned up. A file with a process id that is looked at was
 * rejected: after a crash it lies.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "launcher/dou-directories.h"

struct _DouDirectories
{
  GObject parent_instance;

  char *state_dir;       /* (owned) */
  char *runtime_dir;     /* (owned) */
  int state_lock;        /* descriptor of the locked file, or -1 */
  int runtime_lock;      /* descriptor of the locked directory, or -1 */
  gboolean is_temporary; /* the runtime directory goes with us */
  gboolean is_published; /* the file `bus-address` goes with us */
};

G_DEFINE_FINAL_TYPE (DouDirectories, dou_directories, G_TYPE_OBJECT)

static char *
get_bus_address_path (const char *state_dir)
{
  return g_build_filename (state_dir, "bus-address", NULL);
}

static void
dou_directories_finalize (GObject *object)
{
  DouDirectories *self = DOU_DIRECTORIES (object);

  if (self->is_published)
    {
      g_autofree char *path = get_bus_address_path (self->state_dir);

      g_unlink (path);
    }
  if (self->is_temporary)
    g_rmdir (self->runtime_dir);
  if (self->runtime_lock >= 0)
    g_close (self->runtime_lock, NULL);
  if (self->state_lock >= 0)
    g_close (self->state_lock, NULL);
  g_free (self->state_dir);
  g_free (self->runtime_dir);

  G_OBJECT_CLASS (dou_directories_parent_class)->finalize (object);
}

static void
dou_directories_class_init (DouDirectoriesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_directories_finalize;
}

static void
dou_directories_init (DouDirectories *self)
{
  self->state_lock = -1;
  self->runtime_lock = -1;
}

static void
set_unwritable_error (GError **error, const char *path, const char *reason)
{
  g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED,
               _ ("The directory %s is not writable: %s"), path, reason);
}

/* Paths stand in the children's configuration, in files of dbus-daemon, and in addresses. */
static gboolean
check_text (const char *path, GError **error)
{
  const gsize length = strlen (path);
  gboolean is_plain = g_utf8_validate (path, (gssize) length, NULL) && !g_ascii_isspace (path[0])
                      && !g_ascii_isspace (path[length - 1]);

  for (const char *p = path; is_plain && *p != '\0'; p++)
    is_plain = !g_ascii_iscntrl (*p);

  if (!is_plain)
    {
      g_autofree char *shown = g_utf8_make_valid (path, (gssize) length);

      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("The path “%s” cannot be used: it is not UTF-8, has a control character, or "
                      "begins or ends with a space"),
                   shown);
    }

  return is_plain;
}

/**
 * dou_directories_check_writable:
 * @path: an existing directory
 * @error: return location for %DOU_STATUS_NOT_PERMITTED
 *
 * Asks the mode bits first, since root may write everywhere and whoever took the bit away meant it;
 * then makes a file, which a read-only or full file system refuses also root.
 *
 * Returns: whether files can be made in @path; none is left there
 */
gboolean
dou_directories_check_writable (const char *path, GError **error)
{
  struct stat status;
  int fd;

  if (stat (path, &status) < 0)
    {
      set_unwritable_error (error, path, g_strerror (errno));
      return FALSE;
    }
  if (!S_ISDIR (status.st_mode))
    {
      set_unwritable_error (error, path, g_strerror (ENOTDIR));
      return FALSE;
    }
  if ((status.st_mode & S_IWUSR) == 0)
    {
      set_unwritable_error (error, path, g_strerror (EACCES));
      return FALSE;
    }

  fd = open (path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
    {
      g_autofree char *trial = g_build_filename (path, ".doutok-XXXXXX", NULL);

      fd = g_mkstemp_full (trial, O_RDWR | O_CLOEXEC, 0600);
      if (fd >= 0)
        g_unlink (trial);
    }
  if (fd < 0)
    {
      set_unwritable_error (error, path, g_strerror (errno));
      return FALSE;
    }

  g_close (fd, NULL);
  return TRUE;
}

static gboolean
make_directory (const char *path, GError **error)
{
  if (!check_text (path, error))
    return FALSE;

  if (g_mkdir_with_parents (path, 0700) < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, _ ("Cannot make the directory %s: %s"),
                   path, g_strerror (errno));
      return FALSE;
    }

  return dou_directories_check_writable (path, error);
}

static gboolean
lock (int fd, const char *path, GError **error)
{
  char holder[16] = "";

  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;

  if (errno != EWOULDBLOCK)
    g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, _ ("Cannot lock %s: %s"), path,
                 g_strerror (errno));
  else if (read (fd, holder, sizeof holder - 1) > 0)
    g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                 _ ("Another doutok (process %s) is running on %s"), g_strchomp (holder), path);
  else
    g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Another doutok is running on %s"),
                 path);

  return FALSE;
}

/* Commands that root runs must not leave a lock that the server's user cannot open. */
static void
hand_over (int fd, const char *directory)
{
  struct stat status;

  if (geteuid () == 0 && stat (directory, &status) == 0
      && fchown (fd, status.st_uid, status.st_gid) != 0)
    g_info ("The lock of %s stays root's: %s", directory, g_strerror (errno));
}

static gboolean
dou_directories_open_state (DouDirectories *self, const char *path, GError **error)
{
  g_autofree char *lock_path = g_build_filename (path, "lock", NULL);

  if (!make_directory (path, error))
    return FALSE;

  self->state_dir = g_strdup (path);
  self->state_lock = open (lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->state_lock < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, _ ("Cannot open %s: %s"), lock_path,
                   g_strerror (errno));
      return FALSE;
    }
  hand_over (self->state_lock, path);
  if (!lock (self->state_lock, path, error))
    return FALSE;

  /* For the eyes of whoever asks who it is. */
  if (ftruncate (self->state_lock, 0) == 0)
    dprintf (self->state_lock, "%d\n", getpid ());
  return TRUE;
}

static gboolean
dou_directories_open_runtime (DouDirectories *self, const char *path, GError **error)
{
  struct stat status;

  self->runtime_dir = g_strdup (path);
  if (!make_directory (path, error))
    return FALSE;

  self->runtime_lock = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->runtime_lock < 0 || fstat (self->runtime_lock, &status) < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, _ ("Cannot open %s: %s"), path,
                   g_strerror (errno));
      return FALSE;
    }
  if (status.st_uid != geteuid () || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED,
                   _ ("The runtime directory %s must belong to this user and be writable by no "
                      "other"),
                   path);
      return FALSE;
    }

  return lock (self->runtime_lock, path, error);
}

/**
 * dou_directories_open:
 * @state_dir: an absolute path
 * @runtime_dir: an absolute path; empty for a temporary directory of our own
 * @error: return location for %DOU_STATUS_UNAVAILABLE if another server is running there,
 *   %DOU_STATUS_BAD_PARAMETER or %DOU_STATUS_NOT_PERMITTED
 *
 * Makes what is missing, for this user alone, and locks both until the last reference goes.
 *
 * Returns: (transfer full): the directories, or %NULL
 */
DouDirectories *
dou_directories_open (const char *state_dir, const char *runtime_dir, GError **error)
{
  g_autoptr (DouDirectories) self = g_object_new (DOU_TYPE_DIRECTORIES, NULL);
  g_autofree char *temporary = NULL;

  g_return_val_if_fail (g_path_is_absolute (state_dir), NULL);
  g_return_val_if_fail (*runtime_dir == '\0' || g_path_is_absolute (runtime_dir), NULL);

  if (!dou_directories_open_state (self, state_dir, error))
    return NULL;

  if (*runtime_dir == '\0')
    {
      g_autoptr (GError) local_error = NULL;

      runtime_dir = temporary = g_dir_make_tmp ("doutok-XXXXXX", &local_error);
      if (runtime_dir == NULL)
        {
          g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED,
                       _ ("Cannot make a temporary directory: %s"), local_error->message);
          return NULL;
        }
      self->is_temporary = TRUE;
    }

  if (!dou_directories_open_runtime (self, runtime_dir, error))
    return NULL;

  return g_steal_pointer (&self);
}

const char *
dou_directories_get_state_dir (DouDirectories *self)
{
  g_return_val_if_fail (DOU_IS_DIRECTORIES (self), NULL);

  return self->state_dir;
}

const char *
dou_directories_get_runtime_dir (DouDirectories *self)
{
  g_return_val_if_fail (DOU_IS_DIRECTORIES (self), NULL);

  return self->runtime_dir;
}

/**
 * dou_directories_publish_bus:
 * @self: the directories
 * @address: the D-Bus address of the server that lives in them
 * @error: return location for %DOU_STATUS_NOT_PERMITTED
 *
 * Says where the bus is to whoever knows the state directory alone: the runtime directory may be a
 * temporary one. Undone with the last reference.
 *
 * Returns: whether the file `bus-address` is written
 */
gboolean
dou_directories_publish_bus (DouDirectories *self, const char *address, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *line = g_strconcat (address, "\n", NULL);
  g_autoptr (GError) local_error = NULL;

  g_return_val_if_fail (DOU_IS_DIRECTORIES (self), FALSE);

  path = get_bus_address_path (self->state_dir);
  self->is_published = g_file_set_contents_full (path, line, -1, G_FILE_SET_CONTENTS_CONSISTENT,
                                                 0600, &local_error);
  if (!self->is_published)
    g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_PERMITTED, _ ("Cannot write %s: %s"), path,
                 local_error->message);

  return self->is_published;
}

/**
 * dou_directories_read_bus:
 * @state_dir: a state directory
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * What dou_directories_publish_bus() has written. After a crash the file may be stale: only a
 * connection tells.
 *
 * Returns: (transfer full): a D-Bus address, or %NULL
 */
char *
dou_directories_read_bus (const char *state_dir, GError **error)
{
  g_autofree char *path = get_bus_address_path (state_dir);
  g_autofree char *line = NULL;

  if (!g_file_get_contents (path, &line, NULL, NULL))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("No doutok is running on %s"),
                   state_dir);
      return NULL;
    }

  return g_strdup (g_strchomp (line));
}
