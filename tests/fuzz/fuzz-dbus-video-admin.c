/* SPDX-License-Identifier: Apache-2.0 */

/* org.doutok.Video1.Admin, see dbus.c. */

#include "config.h"

#include <stdlib.h>

#include "fuzz/dbus.h"
#include "lib/dou-test-dir.h"
#include "video/dou-video-admin-impl.h"
#include "video/video-fixture.h"

static VideoFixture video;
static DouVideoAdminImpl *impl;

static void
clean_up (void)
{
  dou_video_manager_stop (video.manager);
  video_fixture_wait_idle (&video);
  dou_test_dir_remove (video.directory);
}

static void
set_up (void)
{
  video_fixture_set_up (&video, NULL);
  video_fixture_open (&video);
  impl = dou_video_admin_impl_new (fuzz_dbus_get_service (), video.manager);
  fuzz_dbus_export (G_DBUS_INTERFACE_SKELETON (impl));
  atexit (clean_up);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (impl == NULL)
    set_up ();

  fuzz_dbus_call (G_DBUS_INTERFACE_SKELETON (impl), data, size);
  return 0;
}
