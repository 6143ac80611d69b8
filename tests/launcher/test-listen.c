/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <glib/gstdio.h>

#include "common/dou-status.h"
#include "launcher/dou-listen-address.h"
#include "launcher/dou-listen-sockets.h"
#include "launcher/dou-test-tree.h"

static void
assert_refused (const char *text, const char *named)
{
  const char *const addresses[] = { text, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_listen_sockets_open_all (addresses, 1, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == DOU_ERROR);
  g_assert_nonnull (strstr (error->message, named));
}

/* Test that what is no address and port is refused by name. */
static void
test_malformed (void)
{
  static const char *const texts[]
      = { "",         "8080",        ":8080",         "127.0.0.1",      "127.0.0.1:",
          "host:http", "127.0.0.1:-1", "127.0.0.1:65536", "127.0.0.1:80x", "127.0.0.1: 80",
          "::1:80",   "[::1]" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i], texts[i]);
}

/* Test that an address which is not this machine's is refused, and one that is no name. */
static void
test_foreign (void)
{
  assert_refused ("192.0.2.1:0", "192.0.2.1");
  assert_refused ("no-such-host.invalid:80", "no-such-host.invalid");
}

/* Test that nothing to listen on is refused. */
static void
test_none (void)
{
  const char *const addresses[] = { NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_listen_sockets_open_all (addresses, 1, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER);
}

static GPtrArray *
open_one (const char *text, guint n_sockets)
{
  const char *const addresses[] = { text, NULL };
  g_autoptr (GError) error = NULL;
  GPtrArray *result = dou_listen_sockets_open_all (addresses, n_sockets, &error);

  g_assert_no_error (error);
  return result;
}

static const char *
get_port (GPtrArray *sockets, guint index)
{
  return strrchr (dou_listen_sockets_get_uri (g_ptr_array_index (sockets, index)), ':') + 1;
}

/* Test that a port is taken as soon as anybody listens there, sharing or not, and free afterwards. */
static void
test_taken (void)
{
  g_autoptr (GPtrArray) first = open_one ("127.0.0.1:0", 2);
  g_autofree char *same = g_strconcat ("127.0.0.1:", get_port (first, 0), NULL);
  g_autoptr (GPtrArray) second = NULL;

  assert_refused (same, same);
  assert_refused (same, g_strerror (EADDRINUSE));
  g_clear_pointer (&first, g_ptr_array_unref);
  second = open_one (same, 2);
}

/* Test that a foreign listener without SO_REUSEPORT is noticed as well. */
static void
test_taken_by_other (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree char *same = g_strdup_printf ("0.0.0.0:%u", port);

  assert_refused (same, g_strerror (EADDRINUSE));
  g_socket_listener_close (listener);
}

static gboolean
can_connect (const char *uri)
{
  g_autoptr (GSocketConnection) connection = dou_test_connect (uri);

  return connection != NULL;
}

/* Test that port 0 becomes one port, which all sockets share and the URI says. */
static void
test_any_port (void)
{
  g_autoptr (GPtrArray) sockets = open_one ("127.0.0.1:0", 3);
  DouListenSockets *address = g_ptr_array_index (sockets, 0);
  guint16 ports[3];

  for (guint i = 0; i < 3; i++)
    {
      struct sockaddr_in name;
      socklen_t length = sizeof name;
      int flag = 0;
      socklen_t flag_length = sizeof flag;
      int fd = dou_listen_sockets_get_fd (address, i);

      g_assert_cmpint (getsockname (fd, (struct sockaddr *) &name, &length), ==, 0);
      ports[i] = ntohs (name.sin_port);
      g_assert_cmpint (getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &flag, &flag_length), ==, 0);
      g_assert_cmpint (flag, ==, 1);
    }

  g_assert_cmpuint (ports[0], !=, 0);
  g_assert_cmpuint (ports[1], ==, ports[0]);
  g_assert_cmpuint (ports[2], ==, ports[0]);
  g_assert_cmpuint (g_ascii_strtoull (get_port (sockets, 0), NULL, 10), ==, ports[0]);
  g_assert_true (can_connect (dou_listen_sockets_get_uri (address)));
}

/* Test several addresses, among them a name and the same port on IPv4 and IPv6. */
static void
test_several (void)
{
  g_autoptr (GPtrArray) free_port = open_one ("127.0.0.1:0", 1);
  g_autofree char *port = g_strdup (get_port (free_port, 0));
  g_autofree char *ipv4 = g_strconcat ("0.0.0.0:", port, NULL);
  g_autofree char *ipv6 = g_strconcat ("[::]:", port, NULL);
  const char *const addresses[] = { ipv4, ipv6, "localhost:0", NULL };
  g_autoptr (GPtrArray) sockets = NULL;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&free_port, g_ptr_array_unref);
  sockets = dou_listen_sockets_open_all (addresses, 2, &error);
  if (g_error_matches (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE)
      && strstr (error->message, "[::]") != NULL)
    {
      g_test_skip ("this machine has no IPv6");
      return;
    }

  g_assert_no_error (error);
  g_assert_cmpuint (sockets->len, >=, 3);
  for (guint i = 0; i < sockets->len; i++)
    g_assert_true (can_connect (dou_listen_sockets_get_uri (g_ptr_array_index (sockets, i))));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/launcher/listen/malformed", test_malformed);
  g_test_add_func ("/launcher/listen/foreign", test_foreign);
  g_test_add_func ("/launcher/listen/none", test_none);
  g_test_add_func ("/launcher/listen/taken", test_taken);
  g_test_add_func ("/launcher/listen/taken-by-other", test_taken_by_other);
  g_test_add_func ("/launcher/listen/any-port", test_any_port);
  g_test_add_func ("/launcher/listen/several", test_several);

  return g_test_run ();
}
