/* SPDX-License-Identifier: Apache-2.0 */

/* The files below STATE/media that everybody may read.
 *
 * What may be read is decided by the shape of the name alone: KIND/XX/ID.EXT, with nothing in it
 * that a path could climb out by. Work in progress and unfinished uploads lie in the same directory
 * under names that have another shape. On top of that each step is opened by itself and follows no
 * symbolic link. openat2(RESOLVE_BENEATH) would be one call instead of three, but container
 * run-times of Debian 12's age refuse it, so the three would be needed all the same.
 *
 * A file is mapped, not read: its pages are the page cache's, shared by all gateways. Small parts are
 * sent from there, large ones from the descriptor (DouOutput). Touching a page beyond the end of a file that
 * was shortened meanwhile kills the process. That cannot happen as long as all hold on to the rule that a file
 * gets its final name complete and is never written again: a change is a new file with a new name. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libsoup/soup.h>

#include "gateway/dou-media-file.h"

/* Digits of the widest id, 2^53 - 1. */
#define MAX_ID_DIGITS 16
/* Digits of the number of a further version of a file. */
#define MAX_VERSION_DIGITS 3

#define VIDEO_KIND "video/"

static const struct
{
  const char *kind;
  gboolean versions; /* ID-N as well as ID */
  const char *extension;
  const char *content_type;
} forms[] = {
  { VIDEO_KIND, TRUE, ".mp4", "video/mp4" },
  { VIDEO_KIND, TRUE, ".webm", "video/webm" },
  { VIDEO_KIND, TRUE, ".mkv", "video/x-matroska" },
  { VIDEO_KIND, TRUE, ".mov", "video/quicktime" },
  { "cover/", FALSE, ".jpg", "image/jpeg" },
  { "avatar/", FALSE, ".jpg", "image/jpeg" },
  { "background/", FALSE, ".jpg", "image/jpeg" },
};

/* A number without leading zeros; returns its digits, 0 if it is none. */
static gsize
count_digits (const char *text, gsize max)
{
  gsize n = strspn (text, G_CSET_DIGITS);

  return n <= max && *text != '0' ? n : 0;
}

/* `XX/ID` or, with @versions, `XX/ID-N`; returns its bytes, 0 if it is neither. */
static gsize
measure_stem (const char *text, gboolean versions)
{
  gsize n = strlen ("XX/");
  gsize digits;

  if (strspn (text, G_CSET_DIGITS "abcdef") != 2 || text[2] != '/')
    return 0;

  digits = count_digits (text + n, MAX_ID_DIGITS);
  if (digits == 0)
    return 0;
  n += digits;

  if (versions && text[n] == '-')
    {
      digits = count_digits (text + n + 1, MAX_VERSION_DIGITS);
      n = digits > 0 ? n + 1 + digits : 0;
    }

  return n;
}

/**
 * dou_media_file_get_content_type:
 * @name: a path below the media directory, from outside
 *
 * Returns: (transfer none) (nullable): the type of the file; %NULL if no file of that name is for
 *   everybody
 */
const char *
dou_media_file_get_content_type (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      const char *rest = name + strlen (forms[i].kind);
      gsize stem;

      if (!g_str_has_prefix (name, forms[i].kind))
        continue;

      stem = measure_stem (rest, forms[i].versions);
      if (stem > 0 && g_str_equal (rest + stem, forms[i].extension))
        return forms[i].content_type;
    }

  return NULL;
}

/**
 * dou_media_file_get_successor:
 * @name: a path below the media directory, from outside
 * @attempt: 0, then 1, …
 *
 * A video that was published as it came is replaced by one in another codec, under a new name,
 * while clients still hold the old one.
 *
 * Returns: (transfer full) (nullable): a name under which the newer one may be; %NULL after the
 *   last, and for what is no name of a video
 */
char *
dou_media_file_get_successor (const char *name, guint attempt)
{
  static const char *const suffixes[] = { ".mp4", "-1.mp4" };

  if (!g_str_has_prefix (name, VIDEO_KIND) || dou_media_file_get_content_type (name) == NULL
      || attempt >= G_N_ELEMENTS (suffixes))
    return NULL;

  return g_strdup_printf ("%.*s%s", (int) strcspn (name, "-."), name, suffixes[attempt]);
}

/* The steps of a valid @name, one directory at a time. */
static int
open_beneath (int directory_fd, const char *name)
{
  g_auto (GStrv) steps = g_strsplit (name, "/", -1);
  int fd = directory_fd;

  for (gsize i = 0; steps[i] != NULL && fd >= 0; i++)
    {
      /* O_NONBLOCK: whatever may lie there, opening it must not wait. */
      int flags = steps[i + 1] != NULL ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK | O_NOCTTY;
      int next = openat (fd, steps[i], flags | O_NOFOLLOW | O_CLOEXEC);
      int saved_errno = errno;

      if (fd != directory_fd)
        close (fd);
      fd = next;
      errno = saved_errno;
    }

  return fd;
}

static DouStatus
status_from_errno (const char *name, int error)
{
  switch (error)
    {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
      return DOU_STATUS_NOT_FOUND;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return DOU_STATUS_UNAVAILABLE;
    default:
      g_warning ("Cannot open “%s”: %s", name, g_strerror (error));
      return DOU_STATUS_INTERNAL;
    }
}

static char *
format_date (gint64 seconds)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (seconds);

  return soup_date_time_to_string (date, SOUP_DATE_HTTP);
}

/* Takes @fd if there is a file. */
static DouMediaFile *
dou_media_file_map (int fd, const char *name, const struct stat *identity, DouStatus *status)
{
  g_autoptr (GMappedFile) mapping = g_mapped_file_new_from_fd (fd, FALSE, NULL);
  DouMediaFile *self;

  if (mapping == NULL)
    {
      *status = DOU_STATUS_UNAVAILABLE;
      return NULL;
    }

  self = g_rc_box_new0 (DouMediaFile);
  self->fd = fd;
  self->bytes = g_mapped_file_get_bytes (mapping);
  self->size = g_bytes_get_size (self->bytes);
  self->content_type = dou_media_file_get_content_type (name);
  self->identity = *identity;
  self->mtime = identity->st_mtim.tv_sec;
  self->last_modified = format_date (self->mtime);
  /* Neither the inode nor the device, so that it outlives a restored backup. */
  self->etag = g_strdup_printf ("\"%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x.%lx\"",
                                (guint64) self->size, (guint64) self->mtime,
                                (gulong) identity->st_mtim.tv_nsec);
  return self;
}

/**
 * dou_media_file_open:
 * @directory_fd: the media directory
 * @name: a path below it, from outside
 * @status: (out): why there is none
 *
 * Returns: (transfer full) (nullable): the file, or %NULL, with %DOU_STATUS_NOT_FOUND unless
 *   something is wrong here
 */
DouMediaFile *
dou_media_file_open (int directory_fd, const char *name, DouStatus *status)
{
  DouMediaFile *self = NULL;
  struct stat identity;
  int fd;

  *status = DOU_STATUS_NOT_FOUND;
  if (dou_media_file_get_content_type (name) == NULL)
    return NULL;

  fd = open_beneath (directory_fd, name);
  if (fd < 0)
    {
      *status = status_from_errno (name, errno);
      return NULL;
    }

  if (fstat (fd, &identity) == 0 && S_ISREG (identity.st_mode))
    self = dou_media_file_map (fd, name, &identity, status);
  if (self == NULL)
    close (fd);

  return self;
}

DouMediaFile *
dou_media_file_ref (DouMediaFile *self)
{
  return g_rc_box_acquire (self);
}

static void
dou_media_file_clear (gpointer data)
{
  DouMediaFile *self = data;

  close (self->fd);
  g_bytes_unref (self->bytes);
  g_free (self->etag);
  g_free (self->last_modified);
}

void
dou_media_file_unref (DouMediaFile *self)
{
  g_rc_box_release_full (self, dou_media_file_clear);
}

/**
 * dou_media_file_is_current:
 * @self: a file
 * @directory_fd: the media directory
 * @name: the name that it was opened by
 *
 * Returns: whether it is still what lies there under that name
 */
gboolean
dou_media_file_is_current (DouMediaFile *self, int directory_fd, const char *name)
{
  struct stat now;

  return fstatat (directory_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0
         && now.st_ino == self->identity.st_ino && now.st_dev == self->identity.st_dev
         && now.st_size == self->identity.st_size
         && now.st_mtim.tv_sec == self->identity.st_mtim.tv_sec
         && now.st_mtim.tv_nsec == self->identity.st_mtim.tv_nsec;
}

/**
 * dou_media_file_read_ahead:
 * @self: a file
 * @offset: where bytes will be wanted soon
 * @length: how many
 *
 * Lets the kernel begin to read from the disk what is not in memory, and does not wait for it.
 */
void
dou_media_file_read_ahead (DouMediaFile *self, gsize offset, gsize length)
{
  const char *data = g_bytes_get_data (self->bytes, NULL);
  gsize begin = offset - offset % (gsize) sysconf (_SC_PAGESIZE);

  if (length > 0)
    madvise ((gpointer) (data + begin), offset - begin + length, MADV_WILLNEED);
}
