/* SPDX-License-Identifier: Apache-2.0 */

/* Keeping one gateway alive.
 *
 * A gateway that dies is started again after FIRST_DELAY_MS, twice as long after each further death up
 * to LAST_DELAY_MS, and from the beginning after a life of HEALTHY_LIFE. One that dies before it was
 * ever ready is not restarted: the server cannot start, and says so.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

#include "launcher/dou-gateway-process.h"
#include "launcher/dou-listen-sockets.h"
#include "launcher/dou-process.h"

/* Short enough that clients in the listening socket's queue hardly notice. */
#define FIRST_DELAY_MS 100

/* Long enough that a gateway which cannot live costs the machine nothing. */
#define LAST_DELAY_MS 5000

/* A life after which a death is no longer a consequence of the start. */
#define HEALTHY_LIFE (10 * G_TIME_SPAN_SECOND)

struct _DouGatewayProcess
{
  GObject parent_instance;

  DouReaper *reaper; /* (owned) */
  char **argv;       /* (owned) program and options that all gateways share */
  guint index;
  GPtrArray *sockets;  /* (owned) (nullable) (element-type DouListenSockets) until the stop */
  DouProcess *process; /* (owned) (nullable) */
  gint64 started;      /* monotonic */
  guint delay_ms;      /* before the next start */
  guint restart_id;    /* timeout of that, or 0 */
  int ready_fd;        /* read end of the pipe on which it says that it is ready, or -1 */
  guint ready_id;      /* source of that, or 0 */
  gboolean ready;      /* it has been, once */
  gboolean stopping;
};

G_DEFINE_FINAL_TYPE (DouGatewayProcess, dou_gateway_process, G_TYPE_OBJECT)

enum
{
  SIGNAL_READY,
  SIGNAL_FAILED,
  SIGNAL_STOPPED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
dou_gateway_process_close_ready_pipe (DouGatewayProcess *self)
{
  g_clear_handle_id (&self->ready_id, g_source_remove);
  if (self->ready_fd >= 0)
    g_close (self->ready_fd, NULL);
  self->ready_fd = -1;
}

static void
dou_gateway_process_clear_process (DouGatewayProcess *self)
{
  dou_gateway_process_close_ready_pipe (self);
  if (self->process != NULL)
    g_signal_handlers_disconnect_by_data (self->process, self);
  g_clear_object (&self->process);
}

static void
dou_gateway_process_dispose (GObject *object)
{
  DouGatewayProcess *self = DOU_GATEWAY_PROCESS (object);

  g_clear_handle_id (&self->restart_id, g_source_remove);
  dou_gateway_process_clear_process (self);
  g_clear_pointer (&self->sockets, g_ptr_array_unref);
  g_clear_object (&self->reaper);

  G_OBJECT_CLASS (dou_gateway_process_parent_class)->dispose (object);
}

static void
dou_gateway_process_finalize (GObject *object)
{
  DouGatewayProcess *self = DOU_GATEWAY_PROCESS (object);

  g_strfreev (self->argv);

  G_OBJECT_CLASS (dou_gateway_process_parent_class)->finalize (object);
}

static void
dou_gateway_process_class_init (DouGatewayProcessClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dou_gateway_process_dispose;
  object_class->finalize = dou_gateway_process_finalize;

  /**
   * DouGatewayProcess::ready:
   *
   * The process answers requests. Emitted after each start.
   */
  signals[SIGNAL_READY] = g_signal_new ("ready", DOU_TYPE_GATEWAY_PROCESS, G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * DouGatewayProcess::failed:
   * @wait_status: how the process ended, as of waitpid(2)
   *
   * The first process has ended before it was ready.
   */
  signals[SIGNAL_FAILED] = g_signal_new ("failed", DOU_TYPE_GATEWAY_PROCESS, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);

  /**
   * DouGatewayProcess::stopped:
   *
   * The process has ended, as dou_gateway_process_stop() asked it to.
   */
  signals[SIGNAL_STOPPED] = g_signal_new ("stopped", DOU_TYPE_GATEWAY_PROCESS, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dou_gateway_process_init (DouGatewayProcess *self)
{
  self->ready_fd = -1;
  self->delay_ms = FIRST_DELAY_MS;
}

/**
 * dou_gateway_process_new:
 * @reaper: who hears of the end of processes
 * @argv: the program and the options that all gateways share
 * @index: the number of this one
 * @sockets: (element-type DouListenSockets): it gets socket number @index of each
 *
 * Returns: (transfer full): a gateway that is not started
 */
DouGatewayProcess *
dou_gateway_process_new (DouReaper *reaper, const char *const *argv, guint index,
                         GPtrArray *sockets)
{
  DouGatewayProcess *self = g_object_new (DOU_TYPE_GATEWAY_PROCESS, NULL);

  self->reaper = g_object_ref (reaper);
  self->argv = g_strdupv ((char **) argv);
  self->index = index;
  self->sockets = g_ptr_array_ref (sockets);
  return self;
}

static gboolean
ready_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (DouGatewayProcess) self = g_object_ref (user_data);
  char text[8] = "";
  gssize n_read = read (fd, text, sizeof text - 1);

  self->ready_id = 0;
  dou_gateway_process_close_ready_pipe (self);
  if (n_read > 0 && g_str_equal (text, "ready\n") && !self->stopping)
    {
      self->ready = TRUE;
      g_signal_emit (self, signals[SIGNAL_READY], 0);
    }

  return G_SOURCE_REMOVE;
}

static gboolean
restart_cb (gpointer user_data)
{
  DouGatewayProcess *self = user_data;
  g_autoptr (GError) error = NULL;

  self->restart_id = 0;
  if (!dou_gateway_process_start (self, &error))
    {
      g_message ("Gateway %u: %s; trying again in %u ms", self->index, error->message,
                 self->delay_ms);
      self->restart_id = g_timeout_add (self->delay_ms, restart_cb, self);
      self->delay_ms = MIN (self->delay_ms * 2, LAST_DELAY_MS);
    }

  return G_SOURCE_REMOVE;
}

static void
exited_cb (DouProcess *process, int wait_status, gpointer user_data)
{
  g_autoptr (DouGatewayProcess) self = g_object_ref (user_data);
  g_autofree char *how = dou_process_describe_status (wait_status);

  dou_gateway_process_clear_process (self);
  if (self->stopping)
    {
      g_signal_emit (self, signals[SIGNAL_STOPPED], 0);
      return;
    }
  if (!self->ready)
    {
      g_signal_emit (self, signals[SIGNAL_FAILED], 0, wait_status);
      return;
    }

  if (g_get_monotonic_time () - self->started >= HEALTHY_LIFE)
    self->delay_ms = FIRST_DELAY_MS;

  g_message ("Gateway %u ended (%s): starting it again in %u ms", self->index, how, self->delay_ms);
  self->restart_id = g_timeout_add (self->delay_ms, restart_cb, self);
  self->delay_ms = MIN (self->delay_ms * 2, LAST_DELAY_MS);
}

static DouProcess *
dou_gateway_process_spawn (DouGatewayProcess *self, int ready_fd, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_auto (GStrv) argv = NULL;
  char number[16];

  g_strv_builder_addv (builder, (const char **) self->argv);
  g_strv_builder_add (builder, "--index");
  g_snprintf (number, sizeof number, "%u", self->index);
  g_strv_builder_add (builder, number);

  for (guint i = 0; i < self->sockets->len; i++)
    {
      int fd = dou_listen_sockets_get_fd (g_ptr_array_index (self->sockets, i), self->index);

      g_strv_builder_add (builder, "--listen-fd");
      g_snprintf (number, sizeof number, "%u", DOU_PROCESS_FIRST_FD + fds->len);
      g_strv_builder_add (builder, number);
      g_array_append_val (fds, fd);
    }

  g_strv_builder_add (builder, "--ready-fd");
  g_snprintf (number, sizeof number, "%u", DOU_PROCESS_FIRST_FD + fds->len);
  g_strv_builder_add (builder, number);
  g_array_append_val (fds, ready_fd);

  argv = g_strv_builder_end (builder);
  return dou_process_spawn (self->reaper, (const char *const *) argv, (const int *) fds->data,
                            fds->len, -1, error);
}

/**
 * dou_gateway_process_start:
 * @self: a gateway that does not run
 * @error: return location
 *
 * Returns: whether the process was started; #DouGatewayProcess::ready or
 *   #DouGatewayProcess::failed follows
 */
gboolean
dou_gateway_process_start (DouGatewayProcess *self, GError **error)
{
  int fds[2];

  g_return_val_if_fail (DOU_IS_GATEWAY_PROCESS (self), FALSE);
  g_return_val_if_fail (self->process == NULL && !self->stopping, FALSE);

  if (!g_unix_open_pipe (fds, FD_CLOEXEC, error))
    return FALSE;

  self->process = dou_gateway_process_spawn (self, fds[1], error);
  g_close (fds[1], NULL);
  if (self->process == NULL)
    {
      g_close (fds[0], NULL);
      return FALSE;
    }

  self->started = g_get_monotonic_time ();
  self->ready_fd = fds[0];
  self->ready_id = g_unix_fd_add (fds[0], G_IO_IN | G_IO_HUP, ready_cb, self);
  g_signal_connect (self->process, "exited", G_CALLBACK (exited_cb), self);
  return TRUE;
}

/**
 * dou_gateway_process_stop:
 * @self: a gateway
 *
 * Closes the listening sockets here and asks the process to end, which it does when the requests in
 * flight are answered; after 5 seconds it is killed. #DouGatewayProcess::stopped follows, unless
 * dou_gateway_process_is_stopped() is %TRUE at once.
 */
void
dou_gateway_process_stop (DouGatewayProcess *self)
{
  g_return_if_fail (DOU_IS_GATEWAY_PROCESS (self));

  self->stopping = TRUE;
  g_clear_handle_id (&self->restart_id, g_source_remove);
  dou_gateway_process_close_ready_pipe (self);
  g_clear_pointer (&self->sockets, g_ptr_array_unref);
  if (self->process != NULL)
    dou_process_stop (self->process);
}

gboolean
dou_gateway_process_is_ready (DouGatewayProcess *self)
{
  g_return_val_if_fail (DOU_IS_GATEWAY_PROCESS (self), FALSE);

  return self->ready;
}

gboolean
dou_gateway_process_is_stopped (DouGatewayProcess *self)
{
  g_return_val_if_fail (DOU_IS_GATEWAY_PROCESS (self), FALSE);

  return self->stopping && self->process == NULL;
}

/**
 * dou_gateway_process_get_pid:
 * @self: a gateway
 *
 * Returns: the id of its process, 0 if there is none just now
 */
GPid
dou_gateway_process_get_pid (DouGatewayProcess *self)
{
  g_return_val_if_fail (DOU_IS_GATEWAY_PROCESS (self), 0);

  return self->process != NULL ? dou_process_get_pid (self->process) : 0;
}
