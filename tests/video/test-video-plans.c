/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-test-dir.h"
#include "lib/dou-test-plans.h"
#include "video/dou-video-store.h"

static const char *const exceptions[] = {
  /* One row each: the parameter as a table. */
  "insert-video: SCAN j",
  "insert-picture: SCAN j",
  "list-transcodes: SCAN j",
  "claim-transcode: SCAN j",
  "renew-transcode: SCAN j",
  "update-transcode: SCAN j",
  /* What a subquery with a limit gave. */
  "get-feed: SCAN v",
  "get-works: SCAN v",
  /* Indexes that hold only what is still to be done. */
  "count-videos: SCAN videos USING INDEX videos_to_transcode",
  "count-videos: SCAN videos USING INDEX videos_not_transcoded",
  "get-unsettled-pictures: SCAN pictures USING INDEX pictures_unsettled",
  "find-remains: SCAN d USING INDEX deleted_videos_pending",
  "list-unclean: SCAN deleted_videos USING INDEX deleted_videos_pending",
  /* The oldest entries, up to a limit. */
  "forget-audit: SCAN video_audit",
  NULL,
};

/* Test that no statement reads through a table that grows. */
static void
test_no_scan (void)
{
  char *directory = dou_test_dir_new ();
  g_autoptr (DouDatabaseAddress) address = dou_database_address_new_in (directory, "video");
  g_autoptr (DouClock) clock = dou_system_clock_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DouVideoStore) store = dou_video_store_open (address, clock, &error);

  g_assert_no_error (error);
  dou_test_plans_assert_no_scan ("video", address, exceptions);
  g_clear_object (&store);
  dou_test_dir_remove (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/video/plans/no-scan", test_no_scan);

  return g_test_run ();
}
