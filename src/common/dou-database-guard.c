/* SPDX-License-Identifier: Apache-2.0 */

/* Time limits for what libgda waits for.
 *
 * The library, and the client libraries below it, wait for an answer of the server for ever: if its
 * machine lost power, or its process hangs, the thread of the database would be stuck, and with it
 * every request. A second thread shuts the socket down when an answer is overdue, upon which the
 * waiting call returns as if the server had hung up.
 *
 * The library does not tell the socket. But connections are opened one at a time in a process, so it
 * is the socket to the server's address that was not there before; also while it is being opened.
 *
 * An SQLite file has no socket, and nothing is done here for it.
 */

#include "config.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/dou-database-guard.h"

/* How often deadlines are looked at while there are any: a quarter of the shortest that is worth
 * having. */
#define TICK (250 * G_TIME_SPAN_MILLISECOND)

#define DESCRIPTORS "/proc/self/fd"

struct _DouDatabaseGuard
{
  char *host;       /* (owned) */
  guint port;
  int socket;       /* of the connection, or -1 */
  GArray *known;    /* (owned) (nullable) (element-type int) sockets that are others', while opening */
  gint64 deadline;  /* monotonic time, or 0 */
  gboolean overdue; /* the socket was shut down */
};

/* The thread is never ended: it holds nothing, and sleeps while nobody waits. */
static GMutex mutex;      /* guards all that follows, and deadlines, sockets and what is overdue */
static GCond changed;     /* a deadline was set while the thread slept */
static GPtrArray *guards; /* (owned) (nullable) (element-type DouDatabaseGuard) */
static gboolean asleep;

static gboolean
is_unix_peer (DouDatabaseGuard *self, const struct sockaddr_un *peer)
{
  /* PostgreSQL is given the directory, MariaDB the socket. */
  return g_path_is_absolute (self->host) && g_str_has_prefix (peer->sun_path, self->host);
}

static gboolean
is_peer (DouDatabaseGuard *self, int fd)
{
  union
  {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
  } peer = { { 0 } };
  socklen_t length = sizeof peer;

  if (getpeername (fd, &peer.any, &length) != 0)
    return FALSE;

  switch (peer.any.sa_family)
    {
    case AF_UNIX:
      return is_unix_peer (self, &peer.local);
    case AF_INET:
      return !g_path_is_absolute (self->host) && ntohs (peer.four.sin_port) == self->port;
    case AF_INET6:
      return !g_path_is_absolute (self->host) && ntohs (peer.six.sin6_port) == self->port;
    default:
      return FALSE;
    }
}

/* Returns: (transfer full) (element-type int): all sockets to the server */
static GArray *
list_sockets (DouDatabaseGuard *self)
{
  GArray *sockets = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GDir) directory = g_dir_open (DESCRIPTORS, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      int fd = (int) g_ascii_strtoll (name, NULL, 10);

      if (is_peer (self, fd))
        g_array_append_val (sockets, fd);
    }

  return sockets;
}

static gboolean
contains (GArray *sockets, int fd)
{
  for (guint i = 0; i < sockets->len; i++)
    if (g_array_index (sockets, int, i) == fd)
      return TRUE;

  return FALSE;
}

/* Returns the socket that was not there when opening began, or -1. */
static int
find_new_socket (DouDatabaseGuard *self)
{
  g_autoptr (GArray) sockets = list_sockets (self);

  for (guint i = 0; i < sockets->len; i++)
    if (!contains (self->known, g_array_index (sockets, int, i)))
      return g_array_index (sockets, int, i);

  return -1;
}

/* Called with the mutex held. */
static void
shut_down (DouDatabaseGuard *self)
{
  int fd = self->known != NULL ? find_new_socket (self) : self->socket;

  self->overdue = TRUE;
  if (fd >= 0 && is_peer (self, fd))
    shutdown (fd, SHUT_RDWR);
}

/* Called with the mutex held. Returns whether any deadline is left. */
static gboolean
look_at_deadlines (void)
{
  gint64 now = g_get_monotonic_time ();
  gboolean any = FALSE;

  for (guint i = 0; i < guards->len; i++)
    {
      DouDatabaseGuard *guard = g_ptr_array_index (guards, i);

      /* Shut down again and again: who opens a connection may go on to the next address. */
      if (guard->deadline != 0 && now >= guard->deadline)
        shut_down (guard);
      any = any || guard->deadline != 0;
    }

  return any;
}

static gpointer
thread_func (gpointer data)
{
  g_mutex_lock (&mutex);
  for (;;)
    {
      asleep = !look_at_deadlines ();
      if (asleep)
        g_cond_wait (&changed, &mutex);
      else
        g_cond_wait_until (&changed, &mutex, g_get_monotonic_time () + TICK);
    }

  return NULL;
}

/**
 * dou_database_guard_new:
 * @address: where connections go
 *
 * Returns: (transfer full): a guard for one of them
 */
DouDatabaseGuard *
dou_database_guard_new (const DouDatabaseAddress *address)
{
  DouDatabaseGuard *self = g_new0 (DouDatabaseGuard, 1);

  self->host = g_strdup (address->host);
  self->port = address->port;
  self->socket = -1;
  if (dou_database_address_is_file (address))
    return self;

  g_mutex_lock (&mutex);
  if (guards == NULL)
    {
      guards = g_ptr_array_new ();
      g_thread_unref (g_thread_new ("dou-guard", thread_func, NULL));
    }
  g_ptr_array_add (guards, self);
  g_mutex_unlock (&mutex);
  return self;
}

void
dou_database_guard_free (DouDatabaseGuard *self)
{
  g_mutex_lock (&mutex);
  if (guards != NULL)
    g_ptr_array_remove_fast (guards, self);
  g_mutex_unlock (&mutex);

  g_clear_pointer (&self->known, g_array_unref);
  g_free (self->host);
  g_free (self);
}

/**
 * dou_database_guard_begin:
 * @self: a guard
 * @seconds: how long an answer may take
 *
 * The server is going to be asked. Paired with dou_database_guard_end().
 */
void
dou_database_guard_begin (DouDatabaseGuard *self, guint seconds)
{
  if (self->host == NULL)
    return;

  g_mutex_lock (&mutex);
  self->deadline = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  if (asleep)
    g_cond_signal (&changed);
  g_mutex_unlock (&mutex);
}

/**
 * dou_database_guard_end:
 * @self: a guard
 *
 * Returns: whether the answer was overdue, so that the connection was cut
 */
gboolean
dou_database_guard_end (DouDatabaseGuard *self)
{
  gboolean overdue;

  if (self->host == NULL)
    return FALSE;

  g_mutex_lock (&mutex);
  self->deadline = 0;
  overdue = self->overdue;
  g_mutex_unlock (&mutex);
  return overdue;
}

/**
 * dou_database_guard_begin_opening:
 * @self: a guard without a connection
 * @seconds: how long opening may take
 *
 * The connection is going to be opened by this thread, and no other is meanwhile. Paired with
 * dou_database_guard_end_opening().
 */
void
dou_database_guard_begin_opening (DouDatabaseGuard *self, guint seconds)
{
  if (self->host == NULL)
    return;

  self->known = list_sockets (self);
  dou_database_guard_begin (self, seconds);
}

/**
 * dou_database_guard_end_opening:
 * @self: a guard
 *
 * Returns: whether opening took too long, so that the connection was cut
 */
gboolean
dou_database_guard_end_opening (DouDatabaseGuard *self)
{
  gboolean overdue = dou_database_guard_end (self);

  if (self->host == NULL)
    return FALSE;

  self->socket = find_new_socket (self);
  g_clear_pointer (&self->known, g_array_unref);
  return overdue;
}
