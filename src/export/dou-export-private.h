/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "export/dou-export-json.h"
#include "export/dou-export.h"

G_BEGIN_DECLS

/* Records that are asked for at a time. */
#define DOU_EXPORT_PAGE 500

/* A file that belongs into the archive. */
typedef struct
{
  gint64 video; /* whose it is, or 0 for a picture */
  gboolean is_cover;
  char *name; /* (owned) below /media/ */
} DouExportFile;

/* An export on its way. What the files of this folder share, and nobody else sees. */
typedef struct
{
  const DouExportRequest *request; /* (unowned) */
  GCancellable *cancellable;       /* (unowned) (nullable) */
  DouZip *zip;                     /* (owned) */
  GVariant *account;               /* (owned) ixssss of the user, and since when banned */
  DouExportJson json;              /* (owned) of the part that is being written */
  guint64 n_records;               /* of that part */
  GArray *files;                   /* (owned) (element-type DouExportFile) */
  GPtrArray *missing;              /* (owned) (element-type utf8) files that are not there any more */
  GHashTable *renamed;             /* (owned) (element-type utf8 utf8) files that got another name meanwhile */
} DouExport;

GVariant *dou_export_call (DouExport *self, const char *service, const char *interface,
                           const char *method, GVariant *items, const char *reply, GError **error);
GVariant *dou_export_make_page (gint64 user, gint64 before, guint count);
GVariant *dou_export_make_ids (GVariant *page, gsize member);
void dou_export_write_user (DouExport *self, const char *name, gint64 id, const char *user_name);
gboolean dou_export_end_page (DouExport *self, GError **error);

gboolean dou_export_profile (DouExport *self, GError **error);
gboolean dou_export_videos (DouExport *self, GError **error);
gboolean dou_export_likes (DouExport *self, GError **error);
gboolean dou_export_comments (DouExport *self, GError **error);
gboolean dou_export_feelings (DouExport *self, GError **error);
gboolean dou_export_following (DouExport *self, GError **error);
gboolean dou_export_followers (DouExport *self, GError **error);
gboolean dou_export_blocked (DouExport *self, GError **error);
gboolean dou_export_reports (DouExport *self, GError **error);
gboolean dou_export_messages (DouExport *self, GError **error);

GVariant *dou_export_get_users (DouExport *self, GVariant *ids, GError **error);
gboolean dou_export_load_account (DouExport *self, GError **error);

G_END_DECLS
