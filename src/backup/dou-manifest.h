/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Names in a backup. What is in its snapshot, and how that is called. */
#define DOU_MANIFEST_FILE "manifest.json"
#define DOU_BACKUP_MEDIA "media"
#define DOU_BACKUP_MEDIA_LIST "media.sha256"
#define DOU_BACKUP_TOKEN_KEYS "token-keys"
#define DOU_BACKUP_CONFIG "doutok.conf"
#define DOU_BACKUP_SNAPSHOT_PATTERN "[0-9]{8}T[0-9]{6}\\.[0-9]{6}Z"

/**
 * DouManifestFile:
 * @name: in the directory of the snapshot
 * @size: bytes
 * @sha256: of its content
 */
typedef struct
{
  char *name;
  guint64 size;
  char *sha256;
} DouManifestFile;

/**
 * DouManifest:
 * @snapshot: the directory of the snapshot, in that of the backup
 * @created: when it was made, in ISO 8601
 * @program: what made it
 * @files: (element-type DouManifestFile): what is in the snapshot
 * @n_media: files below media/
 * @media_size: their bytes
 *
 * What a backup consists of. It is written last: what it does not tell is no backup.
 */
typedef struct
{
  char *snapshot;
  char *created;
  char *program;
  GPtrArray *files;
  guint64 n_media;
  guint64 media_size;
} DouManifest;

DouManifest *dou_manifest_new (void);
DouManifest *dou_manifest_begin (void);
void dou_manifest_free (DouManifest *self);
void dou_manifest_add (DouManifest *self, const char *name, guint64 size, const char *sha256);
const DouManifestFile *dou_manifest_find (DouManifest *self, const char *name);
DouManifest *dou_manifest_load (const char *directory, GError **error);
gboolean dou_manifest_save (DouManifest *self, const char *directory, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouManifest, dou_manifest_free)

G_END_DECLS
