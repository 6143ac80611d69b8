/* SPDX-License-Identifier: Apache-2.0 */

/* All methods but one are alike: an array of items in, an array of results out. So a handler
 * names the functions by which its argument is decoded, the manager is called, and what comes of that is
 * encoded (Method), and one callback serves them all. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-call-span.h"
#include "common/dou-call.h"
#include "social/dou-social-codec.h"
#include "social/dou-social-impl.h"
#include "social/dou-social-manager-reports.h"

struct _DouSocialImpl
{
  DouDBusSocial1Skeleton parent_instance;

  DouService *service; /* (unowned) which has the connection, and so outlives what it exports */
  DouSocialManager *manager; /* (owned) */
  DouReplyCache *video_counts; /* (owned) of GetVideoCounts */
  DouReplyCache *user_counts;  /* (owned) of GetUserCounts */
};

static void dou_social_impl_iface_init (DouDBusSocial1Iface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DouSocialImpl, dou_social_impl, DOU_DBUS_TYPE_SOCIAL1_SKELETON,
                               G_IMPLEMENT_INTERFACE (DOU_DBUS_TYPE_SOCIAL1,
                                                      dou_social_impl_iface_init))

/* How a call of the manager is made of an argument, and answered. What some methods begin by themselves
 * is NULL. */
typedef struct
{
  GArray *(*decode) (GVariant *argument);
  void (*start) (DouSocialManager *manager, GArray *items, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer user_data);
  GArray *(*finish) (DouSocialManager *manager, GAsyncResult *result, GError **error);
  GVariant *(*encode) (GArray *results);
} Method;

static DouCall *
begin (DouDBusSocial1 *object, GDBusMethodInvocation *invocation, GVariant *argument, gsize max,
       const Method *method)
{
  DouCall *call = dou_call_begin (DOU_SOCIAL_IMPL (object)->service, object, invocation, argument,
                                  max);

  if (call != NULL)
    call->data = method;
  return call;
}

static void
replied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  const Method *method = call->data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) results = method->finish (DOU_SOCIAL_MANAGER (source), result, &error);

  dou_call_reply (call, results != NULL ? method->encode (results) : NULL, error);
}

/* @call: (transfer full) (nullable): that began, or was refused */
static gboolean
serve (DouCall *call)
{
  const Method *method;
  g_autoptr (GArray) items = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  method = call->data;
  items = method->decode (call->argument);
  method->start (DOU_SOCIAL_IMPL (call->object)->manager, items, NULL, replied_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
set_links (DouDBusSocial1 *object, GDBusMethodInvocation *invocation, DouSocialLinkKind kind,
           GVariant *argument, GArray *(*decode) (GVariant *argument))
{
  static const Method method
      = { NULL, NULL, dou_social_manager_set_links_finish, dou_social_encode_statuses };
  DouCall *call = begin (object, invocation, argument, DOU_SOCIAL_ITEMS_MAX, &method);
  g_autoptr (GArray) links = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  links = decode (argument);
  dou_social_manager_set_links_async (DOU_SOCIAL_IMPL (object)->manager, kind, links, NULL,
                                      replied_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
dou_social_impl_handle_set_favorites (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                      GVariant *argument)
{
  return set_links (object, invocation, DOU_SOCIAL_FAVORITES, argument,
                    dou_social_decode_favorites);
}

static gboolean
dou_social_impl_handle_set_follows (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                    GVariant *argument)
{
  return set_links (object, invocation, DOU_SOCIAL_FOLLOWS, argument, dou_social_decode_follows);
}

static gboolean
dou_social_impl_handle_set_blocks (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                   GVariant *argument)
{
  return set_links (object, invocation, DOU_SOCIAL_BLOCKS, argument, dou_social_decode_follows);
}

static gboolean
are_links (DouDBusSocial1 *object, GDBusMethodInvocation *invocation, DouSocialLinkKind kind,
           GVariant *argument)
{
  static const Method method
      = { NULL, NULL, dou_social_manager_are_links_finish, dou_social_encode_booleans };
  DouCall *call = begin (object, invocation, argument, DOU_SOCIAL_ITEMS_MAX, &method);
  g_autoptr (GArray) links = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  links = dou_social_decode_pairs (argument);
  dou_social_manager_are_links_async (DOU_SOCIAL_IMPL (object)->manager, kind, links, NULL,
                                      replied_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
dou_social_impl_handle_are_favorites (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                      GVariant *argument)
{
  return are_links (object, invocation, DOU_SOCIAL_FAVORITES, argument);
}

static gboolean
dou_social_impl_handle_are_follows (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                    GVariant *argument)
{
  return are_links (object, invocation, DOU_SOCIAL_FOLLOWS, argument);
}

static gboolean
dou_social_impl_handle_are_apart (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                  GVariant *argument)
{
  return are_links (object, invocation, DOU_SOCIAL_BLOCKS, argument);
}

static gboolean
get_list (DouDBusSocial1 *object, GDBusMethodInvocation *invocation, DouSocialList list,
          GVariant *argument)
{
  static const Method method
      = { NULL, NULL, dou_social_manager_list_finish, dou_social_encode_pages };
  DouCall *call = begin (object, invocation, argument, DOU_SOCIAL_LISTS_MAX, &method);
  g_autoptr (GArray) requests = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  requests = dou_social_decode_page_requests (argument);
  dou_social_manager_list_async (DOU_SOCIAL_IMPL (object)->manager, list, requests, NULL,
                                 replied_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
dou_social_impl_handle_get_favorites (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                      GVariant *argument)
{
  return get_list (object, invocation, DOU_SOCIAL_LIST_FAVORITES, argument);
}

static gboolean
dou_social_impl_handle_get_follows (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                    GVariant *argument)
{
  return get_list (object, invocation, DOU_SOCIAL_LIST_FOLLOWS, argument);
}

static gboolean
dou_social_impl_handle_get_followers (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                      GVariant *argument)
{
  return get_list (object, invocation, DOU_SOCIAL_LIST_FOLLOWERS, argument);
}

static gboolean
dou_social_impl_handle_get_friends (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                    GVariant *argument)
{
  return get_list (object, invocation, DOU_SOCIAL_LIST_FRIENDS, argument);
}

static gboolean
dou_social_impl_handle_get_blocks (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                   GVariant *argument)
{
  return get_list (object, invocation, DOU_SOCIAL_LIST_BLOCKS, argument);
}

static gboolean
dou_social_impl_handle_get_apart (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                  GVariant *argument)
{
  return get_list (object, invocation, DOU_SOCIAL_LIST_APART, argument);
}

static gboolean
dou_social_impl_handle_get_comments (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                     GVariant *argument)
{
  static const Method method = { dou_social_decode_page_requests, dou_social_manager_list_comments_async,
                                 dou_social_manager_list_comments_finish, dou_social_encode_comment_pages };

  return serve (begin (object, invocation, argument, DOU_SOCIAL_LISTS_MAX, &method));
}

/* Only what is not remembered is counted. @begun: (transfer full) (nullable); @type: of the reply */
static gboolean
serve_counts (DouCall *begun, DouReplyCache *cache, const char *type)
{
  g_autoptr (DouCall) call = begun;

  if (call == NULL || dou_call_recall (call, cache, type))
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  return serve (g_steal_pointer (&call));
}

static gboolean
dou_social_impl_handle_get_video_counts (DouDBusSocial1 *object,
                                         GDBusMethodInvocation *invocation, GVariant *argument)
{
  static const Method method = { dou_social_decode_ids, dou_social_manager_count_videos_async,
                                 dou_social_manager_count_videos_finish,
                                 dou_social_encode_video_counts };

  return serve_counts (begin (object, invocation, argument, DOU_SOCIAL_ITEMS_MAX, &method),
                       DOU_SOCIAL_IMPL (object)->video_counts, "a(xx)");
}

static gboolean
dou_social_impl_handle_get_user_counts (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                        GVariant *argument)
{
  static const Method method = { dou_social_decode_ids, dou_social_manager_count_users_async,
                                 dou_social_manager_count_users_finish,
                                 dou_social_encode_user_counts };

  return serve_counts (begin (object, invocation, argument, DOU_SOCIAL_ITEMS_MAX, &method),
                       DOU_SOCIAL_IMPL (object)->user_counts, "a(xxxx)");
}

static gboolean
dou_social_impl_handle_add_comments (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                     GVariant *argument)
{
  static const Method method = { dou_social_decode_drafts, dou_social_manager_add_comments_async,
                                 dou_social_manager_add_comments_finish, dou_social_encode_draft_outcomes };

  return serve (begin (object, invocation, argument, DOU_SOCIAL_ITEMS_MAX, &method));
}

static gboolean
dou_social_impl_handle_delete_comments (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                        GVariant *argument)
{
  static const Method method = { dou_social_decode_deletions, dou_social_manager_delete_comments_async,
                                 dou_social_manager_delete_comments_finish, dou_social_encode_statuses };

  return serve (begin (object, invocation, argument, DOU_SOCIAL_ITEMS_MAX, &method));
}

static gboolean
dou_social_impl_handle_set_feelings (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                     GVariant *argument)
{
  static const Method method = { dou_social_decode_feelings, dou_social_manager_set_feelings_async,
                                 dou_social_manager_set_feelings_finish, dou_social_encode_statuses };

  return serve (begin (object, invocation, argument, DOU_SOCIAL_ITEMS_MAX, &method));
}

static gboolean
dou_social_impl_handle_get_feelings (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                     GVariant *argument)
{
  static const Method method = { dou_social_decode_pairs, dou_social_manager_get_feelings_async,
                                 dou_social_manager_get_feelings_finish, dou_social_encode_feeling_kinds };

  return serve (begin (object, invocation, argument, DOU_SOCIAL_ITEMS_MAX, &method));
}

static gboolean
dou_social_impl_handle_add_reports (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                    GVariant *argument)
{
  static const Method method = { dou_social_decode_reports, dou_social_manager_add_reports_async,
                                 dou_social_manager_add_reports_finish, dou_social_encode_statuses };

  return serve (begin (object, invocation, argument, DOU_SOCIAL_ITEMS_MAX, &method));
}

static gboolean
dou_social_impl_handle_remove_videos (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                      GVariant *argument)
{
  static const Method method = { dou_social_decode_ids, dou_social_manager_remove_videos_async,
                                 dou_social_manager_remove_videos_finish, dou_social_encode_statuses };

  return serve (begin (object, invocation, argument, DOU_SOCIAL_ITEMS_MAX, &method));
}

static gboolean
dou_social_impl_handle_remove_users (DouDBusSocial1 *object, GDBusMethodInvocation *invocation,
                                     GVariant *argument)
{
  static const Method method = { dou_social_decode_ids, dou_social_manager_remove_users_async,
                                 dou_social_manager_remove_users_finish, dou_social_encode_statuses };

  return serve (begin (object, invocation, argument, DOU_SOCIAL_ITEMS_MAX, &method));
}

static void
recounted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  gint64 n_wrong = dou_social_manager_recount_finish (DOU_SOCIAL_MANAGER (source), result, &error);

  dou_call_reply (call, n_wrong >= 0 ? g_variant_new_int64 (n_wrong) : NULL, error);
}

static gboolean
dou_social_impl_handle_recount (DouDBusSocial1 *object, GDBusMethodInvocation *invocation)
{
  DouSocialImpl *self = DOU_SOCIAL_IMPL (object);

  dou_social_manager_recount_async (self->manager, NULL, recounted_cb,
                                    dou_call_begin (self->service, self, invocation, NULL, 0));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
videos_changed_cb (DouSocialManager *manager, GArray *ids, gpointer user_data)
{
  dou_dbus_social1_emit_videos_changed (DOU_DBUS_SOCIAL1 (user_data), dou_social_encode_ids (ids));
}

static void
users_changed_cb (DouSocialManager *manager, GArray *ids, gpointer user_data)
{
  dou_dbus_social1_emit_users_changed (DOU_DBUS_SOCIAL1 (user_data), dou_social_encode_ids (ids));
}

static void
feelings_changed_cb (DouSocialManager *manager, GArray *feelings, gpointer user_data)
{
  dou_dbus_social1_emit_feelings_changed (DOU_DBUS_SOCIAL1 (user_data),
                                          dou_social_encode_feelings (feelings));
}

static void
favorites_changed_cb (DouSocialManager *manager, GArray *links, gpointer user_data)
{
  dou_dbus_social1_emit_favorites_changed (DOU_DBUS_SOCIAL1 (user_data),
                                           dou_social_encode_links (links));
}

static void
follows_changed_cb (DouSocialManager *manager, GArray *links, gpointer user_data)
{
  dou_dbus_social1_emit_follows_changed (DOU_DBUS_SOCIAL1 (user_data),
                                         dou_social_encode_links (links));
}

static void
blocks_changed_cb (DouSocialManager *manager, GArray *links, gpointer user_data)
{
  dou_dbus_social1_emit_blocks_changed (DOU_DBUS_SOCIAL1 (user_data),
                                        dou_social_encode_links (links));
}

static void
dou_social_impl_dispose (GObject *object)
{
  DouSocialImpl *self = DOU_SOCIAL_IMPL (object);

  g_clear_object (&self->video_counts);
  g_clear_object (&self->user_counts);
  g_clear_object (&self->manager);

  G_OBJECT_CLASS (dou_social_impl_parent_class)->dispose (object);
}

static void
dou_social_impl_class_init (DouSocialImplClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_social_impl_dispose;
  dou_call_span_install (G_DBUS_INTERFACE_SKELETON_CLASS (klass));
}

static void
dou_social_impl_iface_init (DouDBusSocial1Iface *iface)
{
  iface->handle_set_favorites = dou_social_impl_handle_set_favorites;
  iface->handle_set_follows = dou_social_impl_handle_set_follows;
  iface->handle_set_blocks = dou_social_impl_handle_set_blocks;
  iface->handle_add_comments = dou_social_impl_handle_add_comments;
  iface->handle_delete_comments = dou_social_impl_handle_delete_comments;
  iface->handle_set_feelings = dou_social_impl_handle_set_feelings;
  iface->handle_get_feelings = dou_social_impl_handle_get_feelings;
  iface->handle_get_comments = dou_social_impl_handle_get_comments;
  iface->handle_get_favorites = dou_social_impl_handle_get_favorites;
  iface->handle_get_follows = dou_social_impl_handle_get_follows;
  iface->handle_get_followers = dou_social_impl_handle_get_followers;
  iface->handle_get_friends = dou_social_impl_handle_get_friends;
  iface->handle_get_blocks = dou_social_impl_handle_get_blocks;
  iface->handle_get_apart = dou_social_impl_handle_get_apart;
  iface->handle_get_video_counts = dou_social_impl_handle_get_video_counts;
  iface->handle_get_user_counts = dou_social_impl_handle_get_user_counts;
  iface->handle_are_favorites = dou_social_impl_handle_are_favorites;
  iface->handle_are_follows = dou_social_impl_handle_are_follows;
  iface->handle_are_apart = dou_social_impl_handle_are_apart;
  iface->handle_add_reports = dou_social_impl_handle_add_reports;
  iface->handle_remove_videos = dou_social_impl_handle_remove_videos;
  iface->handle_remove_users = dou_social_impl_handle_remove_users;
  iface->handle_recount = dou_social_impl_handle_recount;
}

static void
dou_social_impl_init (DouSocialImpl *self)
{
}

/**
 * dou_social_impl_new:
 * @service: (transfer none): held while a call is under way; outlives the object
 * @manager: what is exported
 *
 * Returns: (transfer full): an object to be exported
 */
DouSocialImpl *
dou_social_impl_new (DouService *service, DouSocialManager *manager)
{
  DouSocialImpl *self;
  DouSocialStore *store;
  gsize max_bytes;

  g_return_val_if_fail (DOU_IS_SERVICE (service), NULL);
  g_return_val_if_fail (DOU_IS_SOCIAL_MANAGER (manager), NULL);

  store = dou_social_manager_get_store (manager);
  self = g_object_new (DOU_TYPE_SOCIAL_IMPL, "version", DOU_VERSION, "engine",
                       dou_social_store_get_engine (store), "schema-version",
                       dou_social_store_get_schema_version (store), "start-time",
                       g_get_real_time () / 1000, NULL);
  self->service = service;
  self->manager = g_object_ref (manager);
  max_bytes = (gsize) dou_config_get_int64 (dou_service_get_config (service), DOU_CONFIG_CACHE_SERVICE);
  self->video_counts = dou_reply_cache_new (G_DBUS_INTERFACE_SKELETON (self), "videos-changed",
                                            "video count rows", max_bytes);
  self->user_counts = dou_reply_cache_new (G_DBUS_INTERFACE_SKELETON (self), "users-changed",
                                           "user count rows", max_bytes);
  g_object_bind_property (manager, "favorite-count", self, "favorite-count",
                          G_BINDING_SYNC_CREATE);
  g_object_bind_property (manager, "comment-count", self, "comment-count", G_BINDING_SYNC_CREATE);
  g_object_bind_property (manager, "follow-count", self, "follow-count", G_BINDING_SYNC_CREATE);
  g_signal_connect_object (manager, "videos-changed", G_CALLBACK (videos_changed_cb), self, 0);
  g_signal_connect_object (manager, "users-changed", G_CALLBACK (users_changed_cb), self, 0);
  g_signal_connect_object (manager, "feelings-changed", G_CALLBACK (feelings_changed_cb), self, 0);
  g_signal_connect_object (manager, "favorites-changed", G_CALLBACK (favorites_changed_cb), self,
                           0);
  g_signal_connect_object (manager, "follows-changed", G_CALLBACK (follows_changed_cb), self, 0);
  g_signal_connect_object (manager, "blocks-changed", G_CALLBACK (blocks_changed_cb), self, 0);
  return self;
}
