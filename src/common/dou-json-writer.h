/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouJsonWriter:
 *
 * Writes JSON straight into one growing buffer, without a tree: what a response body and the one
 * parameter of a SQL batch need. json-glib builds a node per value, which costs more than the rest of
 * a request; it stays in use where JSON is read.
 *
 * Commas are the writer's business; pairing begin and end is the caller's.
 */
typedef struct
{
  GString *buffer;     /* (owned) */
  gboolean need_comma; /* a value precedes at this level */
} DouJsonWriter;

void dou_json_writer_init (DouJsonWriter *self, gsize reserved);
void dou_json_writer_clear (DouJsonWriter *self);
char *dou_json_writer_steal (DouJsonWriter *self, gsize *length);

void dou_json_writer_begin_object (DouJsonWriter *self);
void dou_json_writer_end_object (DouJsonWriter *self);
void dou_json_writer_begin_array (DouJsonWriter *self);
void dou_json_writer_end_array (DouJsonWriter *self);
void dou_json_writer_name (DouJsonWriter *self, const char *name);
void dou_json_writer_int64 (DouJsonWriter *self, gint64 value);
void dou_json_writer_boolean (DouJsonWriter *self, gboolean value);
void dou_json_writer_string (DouJsonWriter *self, const char *value);
void dou_json_writer_raw (DouJsonWriter *self, const char *json, gssize length);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DouJsonWriter, dou_json_writer_clear)

G_END_DECLS
