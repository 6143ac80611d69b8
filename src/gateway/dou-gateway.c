/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/dou-paths.h"
#include "dou-docs.h"
#include "gateway/dou-comment-pages.h"
#include "gateway/dou-comment-routes.h"
#include "gateway/dou-conversation-routes.h"
#include "gateway/dou-context.h"
#include "gateway/dou-export-routes.h"
#include "gateway/dou-favorite-routes.h"
#include "gateway/dou-feed.h"
#include "gateway/dou-gateway.h"
#include "gateway/dou-health-routes.h"
#include "gateway/dou-media-routes.h"
#include "gateway/dou-message-routes.h"
#include "gateway/dou-metrics-routes.h"
#include "gateway/dou-picture-routes.h"
#include "gateway/dou-push.h"
#include "gateway/dou-rate-exchange.h"
#include "gateway/dou-readiness.h"
#include "gateway/dou-relation-routes.h"
#include "gateway/dou-report-routes.h"
#include "gateway/dou-resource-routes.h"
#include "gateway/dou-server.h"
#include "gateway/dou-user-routes.h"
#include "gateway/dou-video-routes.h"
#include "gateway/dou-web-routes.h"

/* The page may load what is beside it and nothing else. */
#define DOCS_POLICY                                                                                \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* Shares of the memory that a gateway may use to remember things. The large ones lend each other what they do not
 * need, so that whoever is asked for users alone has nearly all of it for them. */
#define SHARE_OF_RECORDS 4
#define SHARE_OF_FLAGS 4
#define SHARE_OF_FEED 1
#define SHARE_OF_COMMENTS 5
#define SHARE_OF_CHATS 1
#define N_SHARES 15

struct _DouGateway
{
  GObject parent_instance;

  DouService *service;    /* (unowned) */
  DouContext context;     /* (owned) its members */
  DouMedia *media;        /* (owned) */
  DouRateExchange *exchange; /* (owned) (nullable) if there are other nodes */
  DouPush *push;          /* (owned) */
  DouResourceRoutes *web; /* (owned) */
  DouResourceRoutes *docs; /* (owned) the interface description */
  DouMetricsRoutes *metrics; /* (owned) */
  DouExportRoutes *exports; /* (owned) */
  DouRouter *router;      /* (owned) */
  DouServer *server;      /* (owned) */
  gulong stopping_id;
};

G_DEFINE_FINAL_TYPE (DouGateway, dou_gateway, G_TYPE_OBJECT)

static void
dou_gateway_dispose (GObject *object)
{
  DouGateway *self = DOU_GATEWAY (object);

  if (self->service != NULL)
    g_clear_signal_handler (&self->stopping_id, self->service);

  g_clear_object (&self->server);
  g_clear_object (&self->router);
  g_clear_object (&self->exports);
  g_clear_object (&self->metrics);
  g_clear_object (&self->web);
  g_clear_object (&self->docs);
  g_clear_object (&self->push);
  g_clear_object (&self->media);
  g_clear_object (&self->exchange);
  g_clear_object (&self->context.word_filter);
  g_clear_object (&self->context.limiter);
  g_clear_object (&self->context.authenticator);
  g_clear_object (&self->context.feed);
  g_clear_object (&self->context.quiet_chats);
  g_clear_object (&self->context.comments);
  g_clear_object (&self->context.flags);
  g_clear_object (&self->context.cache);
  if (self->context.watch != NULL)
    g_signal_handlers_disconnect_by_data (self->context.watch, self);
  g_clear_object (&self->context.watch);
  g_clear_object (&self->context.backend);
  g_clear_object (&self->context.minter);
  g_clear_pointer (&self->context.time_zone, g_time_zone_unref);
  g_clear_object (&self->context.clock);
  g_clear_object (&self->context.config);

  G_OBJECT_CLASS (dou_gateway_parent_class)->dispose (object);
}

static void
dou_gateway_class_init (DouGatewayClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_gateway_dispose;
}

static void
dou_gateway_init (DouGateway *self)
{
}

static void
stopped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouGateway) self = user_data;

  dou_server_stop_finish (DOU_SERVER (source), result, NULL);
  dou_service_release (self->service);
}

/* New connections are refused from here on; requests in flight get their answers. */
static void
stopping_cb (DouService *service, gpointer user_data)
{
  DouGateway *self = user_data;

  dou_service_hold (service);
  dou_push_close_all (self->push);
  dou_server_stop_async (self->server, stopped_cb, g_object_ref (self));
}

/* What cannot be heard of must not be remembered; a new process can hear again. */
static void
deaf_cb (DouWatch *watch, gpointer user_data)
{
  DouGateway *self = user_data;

  dou_service_quit (self->service, EXIT_FAILURE);
}

static gboolean
dou_gateway_make_caches (DouGateway *self, GError **error)
{
  DouContext *context = &self->context;
  guint n_gateways = (guint) dou_config_get_int64 (context->config, DOU_CONFIG_WORKERS);
  g_autoptr (DouLruPool) pool = dou_lru_pool_new ();
  gsize share;

  context->watch = dou_watch_new (dou_service_get_bus_address (self->service), error);
  if (context->watch == NULL)
    return FALSE;

  g_signal_connect (context->watch, "deaf", G_CALLBACK (deaf_cb), self);
  if (n_gateways == 0)
    n_gateways = g_get_num_processors ();
  share = (gsize) dou_config_get_int64 (context->config, DOU_CONFIG_CACHE_GATEWAY) / n_gateways
          / N_SHARES;
  context->cache = dou_cache_new (context->backend, context->watch, SHARE_OF_RECORDS * share);
  context->flags = dou_flags_new (context->backend, context->watch, SHARE_OF_FLAGS * share);
  context->comments
      = dou_comment_pages_new (context->backend, context->watch, SHARE_OF_COMMENTS * share);
  dou_cache_join_pool (context->cache, pool);
  dou_flags_join_pool (context->flags, pool);
  dou_comment_pages_join_pool (context->comments, pool);
  context->quiet_chats = dou_quiet_chats_new (context->watch, SHARE_OF_CHATS * share);
  context->feed = dou_feed_new (context, context->watch, SHARE_OF_FEED * share);
  return TRUE;
}

/* A Redis that is there for nothing, or says nothing, makes no difference. */
static gboolean
dou_gateway_make_limiter (DouGateway *self, DouTokenKeys *keys, GError **error)
{
  DouConfig *config = self->context.config;
  g_autofree char *path = g_build_filename (dou_config_get_string (config, DOU_CONFIG_RUNTIME_DIR),
                                            DOU_PATHS_RATES, NULL);
  g_autoptr (DouRedisAddress) redis = NULL;
  guint8 secret[DOU_RATE_SECRET_BYTES];

  if (!dou_redis_address_load (config, &redis, error))
    return FALSE;
  if (redis == NULL || !dou_rate_exchange_is_wanted (config))
    {
      self->context.limiter = dou_rate_limiter_new (config, path, error);
      return self->context.limiter != NULL;
    }

  dou_token_keys_derive (keys, "rates", secret, sizeof secret);
  self->context.limiter = dou_rate_limiter_new_shared (config, path, secret, error);
  if (self->context.limiter != NULL)
    self->exchange = dou_rate_exchange_new (self->context.limiter, redis, path, error);
  return self->exchange != NULL;
}

static gboolean
dou_gateway_make_context (DouGateway *self, guint index, GError **error)
{
  const char *state_dir = dou_service_get_state_dir (self->service);
  DouConfig *config = dou_service_get_config (self->service);
  g_autofree char *ids_name = g_strdup_printf ("ids-%u", index);
  g_autofree char *ids_path = g_build_filename (state_dir, ids_name, NULL);
  g_autofree char *keys_path = g_build_filename (state_dir, "token-keys", NULL);
  g_autoptr (DouTokenKeys) keys = dou_token_keys_new_from_file (keys_path, error);
  const char *zone;

  if (keys == NULL)
    return FALSE;

  self->context.config = g_object_ref (config);
  self->context.clock = dou_system_clock_new ();
  zone = dou_config_get_string (config, DOU_CONFIG_TIME_ZONE);
  self->context.time_zone
      = *zone != '\0' ? g_time_zone_new_identifier (zone) : g_time_zone_new_local ();
  self->context.minter = dou_id_minter_new (
      self->context.clock, (guint) dou_config_get_int64 (config, DOU_CONFIG_NODE_ID), index,
      ids_path, error);
  if (self->context.minter == NULL)
    return FALSE;

  self->context.backend
      = dou_backend_new (dou_service_get_connection (self->service), config, error);
  if (self->context.backend == NULL || !dou_gateway_make_caches (self, error))
    return FALSE;

  if (!dou_gateway_make_limiter (self, keys, error))
    return FALSE;

  self->context.word_filter = dou_word_filter_new (config, error);
  if (self->context.word_filter == NULL)
    return FALSE;

  self->context.authenticator
      = dou_authenticator_new (keys, self->context.clock, self->context.backend, self->context.watch,
                               dou_config_get_int64 (config, DOU_CONFIG_TOKEN_LIFETIME));
  return TRUE;
}

static gboolean
dou_gateway_make_server (DouGateway *self, GError **error)
{
  const char *state_dir = dou_service_get_state_dir (self->service);
  g_autofree char *media_dir = g_build_filename (state_dir, "media", NULL);
  g_autofree char *slots_path = g_build_filename (state_dir, "websockets", NULL);
  g_autofree char *media_origin = NULL;
  g_autoptr (DouObjectAddress) objects = NULL;

  self->media = dou_media_new (media_dir, error);
  if (self->media == NULL || !dou_object_address_load (self->context.config, &objects, error))
    return FALSE;
  if (objects != NULL)
    {
      g_autoptr (DouMediaRemote) remote = dou_media_remote_new (objects, DOU_MEDIA_REMOTE_STREAMS);

      dou_media_set_remote (self->media, remote);
      if (objects->redirects)
        media_origin = dou_object_address_get_origin (objects);
    }

  self->push = dou_push_new (&self->context, dou_service_get_connection (self->service),
                             slots_path, error);
  if (self->push == NULL)
    return FALSE;

  self->web = dou_web_routes_new (media_origin);
  self->docs = dou_resource_routes_new (dou_docs_get_resource (), "/org/doutok/docs", DOCS_POLICY);
  self->metrics = dou_metrics_routes_new (self->context.config, error);
  if (self->metrics == NULL)
    return FALSE;

  self->exports
      = dou_export_routes_new (&self->context, dou_service_get_connection (self->service),
                               g_steal_pointer (&objects));
  self->router = dou_router_new ();
  dou_authenticator_guard (self->context.authenticator, self->router);
  dou_health_routes_add (self->router, &self->context);
  dou_metrics_routes_add (self->metrics, self->router);
  dou_user_routes_add (self->router, &self->context);
  dou_export_routes_add (self->exports, self->router);
  dou_video_routes_add (self->router, &self->context);
  dou_favorite_routes_add (self->router, &self->context);
  dou_comment_routes_add (self->router, &self->context);
  dou_relation_routes_add (self->router, &self->context);
  dou_report_routes_add (self->router, &self->context);
  dou_message_routes_add (self->router, &self->context);
  dou_conversation_routes_add (self->router, &self->context);
  dou_picture_routes_add (self->router);
  dou_media_routes_add (self->router, self->media);
  dou_push_add_routes (self->push, self->router);
  dou_resource_routes_add (self->web, self->router);
  dou_resource_routes_add (self->docs, self->router);

  self->server = dou_server_new (self->context.config, self->router, self->context.limiter, error);
  return self->server != NULL;
}

/**
 * dou_gateway_new:
 * @service: the process on the bus; outlives the gateway
 * @index: number of this process among the gateways of the node, part of the ids it mints
 * @error: return location
 *
 * Returns: (transfer full): a gateway that does not listen yet
 */
DouGateway *
dou_gateway_new (DouService *service, guint index, GError **error)
{
  g_autoptr (DouGateway) self = g_object_new (DOU_TYPE_GATEWAY, NULL);

  self->service = service;
  if (!dou_gateway_make_context (self, index, error) || !dou_gateway_make_server (self, error))
    return NULL;

  self->stopping_id = g_signal_connect (service, "stopping", G_CALLBACK (stopping_cb), self);
  return g_steal_pointer (&self);
}

/**
 * dou_gateway_get_router:
 * @self: a gateway
 *
 * Returns: (transfer none): knows all that it serves
 */
DouRouter *
dou_gateway_get_router (DouGateway *self)
{
  g_return_val_if_fail (DOU_IS_GATEWAY (self), NULL);

  return self->router;
}

/**
 * dou_gateway_add_listener:
 * @self: a gateway
 * @fd: a listening socket, owned by @self from now on
 * @error: return location
 *
 * Returns: whether connections are accepted from it
 */
gboolean
dou_gateway_add_listener (DouGateway *self, int fd, GError **error)
{
  g_return_val_if_fail (DOU_IS_GATEWAY (self), FALSE);

  return dou_server_add_listener (self->server, fd, error);
}

static void
announced_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static const char ready[] = "ready\n";
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  DouGateway *self = g_task_get_source_object (task);
  int fd = GPOINTER_TO_INT (g_task_get_task_data (task));

  if (!dou_readiness_check_finish (result, &error))
    {
      g_warning ("The services do not answer: %s", error->message);
      dou_service_quit (self->service, EXIT_FAILURE);
    }
  else if (write (fd, ready, strlen (ready)) < 0)
    g_warning ("Cannot tell the launcher: %s", g_strerror (errno));

  close (fd);
}

/**
 * dou_gateway_announce:
 * @self: a gateway
 * @ready_fd: (transfer full): where the launcher waits for the line `ready`
 *
 * Writes the line once all services answer, and ends the process if they do not.
 */
void
dou_gateway_announce (DouGateway *self, int ready_fd)
{
  GTask *task;

  g_return_if_fail (DOU_IS_GATEWAY (self));

  task = g_task_new (self, NULL, NULL, NULL);
  g_task_set_task_data (task, GINT_TO_POINTER (ready_fd), NULL);
  dou_readiness_check_async (self->context.backend, NULL, announced_cb, task);
}
