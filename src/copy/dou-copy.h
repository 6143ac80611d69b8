/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"

G_BEGIN_DECLS

/* In a state directory: a copy into it is not finished. */
#define DOU_COPY_MARK "copying"

/**
 * DouCopyProgressFunc:
 * @what: what is being done, lives as long as the process does
 * @done: of @total
 * @total: how much there is to do of it
 * @user_data: of the caller
 *
 * Told from time to time, each time before something is done that a crash may interrupt.
 */
typedef void (*DouCopyProgressFunc) (const char *what, guint64 done, guint64 total,
                                     gpointer user_data);

/**
 * DouCopyRequest:
 * @from: where to copy from; no server runs on it, and its state directory is locked by this process
 * @to: where to copy to, likewise
 * @n_rows: the most rows of one statement and commit; 0 for a good number
 * @progress: told how far it is
 * @user_data: for @progress
 *
 * What is to be copied. Directories in configurations are absolute.
 */
typedef struct
{
  DouConfig *from;
  DouConfig *to;
  guint n_rows;
  DouCopyProgressFunc progress;
  gpointer user_data;
} DouCopyRequest;

/**
 * DouCopyLine:
 * @title: `DOMAIN.TABLE`, or `media`
 * @n_rows: how many rows or files the source has
 * @checksum: of them; of files, their bytes
 * @is_equal: whether the target has the same
 *
 * What became of one table.
 */
typedef struct
{
  char *title;
  guint64 n_rows;
  char *checksum;
  gboolean is_equal;
} DouCopyLine;

GPtrArray *dou_copy (const DouCopyRequest *request, GError **error);
gboolean dou_copy_is_unfinished (const char *state_dir);

G_END_DECLS
