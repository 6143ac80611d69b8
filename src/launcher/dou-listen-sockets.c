/* SPDX-License-Identifier: Apache-2.0 */

/* Listening sockets.
 *
 * Every gateway has a socket of its own on every address (SO_REUSEPORT): the kernel spreads new
 * connections over them, and a gateway that dies takes nobody else's connections with it. The launcher
 * makes them and keeps them, so that connections which arrive while a gateway is being restarted wait
 * in its socket's queue instead of being refused.
 *
 * SO_REUSEPORT alone would let a second server of the same user share the port without a word. So the
 * first socket of an address is bound and set listening without it, which fails if anybody has the
 * port; only then is it set there, too, and the gateways' sockets join. From the first bind(2) to the
 * last the port is never free, so two servers that start at once cannot both pass (tried on Linux
 * 6.18).
 *
 * Or systemd has the sockets (doutok.socket) and passes them on, one for each address: then all
 * gateways accept from the same one. The kernel does not spread connections evenly there, but while
 * the server is restarted they wait instead of being refused. Sockets of our own cannot join
 * systemd's: SO_REUSEPORT is for those of one user.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <systemd/sd-daemon.h>
#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "launcher/dou-listen-address.h"
#include "launcher/dou-listen-sockets.h"

/* Connections that wait to be accepted, for each socket; the kernel caps it at net.core.somaxconn. */
#define BACKLOG 4096

struct _DouListenSockets
{
  GObject parent_instance;

  GArray *fds; /* (owned) (element-type int) */
  char *uri;   /* (owned) */
};

G_DEFINE_FINAL_TYPE (DouListenSockets, dou_listen_sockets, G_TYPE_OBJECT)

static void
close_fd (gpointer data)
{
  g_close (*(int *) data, NULL);
}

static void
dou_listen_sockets_finalize (GObject *object)
{
  DouListenSockets *self = DOU_LISTEN_SOCKETS (object);

  g_array_unref (self->fds);
  g_free (self->uri);

  G_OBJECT_CLASS (dou_listen_sockets_parent_class)->finalize (object);
}

static void
dou_listen_sockets_class_init (DouListenSocketsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_listen_sockets_finalize;
}

static void
dou_listen_sockets_init (DouListenSockets *self)
{
  self->fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_array_set_clear_func (self->fds, close_fd);
}

static gboolean
set_option (int fd, int level, int name)
{
  const int on = 1;

  return setsockopt (fd, level, name, &on, sizeof on) == 0;
}

static char *
describe_address (GSocketAddress *address)
{
  return g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
}

/* Returns a listening socket, or -1 with errno. */
static int
open_socket (const struct sockaddr_storage *native, socklen_t length, gboolean only_ipv6,
             gboolean shared)
{
  int fd = socket (native->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int saved_errno;

  if (fd < 0)
    return -1;

  /* SO_REUSEADDR: connections of the former run that linger in TIME_WAIT do not hold the port. */
  if (set_option (fd, SOL_SOCKET, SO_REUSEADDR)
      && (!shared || set_option (fd, SOL_SOCKET, SO_REUSEPORT))
      && (!only_ipv6 || set_option (fd, IPPROTO_IPV6, IPV6_V6ONLY))
      && bind (fd, (const struct sockaddr *) native, length) == 0 && listen (fd, BACKLOG) == 0)
    return fd;

  saved_errno = errno;
  g_close (fd, NULL);
  errno = saved_errno;
  return -1;
}

/* Returns 0, or an errno. On success @native is what was bound: for port 0, the kernel's choice. */
static int
dou_listen_sockets_open_sockets (DouListenSockets *self, struct sockaddr_storage *native,
                                 socklen_t length, gboolean only_ipv6, guint n_sockets)
{
  int probe = open_socket (native, length, only_ipv6, FALSE);
  int result = 0;

  if (probe < 0)
    return errno;

  if (getsockname (probe, (struct sockaddr *) native, &length) < 0
      || !set_option (probe, SOL_SOCKET, SO_REUSEPORT))
    result = errno;

  while (result == 0 && self->fds->len < n_sockets)
    {
      int fd = open_socket (native, length, only_ipv6, TRUE);

      if (fd >= 0)
        g_array_append_val (self->fds, fd);
      else
        result = errno;
    }

  g_close (probe, NULL);
  return result;
}

static DouListenSockets *
dou_listen_sockets_open (GSocketAddress *address, gboolean only_ipv6, guint n_sockets,
                         int *error_number)
{
  g_autoptr (DouListenSockets) self = g_object_new (DOU_TYPE_LISTEN_SOCKETS, NULL);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autofree char *text = NULL;
  struct sockaddr_storage native = { 0 };
  const gssize length = g_socket_address_get_native_size (address);
  gboolean known = g_socket_address_to_native (address, &native, sizeof native, NULL);

  g_assert (known);
  *error_number
      = dou_listen_sockets_open_sockets (self, &native, (socklen_t) length, only_ipv6, n_sockets);
  if (*error_number != 0)
    return NULL;

  bound = g_socket_address_new_from_native (&native, (gsize) length);
  text = describe_address (bound);
  self->uri = g_strconcat ("http://", text, NULL);
  return g_steal_pointer (&self);
}

/* An IPv6 socket takes IPv4 connections as well, unless the same port is asked for there, too. */
static gboolean
must_be_only_ipv6 (GSocketAddress *address, GPtrArray *all)
{
  const guint16 port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));

  if (g_socket_address_get_family (address) != G_SOCKET_FAMILY_IPV6)
    return FALSE;

  for (guint i = 0; i < all->len; i++)
    {
      GSocketAddress *other = g_ptr_array_index (all, i);

      if (g_socket_address_get_family (other) == G_SOCKET_FAMILY_IPV4
          && g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (other)) == port)
        return TRUE;
    }

  return FALSE;
}

static gpointer
copy_address (gconstpointer address, gpointer user_data)
{
  return g_object_ref ((gpointer) address);
}

/* Opens what one text of the configuration stands for. A name often has an IPv6 address on a machine
 * without IPv6 (localhost); that is left out as long as there is another. */
static gboolean
open_resolved (GPtrArray *result, GPtrArray *resolved, GPtrArray *all, guint n_sockets,
               GError **error)
{
  const guint n_before = result->len;

  for (guint i = 0; i < resolved->len; i++)
    {
      GSocketAddress *address = g_ptr_array_index (resolved, i);
      const gboolean is_last = i + 1 == resolved->len && result->len == n_before;
      DouListenSockets *sockets;
      int number;

      sockets
          = dou_listen_sockets_open (address, must_be_only_ipv6 (address, all), n_sockets, &number);
      if (sockets != NULL)
        {
          g_ptr_array_add (result, sockets);
        }
      else if (is_last || (number != EAFNOSUPPORT && number != EADDRNOTAVAIL))
        {
          g_autofree char *text = describe_address (address);

          g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Cannot listen on %s: %s"), text,
                       g_strerror (number));
          return FALSE;
        }
    }

  return TRUE;
}

/**
 * dou_listen_sockets_open_all:
 * @addresses: texts of the form `ADDRESS:PORT`
 * @n_sockets: sockets to open on each
 * @error: return location for a %DOU_ERROR
 *
 * Returns: (transfer full) (element-type DouListenSockets): the sockets of each address, of at least
 *   one; or %NULL
 */
GPtrArray *
dou_listen_sockets_open_all (const char *const *addresses, guint n_sockets, GError **error)
{
  g_autoptr (GPtrArray) result = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) groups
      = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_object_unref);

  for (gsize i = 0; addresses[i] != NULL; i++)
    {
      GPtrArray *resolved = dou_listen_address_resolve (addresses[i], error);

      if (resolved == NULL)
        return NULL;
      g_ptr_array_add (groups, resolved);
      g_ptr_array_extend (all, resolved, copy_address, NULL);
    }

  if (all->len == 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("There is no address to listen on"));
      return NULL;
    }

  for (guint i = 0; i < groups->len; i++)
    if (!open_resolved (result, g_ptr_array_index (groups, i), all, n_sockets, error))
      return NULL;

  return g_steal_pointer (&result);
}

/* @fd: (transfer full): from systemd */
static DouListenSockets *
dou_listen_sockets_take (int fd, guint n_sockets, GError **error)
{
  g_autoptr (DouListenSockets) self = g_object_new (DOU_TYPE_LISTEN_SOCKETS, NULL);
  g_autoptr (GSocketAddress) address = NULL;
  g_autofree char *text = NULL;
  struct sockaddr_storage native = { 0 };
  socklen_t length = sizeof native;

  g_array_append_val (self->fds, fd);
  if (sd_is_socket_inet (fd, AF_UNSPEC, SOCK_STREAM, 1, 0) <= 0
      || getsockname (fd, (struct sockaddr *) &native, &length) < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("Descriptor %d, passed by systemd, is not a listening TCP socket"), fd);
      return NULL;
    }

  while (self->fds->len < n_sockets)
    {
      int copy = fcntl (fd, F_DUPFD_CLOEXEC, 0);

      if (copy < 0)
        {
          g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Cannot share a socket: %s"),
                       g_strerror (errno));
          return NULL;
        }
      g_array_append_val (self->fds, copy);
    }

  g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  address = g_socket_address_new_from_native (&native, length);
  text = describe_address (address);
  self->uri = g_strconcat ("http://", text, NULL);
  return g_steal_pointer (&self);
}

/**
 * dou_listen_sockets_take_all:
 * @n_sockets: gateways that share each
 * @error: return location for a %DOU_ERROR
 *
 * Takes the sockets that systemd has passed to this process, see sd_listen_fds(3). Only the first
 * call finds them.
 *
 * Returns: (transfer full) (element-type DouListenSockets): the sockets of each address, of none if
 *   systemd has passed none; or %NULL
 */
GPtrArray *
dou_listen_sockets_take_all (guint n_sockets, GError **error)
{
  g_autoptr (GPtrArray) result = g_ptr_array_new_with_free_func (g_object_unref);
  int n_passed = sd_listen_fds (TRUE);

  if (n_passed < 0)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("Cannot take the sockets that systemd has passed: %s"), g_strerror (-n_passed));
      return NULL;
    }

  for (int i = 0; i < n_passed; i++)
    {
      DouListenSockets *sockets
          = dou_listen_sockets_take (SD_LISTEN_FDS_START + i, n_sockets, error);

      if (sockets == NULL)
        return NULL;
      g_ptr_array_add (result, sockets);
    }

  return g_steal_pointer (&result);
}

/**
 * dou_listen_sockets_get_fd:
 * @self: the sockets of an address
 * @index: number of a gateway
 *
 * Returns: its listening socket, which stays with @self
 */
int
dou_listen_sockets_get_fd (DouListenSockets *self, guint index)
{
  g_return_val_if_fail (DOU_IS_LISTEN_SOCKETS (self), -1);
  g_return_val_if_fail (index < self->fds->len, -1);

  return g_array_index (self->fds, int, index);
}

/**
 * dou_listen_sockets_set_secure:
 * @self: the sockets of an address, at which TLS is spoken
 */
void
dou_listen_sockets_set_secure (DouListenSockets *self)
{
  g_autofree char *uri = NULL;

  g_return_if_fail (DOU_IS_LISTEN_SOCKETS (self));
  g_return_if_fail (g_str_has_prefix (self->uri, "http://"));

  uri = g_strconcat ("https://", self->uri + strlen ("http://"), NULL);
  g_free (self->uri);
  self->uri = g_steal_pointer (&uri);
}

/**
 * dou_listen_sockets_get_uri:
 * @self: the sockets of an address
 *
 * Returns: (transfer none): `http://ADDRESS:PORT` or `https://…`, with the port that was bound
 */
const char *
dou_listen_sockets_get_uri (DouListenSockets *self)
{
  g_return_val_if_fail (DOU_IS_LISTEN_SOCKETS (self), NULL);

  return self->uri;
}
