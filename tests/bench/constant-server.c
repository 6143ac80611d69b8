/* SPDX-License-Identifier: Apache-2.0 */

/* What DouTok is compared with: plain libsoup, as its documentation shows it, answering every
 * request with the same bytes.
 *
 *     constant-server N FILE
 *
 * N processes share one free port of 127.0.0.1, which is printed when all of them listen; the body
 * is what FILE holds. They end with the process that started them, and on SIGTERM. */

#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libsoup/soup.h>

#define MAX_PROCESSES 64

static void
handler (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
         gpointer user_data)
{
  GBytes *body = user_data;
  gsize length;
  const char *data = g_bytes_get_data (body, &length);

  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "application/json; charset=utf-8", SOUP_MEMORY_STATIC,
                                    data, length);
}

/* Bound by hand, since g_socket_bind() lets no two sockets share a port. */
static GSocket *
make_socket (guint16 port, GError **error)
{
  const struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons (port),
                                       .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_TCP, error);

  if (socket == NULL || !g_socket_set_option (socket, SOL_SOCKET, SO_REUSEPORT, TRUE, error))
    return NULL;

  if (bind (g_socket_get_fd (socket), (const struct sockaddr *) &address, sizeof address) < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s", g_strerror (errno));
      return NULL;
    }

  return g_socket_listen (socket, error) ? g_steal_pointer (&socket) : NULL;
}

static guint16
get_port (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  return address != NULL ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) : 0;
}

static int
serve (GSocket *socket, GBytes *body)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr (GError) error = NULL;

  soup_server_add_handler (server, NULL, handler, body, NULL);
  if (!soup_server_listen_socket (server, socket, 0, &error))
    {
      g_printerr ("constant-server: %s\n", error->message);
      return EXIT_FAILURE;
    }

  g_main_loop_run (loop);
  return EXIT_SUCCESS;
}

/* Ends with its parent, also if that was killed before this was called. */
static void
end_with (pid_t parent)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != parent)
    exit (EXIT_FAILURE);
}

/* All sockets are there before anybody serves: a connection must not find one that nobody accepts. */
static GPtrArray *
make_sockets (guint n_sockets, GError **error)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  guint16 port = 0;

  for (guint i = 0; i < n_sockets; i++)
    {
      GSocket *socket = make_socket (port, error);

      if (socket == NULL)
        return NULL;
      g_ptr_array_add (sockets, socket);
      port = get_port (socket);
    }

  return g_steal_pointer (&sockets);
}

int
main (int argc, char **argv)
{
  const pid_t parent = getpid ();
  const guint n_processes = argc == 3 ? (guint) g_ascii_strtoull (argv[1], NULL, 10) : 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) sockets = NULL;
  char *text = NULL;
  gsize length;

  if (n_processes < 1 || n_processes > MAX_PROCESSES)
    {
      g_printerr ("usage: constant-server N FILE\n");
      return EXIT_FAILURE;
    }
  if (!g_file_get_contents (argv[2], &text, &length, &error)
      || (sockets = make_sockets (n_processes, &error)) == NULL)
    {
      g_printerr ("constant-server: %s\n", error->message);
      return EXIT_FAILURE;
    }

  for (guint i = 0; i < n_processes; i++)
    if (fork () == 0)
      {
        g_autoptr (GSocket) socket = g_object_ref (g_ptr_array_index (sockets, i));
        g_autoptr (GBytes) body = g_bytes_new_take (text, length);

        end_with (parent);
        g_clear_pointer (&sockets, g_ptr_array_unref);
        return serve (socket, body);
      }

  printf ("%u\n", get_port (g_ptr_array_index (sockets, 0)));
  fflush (stdout);
  g_clear_pointer (&sockets, g_ptr_array_unref);
  g_free (text);
  while (wait (NULL) > 0)
    continue;
  return EXIT_SUCCESS;
}
