/* SPDX-License-Identifier: Apache-2.0 */

/* Connections that wait, for whatever it may be: a request, the rest of one, a handler, or a client
 * that reads slowly.
 *
 * GLib's main loop looks at every source in every turn, and libsoup gives each connection several
 * of them: the same request took 36 µs of CPU alone and 561 µs beside 5,000 idle connections. Here
 * all sockets are in one epoll set, which is one source, so that a turn costs what happened in it.
 *
 * The set is edge-triggered. A socket is put in once and stays as it is, through all of its
 * requests, and what an event said is remembered with the connection until a read or write shows
 * that it is no longer true. That saves the two system calls a request that re-arming would cost.
 * (Room to write is asked for only by a socket that was once full.)
 *
 * All connections at one place have the same time limit, so a list in the order of arrival is in
 * the order of deadlines, too: setting one is moving to the end of a list, and only first elements
 * are ever looked at. A GSource each, or a heap, would cost more and tell the same. */

#include "config.h"

#include <errno.h>
#include <unistd.h>

#include <sys/epoll.h>

#include <gio/gio.h>

#include "gateway/dou-parking.h"

/* Events taken in one turn; more stay in the set for the next one. */
#define MAX_EVENTS 256

struct _DouParking
{
  GSource source;

  const DouParkingFuncs *funcs;       /* (unowned) */
  gpointer user_data;                 /* (unowned) */
  int epoll_fd;                       /* (owned) */
  gpointer tag;                       /* (unowned) of epoll_fd in the source */
  GQueue places[DOU_N_PLACES];        /* (element-type DouParked) (unowned) linked by place_link */
  gint64 limits[DOU_N_PLACES];        /* microseconds, or 0 for none */
  GQueue woken;                       /* (element-type DouParked) (owned) linked by woken_link */
  void (*quiet) (gpointer user_data); /* (nullable) waits for nobody to be busy */
  gboolean is_closing;
};

static gboolean
dou_parking_is_quiet (DouParking *self)
{
  return self->quiet != NULL && dou_parking_count_busy (self) == 0
         && self->places[DOU_PLACE_HEAD].length == 0;
}

/* Microseconds until the first deadline, or -1. */
static gint64
dou_parking_get_wait (DouParking *self, gint64 now)
{
  gint64 wait = -1;

  for (guint place = 0; place < DOU_N_PLACES; place++)
    {
      DouParked *first = g_queue_peek_head (&self->places[place]);

      if (first == NULL || self->limits[place] == 0)
        continue;
      if (wait < 0 || first->deadline - now < wait)
        wait = MAX (first->deadline - now, 0);
    }

  return wait;
}

static gboolean
dou_parking_prepare (GSource *source, gint *timeout)
{
  DouParking *self = (DouParking *) source;
  gint64 wait = dou_parking_get_wait (self, g_source_get_time (source));

  /* Rounded up, or a turn would come just too early and wait for 0 ms over and over. */
  *timeout = (gint) (wait < 0 ? -1 : MIN ((wait + 999) / 1000, G_MAXINT));
  return wait == 0 || self->woken.length > 0 || dou_parking_is_quiet (self);
}

static gboolean
dou_parking_check (GSource *source)
{
  DouParking *self = (DouParking *) source;

  return g_source_query_unix_fd (source, self->tag) != 0 || self->woken.length > 0
         || dou_parking_get_wait (self, g_source_get_time (source)) == 0
         || dou_parking_is_quiet (self);
}

/* One event's callback may close another's connection, so all of them are held first. */
static void
dou_parking_dispatch_events (DouParking *self)
{
  struct epoll_event events[MAX_EVENTS];
  int n = epoll_wait (self->epoll_fd, events, MAX_EVENTS, 0);

  for (int i = 0; i < n; i++)
    g_rc_box_acquire (events[i].data.ptr);

  for (int i = 0; i < n; i++)
    {
      DouParked *parked = events[i].data.ptr;

      if (parked->is_parked)
        self->funcs->ready (parked, events[i].events, self->user_data);
      self->funcs->release (parked);
    }
}

/* Those that are woken meanwhile wait for the next turn. */
static void
dou_parking_dispatch_woken (DouParking *self)
{
  for (guint n = self->woken.length; n > 0; n--)
    {
      DouParked *parked = g_queue_pop_head_link (&self->woken)->data;

      parked->is_woken = FALSE;
      if (parked->is_parked)
        self->funcs->ready (parked, 0, self->user_data);
      self->funcs->release (parked);
    }
}

static void
dou_parking_dispatch_expired (DouParking *self, gint64 now)
{
  for (guint place = 0; place < DOU_N_PLACES; place++)
    {
      DouParked *first;

      while (self->limits[place] > 0 && (first = g_queue_peek_head (&self->places[place])) != NULL
             && first->deadline <= now)
        {
          g_rc_box_acquire (first);
          dou_parking_move (self, first, (DouPlace) place);
          self->funcs->expired (first, self->user_data);
          self->funcs->release (first);
        }
    }
}

static gboolean
dou_parking_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  DouParking *self = (DouParking *) source;

  dou_parking_dispatch_events (self);
  dou_parking_dispatch_woken (self);
  dou_parking_dispatch_expired (self, g_source_get_time (source));

  if (dou_parking_is_quiet (self))
    g_steal_pointer (&self->quiet) (self->user_data);

  return G_SOURCE_CONTINUE;
}

static void
dou_parking_finalize (GSource *source)
{
  DouParking *self = (DouParking *) source;

  close (self->epoll_fd);
}

static GSourceFuncs source_funcs
    = { dou_parking_prepare, dou_parking_check, dou_parking_dispatch, dou_parking_finalize };

/**
 * dou_parking_new:
 * @funcs: what happens to those that are parked; outlives the parking
 * @user_data: for @funcs
 * @error: return location
 *
 * Returns: (transfer full): an empty parking without limits, on the thread-default main context
 */
DouParking *
dou_parking_new (const DouParkingFuncs *funcs, gpointer user_data, GError **error)
{
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  DouParking *self;

  if (epoll_fd < 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "Cannot make an epoll set: %s",
                   g_strerror (code));
      return NULL;
    }

  self = (DouParking *) g_source_new (&source_funcs, sizeof (DouParking));
  self->funcs = funcs;
  self->user_data = user_data;
  self->epoll_fd = epoll_fd;
  self->tag = g_source_add_unix_fd (&self->source, epoll_fd, G_IO_IN);
  for (guint place = 0; place < DOU_N_PLACES; place++)
    g_queue_init (&self->places[place]);
  g_queue_init (&self->woken);

  g_source_set_static_name (&self->source, "DouParking");
  g_source_attach (&self->source, g_main_context_get_thread_default ());
  return self;
}

/**
 * dou_parking_free:
 * @self: a parking that nobody is in
 */
void
dou_parking_free (DouParking *self)
{
  g_return_if_fail (dou_parking_count (self) == 0);

  while (self->woken.length > 0)
    self->funcs->release (g_queue_pop_head_link (&self->woken)->data);
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

/**
 * dou_parking_set_limit:
 * @self: a parking
 * @place: a place
 * @seconds: how long one may stay there before it is told; 0 for ever
 */
void
dou_parking_set_limit (DouParking *self, DouPlace place, gint64 seconds)
{
  self->limits[place] = seconds * G_USEC_PER_SEC;
}

/**
 * dou_parking_add:
 * @self: a parking
 * @parked: with its descriptor set; a reference is taken
 * @error: return location
 *
 * Returns: whether @parked is now at %DOU_PLACE_HEAD
 */
gboolean
dou_parking_add (DouParking *self, DouParked *parked, GError **error)
{
  struct epoll_event event = { EPOLLIN | EPOLLRDHUP | EPOLLET, { .ptr = parked } };

  g_return_val_if_fail (!parked->is_parked, FALSE);

  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, parked->fd, &event) != 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "Cannot watch a socket: %s",
                   g_strerror (code));
      return FALSE;
    }

  g_rc_box_acquire (parked);
  parked->is_parked = TRUE;
  parked->place_link.data = parked;
  parked->woken_link.data = parked;
  parked->place = DOU_PLACE_HEAD;
  g_queue_push_tail_link (&self->places[parked->place], &parked->place_link);
  dou_parking_move (self, parked, DOU_PLACE_HEAD);
  return TRUE;
}

/**
 * dou_parking_remove:
 * @self: a parking
 * @parked: one that is in it; its reference is dropped. Nothing is called for it any more
 */
void
dou_parking_remove (DouParking *self, DouParked *parked)
{
  g_return_if_fail (parked->is_parked);

  epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, parked->fd, NULL);
  g_queue_unlink (&self->places[parked->place], &parked->place_link);
  parked->is_parked = FALSE;
  self->funcs->release (parked);
}

/**
 * dou_parking_move:
 * @self: a parking
 * @parked: one that is in it
 * @place: where to, possibly where it is
 *
 * Its time at @place begins now.
 */
void
dou_parking_move (DouParking *self, DouParked *parked, DouPlace place)
{
  g_return_if_fail (parked->is_parked);

  g_queue_unlink (&self->places[parked->place], &parked->place_link);
  parked->place = place;
  parked->deadline = self->limits[place] > 0 ? g_get_monotonic_time () + self->limits[place] : 0;
  g_queue_push_tail_link (&self->places[place], &parked->place_link);
}

/**
 * dou_parking_wake:
 * @self: a parking
 * @parked: one that is in it, for which there is more to do
 *
 * It becomes ready in the next turn, after others had theirs.
 */
void
dou_parking_wake (DouParking *self, DouParked *parked)
{
  if (parked->is_woken)
    return;

  parked->is_woken = TRUE;
  g_rc_box_acquire (parked);
  g_queue_push_tail_link (&self->woken, &parked->woken_link);
}

/**
 * dou_parking_watch_room:
 * @self: a parking
 * @parked: one that is in it, and was full when it was written to
 *
 * From now on it becomes ready also when there is room to write.
 */
void
dou_parking_watch_room (DouParking *self, DouParked *parked)
{
  struct epoll_event event = { EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, { .ptr = parked } };

  epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, parked->fd, &event);
}

/**
 * dou_parking_get_first:
 * @self: a parking
 * @place: a place
 *
 * Returns: (transfer none) (nullable): who has been at @place for longest
 */
DouParked *
dou_parking_get_first (DouParking *self, DouPlace place)
{
  return g_queue_peek_head (&self->places[place]);
}

/**
 * dou_parking_count:
 * @self: a parking
 *
 * Returns: how many are in it
 */
guint
dou_parking_count (DouParking *self)
{
  guint n = 0;

  for (guint place = 0; place < DOU_N_PLACES; place++)
    n += self->places[place].length;

  return n;
}

/**
 * dou_parking_count_busy:
 * @self: a parking
 *
 * Returns: how many have a request that is being read, handled or answered
 */
guint
dou_parking_count_busy (DouParking *self)
{
  return self->places[DOU_PLACE_BODY].length + self->places[DOU_PLACE_HANDLING].length
         + self->places[DOU_PLACE_WRITING].length;
}

/**
 * dou_parking_notify_quiet:
 * @self: a parking
 * @quiet: called once, from the main loop, as soon as nobody is busy or about to be
 *
 * Begins the end: the parking is closing from now on.
 */
void
dou_parking_notify_quiet (DouParking *self, void (*quiet) (gpointer user_data))
{
  self->is_closing = TRUE;
  self->quiet = quiet;
}

/**
 * dou_parking_is_closing:
 * @self: a parking
 *
 * Returns: whether no connection is to be kept any longer than for its answer
 */
gboolean
dou_parking_is_closing (DouParking *self)
{
  return self->is_closing;
}
