/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-status.h"
#include "gateway/dou-backend.h"

#include "dou-dbus-chat.h"
#include "dou-dbus-social.h"

/* Reads and cheap writes: as much as 64 connections can have waiting, several times over. */
#define MANY_ITEMS 1024
/* Two calls under way: one is slow, of rows that are not in memory, and the other need not be. */
#define READS_IN_FLIGHT 2
/* Milliseconds. What is in memory takes less, on a busy machine too. */
#define READS_PATIENCE 10
/* A second call would only wait for the commit of the first one, and leave with less in it. */
#define WRITES_IN_FLIGHT 1
/* Milliseconds. About half of what a commit takes. */
#define WRITES_LINGER 1
/* Passwords: an item costs some 20 ms of a core, and a batch answers when its last item is done. */
#define PASSWORD_ITEMS 8
#define PASSWORDS_IN_FLIGHT 8
/* Milliseconds. A service that was killed is back within one second; a database that hangs is not. */
#define CALL_TIMEOUT 10000
#define PASSWORD_TIMEOUT 25000

/* What keeps a service busy during a call. */
typedef enum
{
  READS,
  WRITES,
  HASHES,
} Work;

typedef enum
{
  PROXY_USER,
  PROXY_VIDEO,
  PROXY_SOCIAL,
  PROXY_CHAT,
  N_PROXIES
} ProxyIndex;

static const struct
{
  ProxyIndex proxy;
  const char *name;
  const char *item_type;
  Work work;
} methods[] = {
  [DOU_BACKEND_REGISTER] = { PROXY_USER, "Register", "(xss)", HASHES },
  [DOU_BACKEND_LOGIN] = { PROXY_USER, "Login", "(ss)", HASHES },
  [DOU_BACKEND_GET_USERS] = { PROXY_USER, "GetUsers", "x", READS },
  [DOU_BACKEND_SET_PROFILES] = { PROXY_USER, "SetProfiles", "(xa{ss})", READS },
  [DOU_BACKEND_CHANGE_PASSWORDS] = { PROXY_USER, "ChangePasswords", "(xss)", HASHES },
  [DOU_BACKEND_DELETE_USERS] = { PROXY_USER, "DeleteUsers", "(xs)", HASHES },
  [DOU_BACKEND_GET_GENERATIONS] = { PROXY_USER, "GetGenerations", "x", READS },
  [DOU_BACKEND_GET_FEED] = { PROXY_VIDEO, "GetFeed", "(xu)", READS },
  [DOU_BACKEND_GET_WORKS] = { PROXY_VIDEO, "GetWorks", "(xxu)", READS },
  [DOU_BACKEND_GET_VIDEOS] = { PROXY_VIDEO, "GetVideos", "x", READS },
  [DOU_BACKEND_GET_WORK_COUNTS] = { PROXY_VIDEO, "GetWorkCounts", "x", READS },
  [DOU_BACKEND_DELETE_VIDEOS] = { PROXY_VIDEO, "DeleteVideos", "(xx)", WRITES },
  [DOU_BACKEND_SET_FAVORITES] = { PROXY_SOCIAL, "SetFavorites", "(xxxb)", WRITES },
  [DOU_BACKEND_SET_FOLLOWS] = { PROXY_SOCIAL, "SetFollows", "(xxb)", WRITES },
  [DOU_BACKEND_SET_BLOCKS] = { PROXY_SOCIAL, "SetBlocks", "(xxb)", WRITES },
  [DOU_BACKEND_ADD_COMMENTS] = { PROXY_SOCIAL, "AddComments", "(xxxxss)", WRITES },
  [DOU_BACKEND_DELETE_COMMENTS] = { PROXY_SOCIAL, "DeleteComments", "(xxxx)", WRITES },
  [DOU_BACKEND_SET_FEELINGS] = { PROXY_SOCIAL, "SetFeelings", "(xxi)", WRITES },
  [DOU_BACKEND_GET_FEELINGS] = { PROXY_SOCIAL, "GetFeelings", "(xx)", READS },
  [DOU_BACKEND_ADD_REPORTS] = { PROXY_SOCIAL, "AddReports", "(xixs)", WRITES },
  [DOU_BACKEND_GET_COMMENTS] = { PROXY_SOCIAL, "GetComments", "(xxu)", READS },
  [DOU_BACKEND_GET_FAVORITES] = { PROXY_SOCIAL, "GetFavorites", "(xxu)", READS },
  [DOU_BACKEND_GET_FOLLOWS] = { PROXY_SOCIAL, "GetFollows", "(xxu)", READS },
  [DOU_BACKEND_GET_FOLLOWERS] = { PROXY_SOCIAL, "GetFollowers", "(xxu)", READS },
  [DOU_BACKEND_GET_FRIENDS] = { PROXY_SOCIAL, "GetFriends", "(xxu)", READS },
  [DOU_BACKEND_GET_BLOCKS] = { PROXY_SOCIAL, "GetBlocks", "(xxu)", READS },
  [DOU_BACKEND_GET_APART] = { PROXY_SOCIAL, "GetApart", "(xxu)", READS },
  [DOU_BACKEND_GET_VIDEO_COUNTS] = { PROXY_SOCIAL, "GetVideoCounts", "x", READS },
  [DOU_BACKEND_GET_USER_COUNTS] = { PROXY_SOCIAL, "GetUserCounts", "x", READS },
  [DOU_BACKEND_ARE_FAVORITES] = { PROXY_SOCIAL, "AreFavorites", "(xx)", READS },
  [DOU_BACKEND_ARE_FOLLOWS] = { PROXY_SOCIAL, "AreFollows", "(xx)", READS },
  [DOU_BACKEND_ARE_APART] = { PROXY_SOCIAL, "AreApart", "(xx)", READS },
  [DOU_BACKEND_SEND_MESSAGES] = { PROXY_CHAT, "SendMessages", "(xxxss)", WRITES },
  [DOU_BACKEND_GET_MESSAGES] = { PROXY_CHAT, "GetMessages", "(xxxbu)", READS },
  [DOU_BACKEND_GET_LATEST_MESSAGES] = { PROXY_CHAT, "GetLatestMessages", "(xx)", READS },
  [DOU_BACKEND_GET_CONVERSATIONS] = { PROXY_CHAT, "GetConversations", "(xxu)", READS },
  [DOU_BACKEND_MARK_READ] = { PROXY_CHAT, "MarkRead", "(xxx)", WRITES },
};

G_STATIC_ASSERT (G_N_ELEMENTS (methods) == DOU_N_BACKEND_METHODS);

struct _DouBackend
{
  GObject parent_instance;

  GDBusProxy *proxies[N_PROXIES];               /* (owned) */
  DouBatcher *batchers[DOU_N_BACKEND_METHODS]; /* (owned) */
};

G_DEFINE_FINAL_TYPE (DouBackend, dou_backend, G_TYPE_OBJECT)

static void
dou_backend_dispose (GObject *object)
{
  DouBackend *self = DOU_BACKEND (object);

  for (gsize i = 0; i < DOU_N_BACKEND_METHODS; i++)
    g_clear_object (&self->batchers[i]);
  for (gsize i = 0; i < N_PROXIES; i++)
    g_clear_object (&self->proxies[i]);

  G_OBJECT_CLASS (dou_backend_parent_class)->dispose (object);
}

static void
dou_backend_class_init (DouBackendClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_backend_dispose;
}

static void
dou_backend_init (DouBackend *self)
{
}

/**
 * dou_backend_new:
 * @connection: to the private bus
 * @config: for the limit of the queues
 * @error: return location
 *
 * The services need not run: the bus starts each at its first call.
 *
 * Returns: (transfer full): the backend
 */
DouBackend *
dou_backend_new (GDBusConnection *connection, DouConfig *config, GError **error)
{
  g_autoptr (DouBackend) self = g_object_new (DOU_TYPE_BACKEND, NULL);
  const GDBusProxyFlags flags
      = G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START_AT_CONSTRUCTION;
  guint max_queue = (guint) dou_config_get_int64 (config, DOU_CONFIG_MAX_QUEUE);

  /* So that the services' errors come back as what they were. */
  (void) DOU_ERROR;

  self->proxies[PROXY_USER] = (GDBusProxy *) dou_dbus_user1_proxy_new_sync (
      connection, flags, "org.doutok.User", "/org/doutok/User", NULL, error);
  if (self->proxies[PROXY_USER] == NULL)
    return NULL;
  self->proxies[PROXY_VIDEO] = (GDBusProxy *) dou_dbus_video1_proxy_new_sync (
      connection, flags, "org.doutok.Video", "/org/doutok/Video", NULL, error);
  if (self->proxies[PROXY_VIDEO] == NULL)
    return NULL;
  self->proxies[PROXY_SOCIAL] = (GDBusProxy *) dou_dbus_social1_proxy_new_sync (
      connection, flags, "org.doutok.Social", "/org/doutok/Social", NULL, error);
  if (self->proxies[PROXY_SOCIAL] == NULL)
    return NULL;
  self->proxies[PROXY_CHAT] = (GDBusProxy *) dou_dbus_chat1_proxy_new_sync (
      connection, flags, "org.doutok.Chat", "/org/doutok/Chat", NULL, error);
  if (self->proxies[PROXY_CHAT] == NULL)
    return NULL;

  for (gsize i = 0; i < DOU_N_BACKEND_METHODS; i++)
    {
      const DouBatcherLimits limits[] = {
        [READS] = { MANY_ITEMS, READS_IN_FLIGHT, max_queue, CALL_TIMEOUT, READS_PATIENCE, 0 },
        [WRITES] = { MANY_ITEMS, WRITES_IN_FLIGHT, max_queue, CALL_TIMEOUT, 0, WRITES_LINGER },
        [HASHES] = { PASSWORD_ITEMS, PASSWORDS_IN_FLIGHT, max_queue, PASSWORD_TIMEOUT, 0, 0 },
      };

      self->batchers[i] = dou_batcher_new (self->proxies[methods[i].proxy], methods[i].name,
                                           methods[i].item_type, &limits[methods[i].work]);
    }

  return g_steal_pointer (&self);
}

/**
 * dou_backend_get_batcher:
 * @self: a backend
 * @method: which
 *
 * Returns: (transfer none): its batcher
 */
DouBatcher *
dou_backend_get_batcher (DouBackend *self, DouBackendMethod method)
{
  g_return_val_if_fail (DOU_IS_BACKEND (self), NULL);

  return self->batchers[method];
}

/**
 * dou_backend_get_user:
 * @self: a backend
 *
 * Returns: (transfer none): for its signals
 */
DouDBusUser1 *
dou_backend_get_user (DouBackend *self)
{
  g_return_val_if_fail (DOU_IS_BACKEND (self), NULL);

  return DOU_DBUS_USER1 (self->proxies[PROXY_USER]);
}

/**
 * dou_backend_get_video:
 * @self: a backend
 *
 * Returns: (transfer none): for its signals, and for the methods that carry files and are not batched
 */
DouDBusVideo1 *
dou_backend_get_video (DouBackend *self)
{
  g_return_val_if_fail (DOU_IS_BACKEND (self), NULL);

  return DOU_DBUS_VIDEO1 (self->proxies[PROXY_VIDEO]);
}
