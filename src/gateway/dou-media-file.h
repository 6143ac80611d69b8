/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/stat.h>

#include <glib.h>

#include "common/dou-status.h"

G_BEGIN_DECLS

/**
 * DouMediaFile:
 * @fd: open for reading
 * @bytes: the content, mapped
 * @size: bytes
 * @content_type: by its extension
 * @etag: a strong entity tag, with its quotation marks
 * @last_modified: @mtime as HTTP writes it
 * @mtime: time of the last change, in seconds since 1970
 * @identity: what the file was when it was opened
 *
 * One file of the media directory, open for reading. Nobody changes it.
 */
typedef struct
{
  int fd;        /* (owned) */
  GBytes *bytes; /* (owned) */
  gsize size;
  const char *content_type; /* (unowned) static */
  char *etag;               /* (owned) */
  char *last_modified;      /* (owned) */
  gint64 mtime;
  struct stat identity;
} DouMediaFile;

const char *dou_media_file_get_content_type (const char *name);
char *dou_media_file_get_successor (const char *name, guint attempt);

DouMediaFile *dou_media_file_open (int directory_fd, const char *name, DouStatus *status);
DouMediaFile *dou_media_file_ref (DouMediaFile *self);
void dou_media_file_unref (DouMediaFile *self);
gboolean dou_media_file_is_current (DouMediaFile *self, int directory_fd, const char *name);
void dou_media_file_read_ahead (DouMediaFile *self, gsize offset, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouMediaFile, dou_media_file_unref)

G_END_DECLS
