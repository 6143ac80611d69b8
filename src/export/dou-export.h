/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-object-address.h"

G_BEGIN_DECLS

/**
 * DouExportProgressFunc:
 * @what: a static string: what is being gathered
 * @done: of @total
 * @total: how much there is of it
 * @user_data: of the request
 */
typedef void (*DouExportProgressFunc) (const char *what, guint64 done, guint64 total,
                                       gpointer user_data);

/**
 * DouExportRequest:
 * @connection: a private bus with all services
 * @user: who is exported
 * @why: (nullable): the reason why the administration does it, for the audit log; %NULL if it is for the user
 * @media_dir: where files are
 * @objects: (nullable): where they are else
 * @max_size: the most bytes
 * @progress: (nullable): told of each step
 * @user_data: for @progress
 *
 * What somebody wants to take along.
 */
typedef struct
{
  GDBusConnection *connection;
  gint64 user;
  const char *why;
  const char *media_dir;
  const DouObjectAddress *objects;
  guint64 max_size;
  DouExportProgressFunc progress;
  gpointer user_data;
} DouExportRequest;

/**
 * DouExportResult:
 * @n_media: files beside JSON
 * @n_missing: files that could not be found
 * @size: bytes of all
 *
 * What became of it.
 */
typedef struct
{
  guint n_media;
  guint n_missing;
  guint64 size;
} DouExportResult;

gboolean dou_export_write (const DouExportRequest *request, int fd, GCancellable *cancellable,
                           DouExportResult *result, GError **error);

int dou_export_open_unnamed (const char *directory, GError **error);

G_END_DECLS
