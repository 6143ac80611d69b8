/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-service.h"
#include "video/dou-video-impl.h"

#define PROGRAM "doutok-video"

static DouVideoManager *
make_manager (DouVideoStore *store, DouMediaStore *media, DouConfig *config, GError **error)
{
  gint64 max_duration = dou_config_get_int64 (config, DOU_CONFIG_MAX_DURATION) * 1000;
  g_autoptr (DouMediaRunner) runner
      = dou_media_runner_new (dou_config_get_int64 (config, DOU_CONFIG_MEDIA_MEMORY), error);
  g_autoptr (DouMediaImporter) importer = NULL;
  g_autoptr (DouVideoTranscoder) transcoder = NULL;

  if (runner == NULL)
    return NULL;

  dou_media_runner_warn_about_sandbox (runner);
  importer = dou_media_importer_new (runner, media,
                                     dou_config_get_int64 (config, DOU_CONFIG_MAX_UPLOAD),
                                     max_duration, g_get_num_processors ());
  transcoder = dou_video_transcoder_new (store, media, runner, max_duration,
                                         DOU_VIDEO_TRANSCODER_RETRY_DELAY);
  return dou_video_manager_new (store, media, importer, transcoder, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouService) service = dou_service_new (PROGRAM, &argc, &argv, NULL, &error);
  g_autoptr (DouClock) clock = dou_system_clock_new ();
  g_autoptr (DouVideoStore) store = NULL;
  g_autoptr (DouMediaStore) media = NULL;
  g_autoptr (DouVideoManager) manager = NULL;
  g_autoptr (DouVideoImpl) impl = NULL;
  g_autofree char *path = NULL;
  int status;

  if (service == NULL)
    return dou_service_fail (PROGRAM, error);

  path = g_build_filename (dou_service_get_state_dir (service), "video.db", NULL);
  if ((store = dou_video_store_open (path, clock, &error)) == NULL
      || (media = dou_media_store_new (dou_service_get_state_dir (service), &error)) == NULL
      || (manager = make_manager (store, media, dou_service_get_config (service), &error)) == NULL)
    return dou_service_fail (PROGRAM, error);

  impl = dou_video_impl_new (service, manager);
  if (!dou_service_export (service, G_DBUS_INTERFACE_SKELETON (impl), "/org/doutok/Video",
                           "org.doutok.Video", &error))
    return dou_service_fail (PROGRAM, error);

  status = dou_service_run (service);
  dou_video_store_close (store);
  return status;
}
