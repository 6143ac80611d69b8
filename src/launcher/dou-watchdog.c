/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <systemd/sd-daemon.h>

#include "launcher/dou-watchdog.h"

struct _DouWatchdog
{
  GObject parent_instance;

  GDBusConnection *connection; /* (owned) */
  GCancellable *cancellable;   /* (owned) of the question under way */
  guint interval_ms;           /* half of what systemd allows */
  guint timer_id;              /* or 0, if systemd does not watch */
};

G_DEFINE_FINAL_TYPE (DouWatchdog, dou_watchdog, G_TYPE_OBJECT)

static void
dou_watchdog_dispose (GObject *object)
{
  DouWatchdog *self = DOU_WATCHDOG (object);

  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->connection);

  G_OBJECT_CLASS (dou_watchdog_parent_class)->dispose (object);
}

static void
dou_watchdog_class_init (DouWatchdogClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_watchdog_dispose;
}

static void
dou_watchdog_init (DouWatchdog *self)
{
  self->cancellable = g_cancellable_new ();
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply != NULL)
    sd_notify (0, "WATCHDOG=1");
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_message ("The bus does not answer: %s", error->message);
}

static gboolean
timer_cb (gpointer user_data)
{
  DouWatchdog *self = user_data;

  g_dbus_connection_call (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus.Peer", "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NONE,
                          (int) self->interval_ms, self->cancellable, answered_cb, NULL);
  return G_SOURCE_CONTINUE;
}

/**
 * dou_watchdog_new:
 * @connection: to the private bus
 *
 * Does nothing unless the unit has WatchdogSec=. Ends with the last reference.
 *
 * Returns: (transfer full): the watchdog
 */
DouWatchdog *
dou_watchdog_new (GDBusConnection *connection)
{
  DouWatchdog *self = g_object_new (DOU_TYPE_WATCHDOG, NULL);
  guint64 limit_us;

  self->connection = g_object_ref (connection);
  if (sd_watchdog_enabled (0, &limit_us) > 0)
    {
      self->interval_ms = (guint) CLAMP (limit_us / 2 / 1000, 1, G_MAXINT);
      self->timer_id = g_timeout_add (self->interval_ms, timer_cb, self);
      timer_cb (self);
    }

  return self;
}
