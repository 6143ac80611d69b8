/* SPDX-License-Identifier: Apache-2.0 */

/* A small program in the place of one that the launcher starts, so that what goes wrong with those can
 * be made to happen. It plays the part that it is named after: that of a service,
 * doutok-gateway or doutok-sandbox. The environment says how badly:
 *
 *     DOU_STAND_IN="doutok-gateway=mute doutok-video=fail"
 *
 *     fail      ends at once, with exit status 3
 *     mute      runs, but never says that it is ready
 *     stubborn  does not end on SIGTERM
 *
 * A gateway answers every connection with its process id and closes it.
 */

#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include "common/dou-service.h"
#include "dou-dbus-chat.h"
#include "dou-dbus-social.h"
#include "dou-dbus-user.h"
#include "dou-dbus-video.h"

static gboolean
behaves (const char *part, const char *manner)
{
  const char *wanted = g_getenv ("DOU_STAND_IN");
  g_auto (GStrv) words = g_strsplit (wanted != NULL ? wanted : "", " ", -1);
  g_autofree char *word = g_strconcat (part, "=", manner, NULL);

  return g_strv_contains ((const char *const *) words, word);
}

static gboolean
ignore_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
connection_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  int connection = accept4 (fd, NULL, NULL, SOCK_CLOEXEC);

  if (connection >= 0)
    {
      g_autofree char *answer = g_strdup_printf ("%d\n", getpid ());

      g_assert_cmpint (write (connection, answer, strlen (answer)), ==, strlen (answer));
      close (connection);
    }

  return G_SOURCE_CONTINUE;
}

static void
stopping_cb (DouService *service, gpointer user_data)
{
  if (user_data != NULL)
    dou_service_hold (service);
}

static const struct
{
  const char *part;
  const char *object_path;
  const char *bus_name;
  GType (*get_type) (void);
} services[] = {
  { "doutok-user", "/org/doutok/User", "org.doutok.User", dou_dbus_user1_skeleton_get_type },
  { "doutok-video", "/org/doutok/Video", "org.doutok.Video", dou_dbus_video1_skeleton_get_type },
  { "doutok-social", "/org/doutok/Social", "org.doutok.Social",
    dou_dbus_social1_skeleton_get_type },
  { "doutok-chat", "/org/doutok/Chat", "org.doutok.Chat", dou_dbus_chat1_skeleton_get_type },
};

static int
run_service (DouService *service, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusInterfaceSkeleton) skeleton = NULL;

  if (behaves (part, "mute"))
    return dou_service_run (service);

  for (gsize i = 0; i < G_N_ELEMENTS (services); i++)
    if (g_str_equal (services[i].part, part))
      {
        skeleton = g_object_new (services[i].get_type (), "engine", "stand-in 1", "schema-version",
                                 7u, NULL);
        dou_service_export (service, skeleton, services[i].object_path, services[i].bus_name,
                            &error);
      }

  g_assert_no_error (error);
  g_assert_nonnull (skeleton);
  return dou_service_run (service);
}

static int
run_gateway (DouService *service, char **listen_fds, int ready_fd)
{
  for (char **fd = listen_fds; *fd != NULL; fd++)
    g_unix_fd_add (atoi (*fd), G_IO_IN, connection_cb, NULL);

  if (!behaves ("doutok-gateway", "mute"))
    g_assert_cmpint (write (ready_fd, "ready\n", 6), ==, 6);
  close (ready_fd);

  if (behaves ("doutok-gateway", "stubborn"))
    {
      g_unix_signal_add (SIGTERM, ignore_cb, NULL);
      g_main_loop_run (g_main_loop_new (NULL, FALSE));
    }

  return dou_service_run (service);
}

int
main (int argc, char **argv)
{
  g_autofree char *part = g_path_get_basename (argv[0]);
  g_autoptr (DouService) service = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) listen_fds = NULL;
  int index = 0;
  int ready_fd = -1;
  const GOptionEntry entries[] = {
    { "index", 0, 0, G_OPTION_ARG_INT, &index, "", "" },
    { "listen-fd", 0, 0, G_OPTION_ARG_STRING_ARRAY, &listen_fds, "", "" },
    { "ready-fd", 0, 0, G_OPTION_ARG_INT, &ready_fd, "", "" },
    G_OPTION_ENTRY_NULL,
  };

  if (behaves (part, "fail"))
    return 3;
  if (g_str_equal (part, "doutok-sandbox"))
    {
      g_print ("landlock %s\nseccomp ok\n", behaves (part, "absent") ? "absent" : "ok");
      return EXIT_SUCCESS;
    }

  service = dou_service_new (part, &argc, &argv, entries, &error);
  if (service == NULL)
    return dou_service_fail (part, error);

  g_signal_connect (service, "stopping", G_CALLBACK (stopping_cb),
                    behaves (part, "stubborn") ? argv : NULL);
  return g_str_equal (part, "doutok-gateway") ? run_gateway (service, listen_fds, ready_fd)
                                              : run_service (service, part);
}
