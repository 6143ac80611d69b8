/* SPDX-License-Identifier: Apache-2.0 */

/* The private bus.
 *
 * dbus-daemon tells on a pipe when it listens (--print-address), so nothing polls for its socket.
 * Services are its children, not ours: it starts them on the first call, and again on the next call
 * after a crash. To stop them in order they are asked by SIGTERM, the bus knowing their process
 * ids, while it still carries their last replies; when they have ended, it is stopped itself.
 *
 * dbus-broker was rejected: its launcher needs an inherited socket and systemd.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "launcher/dou-bus-config.h"
#include "launcher/dou-private-bus.h"
#include "launcher/dou-process.h"

/* How long services may take to end once asked; their own limit is 4 seconds (dou-service.c). */
#define SERVICES_TIMEOUT_MS 5000

/* The bus answers questions about its own connections at once, or never. */
#define ASK_TIMEOUT_MS 1000

/* A service that has been asked to end. */
typedef struct
{
  int fd;          /* pidfd */
  guint source_id; /* or 0 */
} Ending;

struct _DouPrivateBus
{
  GObject parent_instance;

  DouReaper *reaper;           /* (owned) */
  char *runtime_dir;           /* (owned) */
  char *address;               /* (owned) */
  GPtrArray *names;            /* (owned) (element-type utf8) of the services */
  DouProcess *process;         /* (owned) (nullable) dbus-daemon */
  GDBusConnection *connection; /* (owned) (nullable) */
  gboolean started;

  GTask *stop;       /* (owned) (nullable) */
  GArray *ending;    /* (owned) (element-type Ending) services that were asked to end */
  guint n_remaining; /* services that have not ended, as far as is known */
  guint stop_id;     /* timeout of that, or 0 */
};

G_DEFINE_FINAL_TYPE (DouPrivateBus, dou_private_bus, G_TYPE_OBJECT)

enum
{
  SIGNAL_DIED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
ending_clear (gpointer data)
{
  Ending *ending = data;

  g_clear_handle_id (&ending->source_id, g_source_remove);
  g_close (ending->fd, NULL);
}

static void
dou_private_bus_forget_services (DouPrivateBus *self)
{
  g_clear_handle_id (&self->stop_id, g_source_remove);
  g_array_set_size (self->ending, 0);
  self->n_remaining = 0;
}

static void
dou_private_bus_dispose (GObject *object)
{
  DouPrivateBus *self = DOU_PRIVATE_BUS (object);

  dou_private_bus_forget_services (self);
  if (self->process != NULL)
    g_signal_handlers_disconnect_by_data (self->process, self);
  g_clear_object (&self->connection);
  g_clear_object (&self->process);
  g_clear_object (&self->reaper);

  G_OBJECT_CLASS (dou_private_bus_parent_class)->dispose (object);
}

static void
dou_private_bus_finalize (GObject *object)
{
  DouPrivateBus *self = DOU_PRIVATE_BUS (object);

  dou_bus_config_remove (self->runtime_dir);
  g_free (self->runtime_dir);
  g_free (self->address);
  g_ptr_array_unref (self->names);
  g_array_unref (self->ending);

  G_OBJECT_CLASS (dou_private_bus_parent_class)->finalize (object);
}

static void
dou_private_bus_class_init (DouPrivateBusClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dou_private_bus_dispose;
  object_class->finalize = dou_private_bus_finalize;

  /**
   * DouPrivateBus::died:
   * @self: the bus
   * @wait_status: how dbus-daemon ended, as of waitpid(2)
   *
   * The bus has ended although nobody stopped it.
   */
  signals[SIGNAL_DIED] = g_signal_new ("died", DOU_TYPE_PRIVATE_BUS, G_SIGNAL_RUN_LAST, 0, NULL,
                                       NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
}

static void
dou_private_bus_init (DouPrivateBus *self)
{
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->ending = g_array_new (FALSE, FALSE, sizeof (Ending));
  g_array_set_clear_func (self->ending, ending_clear);
}

/**
 * dou_private_bus_new:
 * @reaper: who hears of the end of processes
 * @runtime_dir: an existing directory, private to this user and this bus
 * @error: return location
 *
 * Writes the configuration; what a killed run has left in @runtime_dir is removed. The files go with
 * the last reference.
 *
 * Returns: (transfer full): a bus that is not started yet, or %NULL
 */
DouPrivateBus *
dou_private_bus_new (DouReaper *reaper, const char *runtime_dir, GError **error)
{
  g_autoptr (DouPrivateBus) self = NULL;
  g_autofree char *address = dou_bus_config_get_address (runtime_dir, error);

  g_return_val_if_fail (DOU_IS_REAPER (reaper), NULL);

  if (address == NULL)
    return NULL;
  if (getpwuid (geteuid ()) == NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                   _ ("User %u is not in the user database, which dbus-daemon needs"), geteuid ());
      return NULL;
    }

  if (!dou_bus_config_write (runtime_dir, error))
    return NULL;

  self = g_object_new (DOU_TYPE_PRIVATE_BUS, NULL);
  self->reaper = g_object_ref (reaper);
  self->runtime_dir = g_strdup (runtime_dir);
  self->address = g_steal_pointer (&address);
  return g_steal_pointer (&self);
}

/**
 * dou_private_bus_add_service:
 * @self: a bus that is not started
 * @bus_name: a name below org.doutok
 * @argv: the program that the bus starts for it, absolute, and its arguments
 * @error: return location
 *
 * Returns: whether the bus will know the service
 */
gboolean
dou_private_bus_add_service (DouPrivateBus *self, const char *bus_name, const char *const *argv,
                             GError **error)
{
  g_return_val_if_fail (DOU_IS_PRIVATE_BUS (self), FALSE);
  g_return_val_if_fail (self->process == NULL, FALSE);

  if (!dou_bus_config_write_service (self->runtime_dir, bus_name, argv, error))
    return FALSE;

  g_ptr_array_add (self->names, g_strdup (bus_name));
  return TRUE;
}

static void
dou_private_bus_complete_stop (DouPrivateBus *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stop);

  dou_private_bus_forget_services (self);
  g_clear_object (&self->connection);
  g_task_return_boolean (task, TRUE);
}

static void
exited_cb (DouProcess *process, int wait_status, gpointer user_data)
{
  DouPrivateBus *self = user_data;

  if (self->stop != NULL)
    dou_private_bus_complete_stop (self);
  else if (self->started)
    g_signal_emit (self, signals[SIGNAL_DIED], 0, wait_status);
}

static gboolean
dou_private_bus_spawn (DouPrivateBus *self, int print_fd, int log_fd, GError **error)
{
  g_autofree char *config = dou_bus_config_get_path (self->runtime_dir);
  g_autofree char *config_option = g_strconcat ("--config-file=", config, NULL);
  g_autofree char *print_option = g_strdup_printf ("--print-address=%d", DOU_PROCESS_FIRST_FD);
  const char *const argv[] = { "dbus-daemon", config_option, "--nofork", "--nopidfile",
                               "--nosyslog",  print_option,  NULL };

  self->process = dou_process_spawn (self->reaper, argv, &print_fd, 1, log_fd, error);
  if (self->process == NULL)
    return FALSE;

  g_signal_connect (self->process, "exited", G_CALLBACK (exited_cb), self);
  return TRUE;
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouPrivateBus *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  self->connection = g_dbus_connection_new_for_address_finish (result, &error);
  if (self->connection == NULL)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                               "Cannot connect to the bus at %s: %s", self->address,
                               error->message);
      return;
    }

  self->started = TRUE;
  g_task_return_boolean (task, TRUE);
}

static void
address_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouPrivateBus *self = g_task_get_source_object (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autofree char *line = NULL;

  line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (line == NULL)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                               "dbus-daemon ended before it was ready");
      return;
    }

  /* Without G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_ALLOW_ANONYMOUS: EXTERNAL is the only way in. */
  g_dbus_connection_new_for_address (self->address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                         | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, cancellable, connected_cb, g_steal_pointer (&task));
}

/**
 * dou_private_bus_start_async:
 * @self: a bus that is not started
 * @log_fd: where dbus-daemon and the services log; -1 for standard error
 * @cancellable: (nullable): to give up
 * @callback: called when the bus listens and we are connected to it
 * @user_data: for @callback
 */
void
dou_private_bus_start_async (DouPrivateBus *self, int log_fd, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GDataInputStream) lines = NULL;
  g_autoptr (GError) error = NULL;
  gboolean spawned;
  int fds[2];

  g_return_if_fail (DOU_IS_PRIVATE_BUS (self));
  g_return_if_fail (self->process == NULL);

  g_task_set_source_tag (task, dou_private_bus_start_async);

  if (!g_unix_open_pipe (fds, FD_CLOEXEC, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  stream = g_unix_input_stream_new (fds[0], TRUE);
  spawned = dou_private_bus_spawn (self, fds[1], log_fd, &error);
  g_close (fds[1], NULL);
  if (!spawned)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  lines = g_data_input_stream_new (stream);
  g_data_input_stream_read_line_async (lines, G_PRIORITY_DEFAULT, cancellable, address_read_cb,
                                       g_steal_pointer (&task));
}

/**
 * dou_private_bus_start_finish:
 * @self: a bus
 * @result: of dou_private_bus_start_async()
 * @error: return location for %DOU_STATUS_UNAVAILABLE, or %G_IO_ERROR_CANCELLED
 *
 * Returns: whether the bus runs
 */
gboolean
dou_private_bus_start_finish (DouPrivateBus *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_private_bus_start_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * dou_private_bus_get_address:
 * @self: a bus
 *
 * Returns: (transfer none): its D-Bus address, `unix:path=…`
 */
const char *
dou_private_bus_get_address (DouPrivateBus *self)
{
  g_return_val_if_fail (DOU_IS_PRIVATE_BUS (self), NULL);

  return self->address;
}

/**
 * dou_private_bus_get_connection:
 * @self: a bus
 *
 * Returns: (transfer none) (nullable): the connection, from the start to the stop
 */
GDBusConnection *
dou_private_bus_get_connection (DouPrivateBus *self)
{
  g_return_val_if_fail (DOU_IS_PRIVATE_BUS (self), NULL);

  return self->connection;
}

static void
dou_private_bus_service_ended (DouPrivateBus *self)
{
  if (self->n_remaining > 0 && --self->n_remaining == 0)
    dou_process_stop (self->process);
}

static gboolean
ended_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  DouPrivateBus *self = user_data;

  for (guint i = 0; i < self->ending->len; i++)
    {
      Ending *ending = &g_array_index (self->ending, Ending, i);

      if (ending->fd == fd)
        {
          ending->source_id = 0;
          g_array_remove_index_fast (self->ending, i);
          break;
        }
    }

  dou_private_bus_service_ended (self);
  return G_SOURCE_REMOVE;
}

static void
process_id_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouPrivateBus) self = user_data;
  g_autoptr (GVariant) reply = NULL;
  Ending ending = { -1, 0 };
  guint32 pid;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  if (self->n_remaining == 0)
    return;

  if (reply != NULL)
    {
      g_variant_get (reply, "(u)", &pid);
      ending.fd = pidfd_open ((pid_t) pid, 0);
    }
  if (ending.fd < 0)
    {
      /* It does not run, or not any more. */
      dou_private_bus_service_ended (self);
      return;
    }

  pidfd_send_signal (ending.fd, SIGTERM, NULL, 0);
  ending.source_id = g_unix_fd_add (ending.fd, G_IO_IN, ended_cb, self);
  g_array_append_val (self->ending, ending);
}

static gboolean
services_timeout_cb (gpointer user_data)
{
  DouPrivateBus *self = user_data;

  g_message ("%u services do not end: stopping the bus without them", self->n_remaining);
  self->stop_id = 0;
  dou_private_bus_forget_services (self);
  dou_process_stop (self->process);
  return G_SOURCE_REMOVE;
}

/**
 * dou_private_bus_stop_async:
 * @self: a bus
 * @callback: called when dbus-daemon has ended
 * @user_data: for @callback
 *
 * Asks the services to end, waits at most 5 seconds for them, and stops the bus. Services that hang are
 * left to dou_reaper_drain_async().
 */
void
dou_private_bus_stop_async (DouPrivateBus *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (DOU_IS_PRIVATE_BUS (self));
  g_return_if_fail (self->stop == NULL);

  self->stop = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->stop, dou_private_bus_stop_async);

  if (self->process == NULL || !dou_process_is_running (self->process))
    {
      dou_private_bus_complete_stop (self);
      return;
    }
  if (self->connection == NULL || self->names->len == 0)
    {
      dou_process_stop (self->process);
      return;
    }

  self->n_remaining = self->names->len;
  self->stop_id = g_timeout_add (SERVICES_TIMEOUT_MS, services_timeout_cb, self);
  for (guint i = 0; i < self->names->len; i++)
    g_dbus_connection_call (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                            "org.freedesktop.DBus", "GetConnectionUnixProcessID",
                            g_variant_new ("(s)", g_ptr_array_index (self->names, i)),
                            G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, ASK_TIMEOUT_MS,
                            NULL, process_id_cb, g_object_ref (self));
}

/**
 * dou_private_bus_stop_finish:
 * @self: a bus
 * @result: of dou_private_bus_stop_async()
 * @error: return location; never set
 *
 * Returns: %TRUE
 */
gboolean
dou_private_bus_stop_finish (DouPrivateBus *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_private_bus_stop_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
