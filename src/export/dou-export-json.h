/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "export/dou-zip.h"

G_BEGIN_DECLS

/**
 * DouExportJson:
 *
 * Writes JSON for people: a member a line, indented.
 */
typedef struct
{
  DouZip *zip;     /* (unowned) */
  GString *buffer; /* (owned) what is not in the archive yet */
  guint depth;
  gboolean is_first; /* nothing stands before what comes next, at its level */
} DouExportJson;

void dou_export_json_init (DouExportJson *self, DouZip *zip);
void dou_export_json_clear (DouExportJson *self);

/* @name is %NULL within arrays, and at the top. */
void dou_export_json_begin (DouExportJson *self, const char *name, char bracket);
void dou_export_json_end (DouExportJson *self, char bracket);
void dou_export_json_number (DouExportJson *self, const char *name, gint64 value);
void dou_export_json_string (DouExportJson *self, const char *name, const char *value);
void dou_export_json_time (DouExportJson *self, const char *name, gint64 milliseconds);

gboolean dou_export_json_flush (DouExportJson *self, GError **error);
gboolean dou_export_json_finish (DouExportJson *self, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DouExportJson, dou_export_json_clear)

G_END_DECLS
