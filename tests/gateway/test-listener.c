/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <unistd.h>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "common/dou-status.h"
#include "gateway/dou-listener.h"
#include "lib/dou-test-client.h"
#include "lib/dou-test-wait.h"

typedef struct
{
  DouListener *listener; /* (owned) */
  guint16 port;
  guint n_accepted;
  guint n_turned_away;
  gboolean keeps; /* accepted sockets are not closed */
  GArray *kept;   /* (owned) (element-type int) */
} Fixture;

static void
accepted_cb (int fd, GSocketAddress *local, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_cmpuint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local)), ==,
                    fixture->port);
  fixture->n_accepted++;
  if (fixture->keeps)
    g_array_append_val (fixture->kept, fd);
  else
    close (fd);
}

static void
turned_away_cb (int fd, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_cmpint (fd, >=, 0);
  fixture->n_turned_away++;
}

static const DouListenerFuncs funcs = { accepted_cb, turned_away_cb };

static void
set_up (Fixture *fixture, gconstpointer data)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, length));
  g_assert_no_errno (listen (fd, SOMAXCONN));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) &address, &length));
  fixture->port = ntohs (address.sin_port);
  fixture->kept = g_array_new (FALSE, FALSE, sizeof (int));
  fixture->listener = dou_listener_new (fd, &funcs, fixture, &error);
  g_assert_no_error (error);
}

static void
close_kept (Fixture *fixture)
{
  for (guint i = 0; i < fixture->kept->len; i++)
    close (g_array_index (fixture->kept, int, i));
  g_array_set_size (fixture->kept, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->listener);
  close_kept (fixture);
  g_array_unref (fixture->kept);
}

static GPtrArray *
connect_many (Fixture *fixture, guint n)
{
  GPtrArray *clients = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_test_client_free);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (clients, dou_test_client_new (fixture->port));
  return clients;
}

static void
set_descriptor_limit (rlim_t n)
{
  struct rlimit limit;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = n;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
}

static gboolean
is_through (gpointer data)
{
  Fixture *fixture = data;

  return fixture->n_accepted + fixture->n_turned_away >= 100;
}

/* Test that what is no listening socket is refused and not closed. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_null (dou_listener_new (fd, &funcs, fixture, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER);
  g_assert_no_errno (close (fd));
}

/* Test that one turn of the main loop takes a share of many, and the next ones the rest. */
static void
test_burst (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) clients = connect_many (fixture, 100);

  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture->n_accepted, <=, 64);
  dou_test_wait_until (is_through, fixture);
  g_assert_cmpuint (fixture->n_accepted, ==, 100);
  g_assert_cmpuint (fixture->n_turned_away, ==, 0);
}

/* Test that connections for which there is no descriptor are turned away, that the main loop has
 * its rest then, and that the next ones are accepted when there is. */
static void
test_no_descriptors (Fixture *fixture, gconstpointer data)
{
  struct rlimit before;
  g_autoptr (GPtrArray) clients = connect_many (fixture, 100);
  int next = dup (0);

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  close (next);
  fixture->keeps = TRUE;

  set_descriptor_limit ((rlim_t) next + 5);
  dou_test_wait_until (is_through, fixture);
  g_assert_cmpuint (fixture->n_accepted, ==, 5);
  g_assert_cmpuint (fixture->n_turned_away, ==, 95);
  while (g_main_context_iteration (NULL, FALSE))
    ;

  set_descriptor_limit (before.rlim_cur);
  close_kept (fixture);
  fixture->n_accepted = 99 - fixture->n_turned_away;
  g_ptr_array_add (clients, dou_test_client_new (fixture->port));
  dou_test_wait_until (is_through, fixture);
  g_assert_cmpuint (fixture->kept->len, ==, 1);
}

/* Test that without even a descriptor in reserve the listener pauses, and comes back by itself. */
static void
test_pause (Fixture *fixture, gconstpointer data)
{
  struct rlimit before;
  g_autoptr (GPtrArray) clients = connect_many (fixture, 1);

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));

  /* Below the reserve: giving that up does not help either. */
  set_descriptor_limit (3);
  g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (fixture->n_accepted + fixture->n_turned_away, ==, 0);
  g_assert_false (g_main_context_pending (NULL));

  set_descriptor_limit (before.rlim_cur);
  fixture->n_turned_away = 99;
  dou_test_wait_until (is_through, fixture);
  g_assert_cmpuint (fixture->n_accepted, ==, 1);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/gateway/listener/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("refused", test_refused);
  ADD ("burst", test_burst);
  ADD ("no-descriptors", test_no_descriptors);
  ADD ("pause", test_pause);

  return g_test_run ();
}
