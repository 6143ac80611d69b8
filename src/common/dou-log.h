/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouLogLevel:
 *
 * The least important lines that are written. Messages of GLib are as important as information;
 * critical ones and errors as warnings.
 */
typedef enum
{
  DOU_LOG_DEBUG,
  DOU_LOG_INFO,
  DOU_LOG_WARNING,
} DouLogLevel;

/**
 * DouLogFormat:
 *
 * Positions of the choices of [log] format.
 */
typedef enum
{
  DOU_LOG_FORMAT_AUTO, /* the journal if standard error is connected to it, else text */
  DOU_LOG_FORMAT_TEXT,
  DOU_LOG_FORMAT_JSON,
} DouLogFormat;

gboolean dou_log_levels_parse (const char *text, const char *part, DouLogLevel *level);
gboolean dou_log_level_parse (const char *text, DouLogLevel *level);
const char *dou_log_level_get_name (DouLogLevel level);
char *dou_log_format_line (DouLogFormat format, const char *part, gint64 time,
                           GLogLevelFlags flags, const GLogField *fields, gsize n_fields);

void dou_log_open (const char *part, DouLogFormat format, DouLogLevel level);
const char *dou_log_name_requests (const char *requests);
const char *dou_log_get_requests (void);

const char *dou_log_get_part (void);
DouLogLevel dou_log_get_level (void);
void dou_log_set_level (DouLogLevel level);

G_END_DECLS
