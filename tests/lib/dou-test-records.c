/* SPDX-License-Identifier: Apache-2.0 */

/* What a store lists comes from its database, which only the store knows. */

#include "config.h"

#include "common/dou-record-list.h"
#include "lib/dou-test-records.h"
#include "lib/dou-test-wait.h"

/**
 * dou_test_records_wait:
 * @result: (inout): what was given to dou_test_wait_result_cb() for a list
 *
 * Returns: (transfer full): what dou_record_list_finish() returns, once it is there
 */
GVariant *
dou_test_records_wait (GAsyncResult **result)
{
  g_autoptr (GAsyncResult) waited = dou_test_wait_result (result);
  g_autoptr (GObject) database = g_async_result_get_source_object (waited);
  g_autoptr (GError) error = NULL;
  GVariant *records = dou_record_list_finish (DOU_DATABASE (database), waited, &error);

  g_assert_no_error (error);
  return records;
}
