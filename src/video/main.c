/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-metrics.h"
#include "common/dou-relay.h"
#include "video/dou-picture-owners.h"
#include "video/dou-video-admin-impl.h"
#include "video/dou-video-impl.h"

#define PROGRAM "doutok-video"

/* What becomes of the files that people send. */
typedef struct
{
  DouVideoStore *store;         /* (owned) */
  DouMediaStore *media;         /* (owned) */
  DouVideoManager *manager;     /* (owned) */
  DouPictureImporter *pictures; /* (owned) */
} Parts;

static void
parts_clear (Parts *parts)
{
  g_clear_object (&parts->pictures);
  g_clear_object (&parts->manager);
  g_clear_object (&parts->media);
  g_clear_object (&parts->store);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear)

/* Somebody waits for what is published, but not for ever. Uploads are as many as there are files being
 * worked on; the rest are small requests. */
static const DouObjectLimits object_limits = { .timeout = 10, .n_attempts = 3, .n_running = 16 };

static gboolean
parts_open_media (Parts *parts, DouService *service, GError **error)
{
  g_autoptr (DouObjectAddress) address = NULL;
  g_autoptr (DouObjectStore) objects = NULL;
  g_autoptr (DouMediaObjects) media = NULL;

  parts->media = dou_media_store_new (dou_service_get_state_dir (service), error);
  if (parts->media == NULL
      || !dou_object_address_load (dou_service_get_config (service), &address, error))
    return FALSE;
  if (address == NULL)
    return TRUE;

  objects = dou_object_store_new (address, &object_limits);
  media = dou_media_objects_new (objects);
  dou_media_store_set_objects (parts->media, media, DOU_MEDIA_STORE_RETRY_DELAY);
  return TRUE;
}

/* Nodes share what is to be transcoded if every one of them can read the files. */
static DouVideoJobs *
parts_make_jobs (Parts *parts, DouConfig *config)
{
  gboolean is_shared
      = !g_str_equal (dou_config_get_string (config, DOU_CONFIG_DATABASE_ENGINE), "sqlite");
  gint64 lease = dou_config_get_int64 (config, DOU_CONFIG_TRANSCODE_LEASE) * 1000;
  g_autoptr (DouVideoJobs) jobs
      = dou_video_jobs_new (parts->store, parts->media,
                            (guint) dou_config_get_int64 (config, DOU_CONFIG_NODE_ID), is_shared ? lease : 0);
  g_autoptr (DouRedisAddress) address = NULL;
  g_autoptr (DouRedis) redis = NULL;
  g_autoptr (DouVideoQueue) queue = NULL;
  g_autofree char *key = NULL;
  g_autofree char *node = NULL;

  /* What is wrong with the address is said by who tells other nodes what changes. */
  if (!is_shared || !dou_media_store_is_remote (parts->media)
      || !dou_redis_address_load (config, &address, NULL) || address == NULL)
    return g_steal_pointer (&jobs);

  key = g_strdup_printf ("doutok@%u:transcodes", address->database);
  node = g_strdup_printf ("node-%" G_GINT64_FORMAT,
                          dou_config_get_int64 (config, DOU_CONFIG_NODE_ID));
  redis = dou_redis_new (address, NULL);
  queue = dou_video_queue_new (redis, key, node, lease);
  dou_video_jobs_set_queue (jobs, queue);
  return g_steal_pointer (&jobs);
}

static gboolean
parts_make (Parts *parts, DouService *service, GError **error)
{
  DouConfig *config = dou_service_get_config (service);
  gint64 max_duration = dou_config_get_int64 (config, DOU_CONFIG_MAX_DURATION) * 1000;
  guint n_slots = g_get_num_processors ();
  g_autoptr (DouMediaRunner) runner
      = dou_media_runner_new (dou_config_get_int64 (config, DOU_CONFIG_MEDIA_MEMORY), error);
  g_autoptr (DouMediaImporter) importer = NULL;
  g_autoptr (DouVideoJobs) jobs = NULL;
  g_autoptr (DouVideoTranscoder) transcoder = NULL;
  g_autoptr (DouPictureKeeper) keeper = NULL;
  g_autoptr (DouVideoSocial) social = NULL;
  g_autoptr (DouVideoCleaner) cleaner = NULL;

  if (runner == NULL
      || (social = dou_video_social_new (dou_service_get_connection (service), error)) == NULL)
    return FALSE;

  dou_media_runner_warn_about_sandbox (runner);
  importer = dou_media_importer_new (runner, parts->media,
                                     dou_config_get_int64 (config, DOU_CONFIG_MAX_UPLOAD),
                                     max_duration, n_slots);
  jobs = parts_make_jobs (parts, config);
  transcoder = dou_video_transcoder_new (parts->store, parts->media, jobs, runner, max_duration,
                                         DOU_VIDEO_TRANSCODER_RETRY_DELAY);
  cleaner = dou_video_cleaner_new (parts->store, parts->media, transcoder, social,
                                   DOU_VIDEO_CLEANER_RETRY_DELAY);
  parts->manager = dou_video_manager_new (parts->store, parts->media, importer, transcoder, cleaner,
                                          error);
  if (parts->manager == NULL)
    return FALSE;

  keeper = dou_picture_keeper_new (parts->store, parts->media, DOU_PICTURE_KEEPER_DELAY);
  dou_picture_keeper_recover (keeper);
  parts->pictures
      = dou_picture_importer_new (runner, parts->store, parts->media, keeper, n_slots);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouService) service = dou_service_new (PROGRAM, &argc, &argv, NULL, &error);
  g_autoptr (DouClock) clock = dou_system_clock_new ();
  g_auto (Parts) parts = { NULL };
  g_autoptr (DouPictureOwners) owners = NULL;
  g_autoptr (DouRetention) retention = NULL;
  g_autoptr (DouVideoImpl) impl = NULL;
  g_autoptr (DouVideoAdminImpl) admin = NULL;
  g_autoptr (DouRelay) relay = NULL;
  g_autoptr (DouDatabaseAddress) address = NULL;
  int status;

  if (service == NULL || !dou_service_measure (service, DOU_METRICS_VIDEO, &error))
    return dou_service_fail (PROGRAM, error);

  address = dou_database_address_new_from_config (dou_service_get_config (service), "video", &error);
  if (address == NULL
      || (parts.store = dou_video_store_open (address, clock, &error)) == NULL
      || !parts_open_media (&parts, service, &error)
      || !parts_make (&parts, service, &error))
    return dou_service_fail (PROGRAM, error);

  owners = dou_picture_owners_new (
      service, dou_picture_importer_get_keeper (parts.pictures), &error);
  if (owners == NULL)
    return dou_service_fail (PROGRAM, error);

  retention = dou_video_store_start_retention (parts.store, clock);
  impl = dou_video_impl_new (service, parts.manager, parts.pictures);
  admin = dou_video_admin_impl_new (service, parts.manager);
  if (!dou_service_add_interface (service, G_DBUS_INTERFACE_SKELETON (admin), "/org/doutok/Video",
                                  &error)
      || !dou_service_export (service, G_DBUS_INTERFACE_SKELETON (impl), "/org/doutok/Video",
                              "org.doutok.Video", &error))
    return dou_service_fail (PROGRAM, error);

  relay = dou_relay_new_for_service (service, G_DBUS_INTERFACE_SKELETON (impl));
  if (relay != NULL)
    {
      g_signal_connect_swapped (relay, "heard::Changed",
                                G_CALLBACK (dou_video_manager_hear_changed), parts.manager);
      g_signal_connect_swapped (relay, "heard::Reset",
                                G_CALLBACK (dou_video_manager_forget_newest), parts.manager);
    }
  status = dou_service_run (service);
  dou_video_store_close (parts.store);
  return status;
}
