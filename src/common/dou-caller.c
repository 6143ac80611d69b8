/* SPDX-License-Identifier: Apache-2.0 */

/* Who is on the other end of a call, as far as the machine knows; what a caller says of itself would
 * prove nothing. The bus lets in one user alone, so the user id says little: administrators become that
 * user first, by sudo or su. But the kernel remembers who has logged in (pam_loginuid), through all
 * that, and tells it of every process. It is asked for the name at once, while the caller waits. */

#include "config.h"

#include <pwd.h>
#include <unistd.h>

#include "common/dou-caller.h"
#include "common/dou-status.h"

/* Of the bus's answer, in ms. */
#define TIMEOUT 10000
/* What the kernel says of a process that nobody has logged in for: (uid_t) -1. */
#define NO_LOGIN G_MAXUINT32
/* getpwuid_r() says that this is enough for any entry that is reasonable. */
#define ENTRY_SIZE 16384

/**
 * dou_caller_free:
 * @self: (transfer full): a caller
 */
void
dou_caller_free (DouCaller *self)
{
  g_free (self->login);
  g_free (self);
}

/* Returns: the user who has logged in, or @uid */
static guint32
read_login (guint32 pid, guint32 uid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/loginuid", pid);
  g_autofree char *text = NULL;
  guint64 login;

  if (pid == 0 || !g_file_get_contents (path, &text, NULL, NULL)
      || !g_ascii_string_to_unsigned (g_strchomp (text), 10, 0, G_MAXUINT32, &login, NULL)
      || login == NO_LOGIN)
    return uid;

  return (guint32) login;
}

/* Runs in a thread, since names may come over a network. */
static void
name_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const guint32 *ids = data;
  DouCaller *self = g_new0 (DouCaller, 1);
  guint32 login = read_login (ids[1], ids[0]);
  g_autofree char *buffer = g_malloc (ENTRY_SIZE);
  struct passwd entry;
  struct passwd *found = NULL;

  self->uid = ids[0];
  if (getpwuid_r (login, &entry, buffer, ENTRY_SIZE, &found) == 0 && found != NULL)
    self->login = g_utf8_make_valid (found->pw_name, -1);
  else
    self->login = g_strdup_printf ("%u", login);
  g_task_return_pointer (task, self, (GDestroyNotify) dou_caller_free);
}

static void
find_name (GTask *task, guint32 uid, guint32 pid)
{
  const guint32 ids[] = { uid, pid };

  g_task_set_task_data (task, g_memdup2 (ids, sizeof ids), g_free);
  g_task_run_in_thread (task, name_thread);
}

static void
credentials_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) credentials = NULL;
  guint32 uid, pid;

  if (reply == NULL)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                               "Cannot find out who calls: %s", error->message);
      return;
    }

  credentials = g_variant_get_child_value (reply, 0);
  if (!g_variant_lookup (credentials, "UnixUserID", "u", &uid))
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_NOT_PERMITTED,
                               "The bus does not know who calls");
      return;
    }
  if (!g_variant_lookup (credentials, "ProcessID", "u", &pid))
    pid = 0;
  find_name (task, uid, pid);
}

/**
 * dou_caller_identify_async:
 * @invocation: a call; without a bus in between it counts as made by this process
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_caller_identify_async (GDBusMethodInvocation *invocation, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, dou_caller_identify_async);
  if (sender == NULL)
    find_name (task, getuid (), (guint32) getpid ());
  else
    g_dbus_connection_call (g_dbus_method_invocation_get_connection (invocation),
                            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                            "GetConnectionCredentials", g_variant_new ("(s)", sender),
                            G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, TIMEOUT, NULL,
                            credentials_cb, g_object_ref (task));
}

/**
 * dou_caller_identify_finish:
 * @result: of the callback
 * @error: return location for %DOU_STATUS_UNAVAILABLE and %DOU_STATUS_NOT_PERMITTED
 *
 * Returns: (transfer full): who called, or %NULL
 */
DouCaller *
dou_caller_identify_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_caller_identify_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
