/* SPDX-License-Identifier: Apache-2.0 */

/* libsoup's listener ends for good at the first accept() that fails, and leaks each socket that it
 * accepts. This one takes a failure for what it is: a client that is gone again is passed over, and
 * what the system is short of comes back.
 *
 * When the process runs out of descriptors, connections would wait in the socket's queue, and the
 * loop would turn without a pause, since the socket stays readable. So one descriptor is kept in
 * reserve: it is given up to accept a connection, tell it to come back later and close it, and
 * taken again. Where not even that works, the listener pauses. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <glib-unix.h>
#include <sys/socket.h>

#include "common/dou-status.h"
#include "gateway/dou-listener.h"

/* Connections accepted in one turn of the main loop; those that are open have their turn, too. */
#define MAX_BURST 64
/* Milliseconds until the next try when the system is short of something. */
#define PAUSE 100

struct _DouListener
{
  GObject parent_instance;

  int fd;                        /* (owned) */
  int reserve_fd;                /* (owned) -1 while there is none */
  const DouListenerFuncs *funcs; /* (unowned) */
  gpointer user_data;            /* (unowned) */
  GSocketAddress *local;         /* (owned) */
  GSource *source;               /* (owned) of the socket, or of the pause */
};

G_DEFINE_FINAL_TYPE (DouListener, dou_listener, G_TYPE_OBJECT)

static void
dou_listener_set_source (DouListener *self, GSource *source)
{
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
    }
  self->source = source;
}

static void
dou_listener_finalize (GObject *object)
{
  DouListener *self = DOU_LISTENER (object);

  dou_listener_set_source (self, NULL);
  if (self->fd >= 0)
    close (self->fd);
  if (self->reserve_fd >= 0)
    close (self->reserve_fd);
  g_clear_object (&self->local);

  G_OBJECT_CLASS (dou_listener_parent_class)->finalize (object);
}

static void
dou_listener_class_init (DouListenerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_listener_finalize;
}

static void
dou_listener_init (DouListener *self)
{
  self->fd = -1;
  self->reserve_fd = -1;
}

static void
dou_listener_make_reserve (DouListener *self)
{
  self->reserve_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int
dou_listener_accept (DouListener *self)
{
  return accept4 (self->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Spends the descriptor in reserve on a connection.
 *
 * Returns: 0, or why there is none to spend it on */
static int
dou_listener_turn_away (DouListener *self)
{
  int fd, code;

  if (self->reserve_fd < 0)
    return EMFILE;

  close (self->reserve_fd);
  self->reserve_fd = -1;

  fd = dou_listener_accept (self);
  code = fd < 0 ? errno : 0;
  if (fd >= 0)
    {
      self->funcs->turned_away (fd, self->user_data);
      close (fd);
    }

  dou_listener_make_reserve (self);
  return code;
}

static void dou_listener_listen (DouListener *self);

static gboolean
pause_cb (gpointer user_data)
{
  dou_listener_listen (user_data);
  return G_SOURCE_REMOVE;
}

static void
dou_listener_pause (DouListener *self)
{
  GSource *source = g_timeout_source_new (PAUSE);

  if (self->reserve_fd < 0)
    dou_listener_make_reserve (self);

  g_source_set_callback (source, pause_cb, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  dou_listener_set_source (self, source);
}

/* Returns: whether to go on accepting in this turn */
static gboolean
dou_listener_fail (DouListener *self, int code)
{
  /* The kernel looks for a descriptor first: there may be no connection at all. */
  if (code == EMFILE || code == ENFILE)
    code = dou_listener_turn_away (self);

  switch (code)
    {
    case EAGAIN:
      return FALSE;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      g_info ("Cannot accept connections for %d ms: %s", PAUSE, g_strerror (code));
      dou_listener_pause (self);
      return FALSE;
    default:
      /* None, or an error of one connection (accept(2) lists those of the network), which is gone.
       */
      return TRUE;
    }
}

static gboolean
incoming_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (DouListener) self = g_object_ref (user_data);

  for (guint i = 0; i < MAX_BURST; i++)
    {
      int accepted = dou_listener_accept (self);

      if (accepted >= 0)
        self->funcs->accepted (accepted, self->local, self->user_data);
      else if (!dou_listener_fail (self, errno))
        break;
    }

  return G_SOURCE_CONTINUE;
}

static void
dou_listener_listen (DouListener *self)
{
  GSource *source = g_unix_fd_source_new (self->fd, G_IO_IN);

  g_source_set_callback (source, G_SOURCE_FUNC (incoming_cb), self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  dou_listener_set_source (self, source);
}

static gboolean
check_socket (int fd, GError **error)
{
  socklen_t length = sizeof (int);
  int is_listening = 0;

  if (getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) == 0 && is_listening)
    return TRUE;

  g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
               "Descriptor %d is not a listening socket", fd);
  return FALSE;
}

/**
 * dou_listener_new:
 * @fd: a listening socket; owned by the listener if it can be made
 * @funcs: what happens to connections; outlives the listener
 * @user_data: for @funcs
 * @error: return location
 *
 * Returns: (transfer full): a listener on the thread-default main context, or %NULL
 */
DouListener *
dou_listener_new (int fd, const DouListenerFuncs *funcs, gpointer user_data, GError **error)
{
  g_autoptr (DouListener) self = g_object_new (DOU_TYPE_LISTENER, NULL);
  struct sockaddr_storage native;
  socklen_t length = sizeof native;

  if (!check_socket (fd, error) || !g_unix_set_fd_nonblocking (fd, TRUE, error))
    return NULL;

  self->funcs = funcs;
  self->user_data = user_data;
  if (getsockname (fd, (struct sockaddr *) &native, &length) == 0)
    self->local = g_socket_address_new_from_native (&native, length);
  if (self->local == NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   "Descriptor %d is not a socket of a known family", fd);
      return NULL;
    }

  self->fd = fd;
  dou_listener_make_reserve (self);
  dou_listener_listen (self);
  return g_steal_pointer (&self);
}
