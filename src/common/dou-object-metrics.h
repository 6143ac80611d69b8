/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouObjectOutcome:
 * @DOU_OBJECT_SUCCESS: it was done
 * @DOU_OBJECT_NOTHING: the object, or that part of it, is not there
 * @DOU_OBJECT_REFUSED: the store does not want to
 * @DOU_OBJECT_FAILURE: the store was not able to, however often it was tried
 * @DOU_OBJECT_CANCELLED: whoever wanted it has given up
 *
 * What came of a request to an object store.
 */
typedef enum
{
  DOU_OBJECT_SUCCESS,
  DOU_OBJECT_NOTHING,
  DOU_OBJECT_REFUSED,
  DOU_OBJECT_FAILURE,
  DOU_OBJECT_CANCELLED,
} DouObjectOutcome;

void dou_object_metrics_prepare (void);
void dou_object_metrics_count (const char *method, DouObjectOutcome outcome, gint64 microseconds);
void dou_object_metrics_count_retry (const char *method);
void dou_object_metrics_count_bytes (guint64 sent, guint64 received);

G_END_DECLS
