/* SPDX-License-Identifier: Apache-2.0 */

/* The log of a process as an object on the bus, data/dbus/org.doutok.Log1.xml. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-log-impl.h"
#include "common/dou-log.h"
#include "common/dou-status.h"

#include "dou-dbus-log.h"

#define OBJECT_PATH "/org/doutok/Log"

static gboolean
set_level_cb (DouDBusLog1 *skeleton, GDBusMethodInvocation *invocation, const char *name,
              gpointer user_data)
{
  DouLogLevel level;

  if (!dou_log_level_parse (name, &level))
    {
      g_dbus_method_invocation_return_error (invocation, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                                             "There is no level “%s”: debug, info or warning", name);
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }

  dou_log_set_level (level);
  dou_dbus_log1_set_level (skeleton, dou_log_level_get_name (level));
  dou_dbus_log1_complete_set_level (skeleton, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/**
 * dou_log_impl_export:
 * @connection: to the private bus
 * @error: return location
 *
 * Returns: (transfer full): the log of this process, exported on @connection; or %NULL
 */
GDBusInterfaceSkeleton *
dou_log_impl_export (GDBusConnection *connection, GError **error)
{
  g_autoptr (DouDBusLog1) skeleton = dou_dbus_log1_skeleton_new ();

  dou_dbus_log1_set_part (skeleton, dou_log_get_part ());
  dou_dbus_log1_set_level (skeleton, dou_log_level_get_name (dou_log_get_level ()));
  g_signal_connect (skeleton, "handle-set-level", G_CALLBACK (set_level_cb), NULL);
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (skeleton), connection,
                                         OBJECT_PATH, error))
    return NULL;

  return G_DBUS_INTERFACE_SKELETON (g_steal_pointer (&skeleton));
}
