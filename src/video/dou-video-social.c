/* SPDX-License-Identifier: Apache-2.0 */

/* Asks org.doutok.Social1 to remove what belongs to videos that are no more. The call may be repeated
 * without harm, so one over which the service dies is: the bus starts it again. */

#include "config.h"

#define G_LOG_DOMAIN "doutok-video"

#include "common/dou-call-requests.h"
#include "common/dou-call-span.h"
#include "common/dou-status.h"
#include "common/dou-trace.h"
#include "video/dou-video-social.h"

#include "dou-dbus-social.h"

/* Milliseconds. The service answers within some two seconds, however much there is to remove; twice
 * this is less than a gateway waits. */
#define CALL_TIMEOUT 4000
#define MAX_TRIES 2
#define METHOD "RemoveVideos"

struct _DouVideoSocial
{
  GObject parent_instance;

  DouDBusSocial1 *proxy; /* (owned) */
};

G_DEFINE_FINAL_TYPE (DouVideoSocial, dou_video_social, G_TYPE_OBJECT)

/* The data of a call's task. */
typedef struct
{
  GVariant *parameters;  /* (owned) of the call */
  DouSpan *span;         /* (owned) (nullable) of the call, if it is to be seen */
  DouTraceContext trace; /* of dou_trace_keep() */
  guint n_tries;
} Call;

static void
call_free (Call *call)
{
  g_variant_unref (call->parameters);
  dou_trace_end (call->span);
  g_free (call);
}

static void
dou_video_social_dispose (GObject *object)
{
  g_clear_object (&DOU_VIDEO_SOCIAL (object)->proxy);

  G_OBJECT_CLASS (dou_video_social_parent_class)->dispose (object);
}

static void
dou_video_social_class_init (DouVideoSocialClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_video_social_dispose;
}

static void
dou_video_social_init (DouVideoSocial *self)
{
}

/**
 * dou_video_social_new:
 * @connection: to the private bus
 * @error: return location
 *
 * The service need not run: the bus starts it at the first call.
 *
 * Returns: (transfer full): the social domain, or %NULL
 */
DouVideoSocial *
dou_video_social_new (GDBusConnection *connection, GError **error)
{
  g_autoptr (DouVideoSocial) self = g_object_new (DOU_TYPE_VIDEO_SOCIAL, NULL);

  /* So that the service's errors come back as what they were. */
  (void) DOU_ERROR;

  self->proxy = dou_dbus_social1_proxy_new_sync (
      connection,
      G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS
          | G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START_AT_CONSTRUCTION,
      "org.doutok.Social", "/org/doutok/Social", NULL, error);
  return self->proxy != NULL ? g_steal_pointer (&self) : NULL;
}

static void removed_cb (GObject *source, GAsyncResult *result, gpointer user_data);

/* @task: (transfer full) */
static void
send_call (GTask *task)
{
  DouVideoSocial *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);

  call->n_tries++;
  g_dbus_proxy_call (G_DBUS_PROXY (self->proxy), METHOD, call->parameters, G_DBUS_CALL_FLAGS_NONE,
                     CALL_TIMEOUT, g_task_get_cancellable (task), removed_cb, task);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GVariant) statuses = NULL;
  g_autoptr (GError) error = NULL;
  const DouTraceContext *former;

  if (!dou_dbus_social1_call_remove_videos_finish (DOU_DBUS_SOCIAL1 (source), &statuses, result,
                                                   &error)
      && error->domain == G_DBUS_ERROR && call->n_tries < MAX_TRIES)
    {
      g_info ("RemoveVideos: %s: asking again", error->message);
      send_call (g_steal_pointer (&task));
      return;
    }

  if (error != NULL)
    {
      g_dbus_error_strip_remote_error (error);
      dou_span_fail (call->span, error->message);
    }

  dou_trace_end (g_steal_pointer (&call->span));
  former = dou_trace_enter_kept (&call->trace);
  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_boolean (task, TRUE);
  dou_trace_enter (former);
}

/**
 * dou_video_social_remove_async:
 * @self: the social domain
 * @videos: (array length=n_videos): ids of videos that are no more
 * @n_videos: how many
 * @cancellable: (nullable): gives up waiting
 * @callback: called once nothing of them is seen any more
 * @user_data: for @callback
 */
void
dou_video_social_remove_async (DouVideoSocial *self, const gint64 *videos, guint n_videos,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task;
  Call *call;

  g_return_if_fail (DOU_IS_VIDEO_SOCIAL (self));

  call = g_new0 (Call, 1);
  dou_trace_keep (&call->trace);
  call->span = dou_call_span_begin (dou_trace_get_current (),
                                    g_dbus_proxy_get_interface_name (G_DBUS_PROXY (self->proxy)), METHOD,
                                    n_videos);
  call->parameters = g_variant_ref_sink (dou_call_requests_pack_own (
      g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, videos, n_videos, sizeof (gint64)),
      dou_span_get_context (call->span)));
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_video_social_remove_async);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  send_call (task);
}

/**
 * dou_video_social_remove_finish:
 * @self: the social domain
 * @result: of the callback
 * @error: return location
 *
 * Returns: whether it is done, or will be without being asked again; if not, the service could not be
 *   reached, or could not do it now
 */
gboolean
dou_video_social_remove_finish (DouVideoSocial *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_video_social_remove_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
