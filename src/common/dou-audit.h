/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-caller.h"
#include "common/dou-database.h"
#include "common/dou-json-writer.h"
#include "common/dou-record-list.h"

G_BEGIN_DECLS

/* For how long entries are kept, in milliseconds. The databases refuse to let go of them within 365 days. */
#define DOU_AUDIT_MEMORY (366 * (G_TIME_SPAN_DAY / G_TIME_SPAN_MILLISECOND))
/* The longest reason, in characters. */
#define DOU_AUDIT_WHY_MAX 500
/* The most entries of one page: the LIMIT of the statements. */
#define DOU_AUDIT_PAGE_MAX 500
/* The most pages of one call. */
#define DOU_AUDIT_PAGES_MAX 64

gboolean dou_audit_is_why (const char *why);
gboolean dou_audit_may_act (GHashTable *seen, const gint64 *id, const char *why);
void dou_audit_write (DouJsonWriter *writer, gint64 time, const DouCaller *caller, const char *why);

void dou_audit_list_async (DouDatabase *database, GVariant *pages, GAsyncReadyCallback callback,
                           gpointer user_data);

G_END_DECLS
