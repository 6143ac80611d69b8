/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database.h"

G_BEGIN_DECLS

/* The most records of one page: the LIMIT of the statements. */
#define DOU_RECORD_PAGE_MAX 500
/* The most pages of one call: each may have some megabytes of text. */
#define DOU_RECORD_PAGES_MAX 8

/**
 * DouRecordPage:
 * @owner: whose records
 * @before: what the page begins below; 0 for the newest
 * @count: the most records
 *
 * A part of a list of what belongs to one user.
 */
typedef struct
{
  gint64 owner;
  gint64 before;
  guint32 count;
} DouRecordPage;

void dou_record_list_async (DouDatabase *database, const char *statement, const char *row_type,
                            GVariant *pages, GAsyncReadyCallback callback, gpointer user_data);
GVariant *dou_record_list_finish (DouDatabase *database, GAsyncResult *result, GError **error);

G_END_DECLS
