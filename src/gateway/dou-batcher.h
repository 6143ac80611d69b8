/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouBatcherLimits:
 * @max_items: most items of one D-Bus call
 * @max_in_flight: most calls at a time
 * @max_queue: most items that wait; more are refused with %DOU_STATUS_UNAVAILABLE
 * @timeout: milliseconds that one call may take
 * @patience: milliseconds that a call is waited for before another joins it; 0 not to wait
 * @linger: most milliseconds that the next call waits for those whom the last one, if it carried several
 *   items, has just answered; 0 not to wait
 */
typedef struct
{
  guint max_items;
  guint max_in_flight;
  guint max_queue;
  gint timeout;
  guint patience;
  guint linger;
} DouBatcherLimits;

/**
 * DouBatchResults:
 *
 * The results of one submission: as many as it had items, in their order.
 */
typedef struct _DouBatchResults DouBatchResults;

#define DOU_TYPE_BATCHER (dou_batcher_get_type ())
G_DECLARE_FINAL_TYPE (DouBatcher, dou_batcher, DOU, BATCHER, GObject)

DouBatcher *dou_batcher_new (GDBusProxy *proxy, const char *method, const char *item_type,
                             const DouBatcherLimits *limits);

void dou_batcher_submit_async (DouBatcher *self, GVariant *const *items, gsize n_items,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);
DouBatchResults *dou_batcher_submit_finish (DouBatcher *self, GAsyncResult *result,
                                            GError **error);

gboolean dou_batcher_is_lost_service (const GError *error);

gsize dou_batch_results_get_n (DouBatchResults *self);
GVariant *dou_batch_results_get (DouBatchResults *self, gsize index);
void dou_batch_results_free (DouBatchResults *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouBatchResults, dou_batch_results_free)

G_END_DECLS
