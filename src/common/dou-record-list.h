/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database.h"

G_BEGIN_DECLS

/* The most records of one page: the LIMIT of the statements of what belongs to one user. */
#define DOU_RECORD_PAGE_MAX 500
/* The most pages of one call for what belongs to one user: each may have some megabytes of text. */
#define DOU_RECORD_PAGES_MAX 8

void dou_record_list_of_async (DouDatabase *database, const char *statement, const char *row_type,
                               GVariant *pages, GAsyncReadyCallback callback, gpointer user_data);
void dou_record_list_some_async (DouDatabase *database, const char *const statements[2],
                                 const char *row_type, GVariant *pages,
                                 GAsyncReadyCallback callback, gpointer user_data);
void dou_record_list_all_async (DouDatabase *database, const char *statement, const char *row_type,
                                GVariant *pages, GAsyncReadyCallback callback, gpointer user_data);
GVariant *dou_record_list_finish (DouDatabase *database, GAsyncResult *result, GError **error);

G_END_DECLS
