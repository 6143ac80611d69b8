/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "gateway/dou-parking.h"
#include "lib/dou-test-wait.h"

typedef struct
{
  DouParked parked;
  int other; /* (owned) the socket at the other end */
  guint events;
  guint n_ready;
  guint n_expired;
} Car;

typedef struct
{
  DouParking *parking; /* (owned) */
  guint n_quiet;
  Car *victim; /* (nullable) removed when any becomes ready */
} Fixture;

static guint n_alive;

static void
ready_cb (DouParked *parked, guint events, gpointer user_data)
{
  Fixture *fixture = user_data;
  Car *car = (Car *) parked;

  car->events |= events;
  car->n_ready++;
  if (fixture->victim != NULL && fixture->victim != car)
    {
      Car *victim = g_steal_pointer (&fixture->victim);

      dou_parking_remove (fixture->parking, &victim->parked);
    }
}

static void
expired_cb (DouParked *parked, gpointer user_data)
{
  ((Car *) parked)->n_expired++;
}

static void
clear_car (gpointer data)
{
  Car *car = data;

  close (car->parked.fd);
  close (car->other);
  n_alive--;
}

static void
release_cb (DouParked *parked)
{
  g_rc_box_release_full ((Car *) parked, clear_car);
}

static const DouParkingFuncs funcs = { ready_cb, expired_cb, release_cb };

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->parking = dou_parking_new (&funcs, fixture, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_parking_free (fixture->parking);
  g_assert_cmpuint (n_alive, ==, 0);
}

/* The caller's reference is dropped with the car's removal. */
static Car *
park (Fixture *fixture)
{
  Car *car = g_rc_box_new0 (Car);
  g_autoptr (GError) error = NULL;
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
  car->parked.fd = fds[0];
  car->other = fds[1];
  n_alive++;

  g_assert_true (dou_parking_add (fixture->parking, &car->parked, &error));
  g_assert_no_error (error);
  g_rc_box_release (car);
  return car;
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static gboolean
has_expired (gpointer data)
{
  return ((Car *) data)->n_expired > 0;
}

/* Test that a descriptor which cannot be watched is refused, and nothing is kept. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Car *car = g_rc_box_new0 (Car);

  car->parked.fd = -1;
  g_assert_false (dou_parking_add (fixture->parking, &car->parked, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpuint (dou_parking_count (fixture->parking), ==, 0);
  g_rc_box_release (car);
}

/* Test that each change is told once. */
static void
test_events (Fixture *fixture, gconstpointer data)
{
  Car *car = park (fixture);

  turn ();
  g_assert_cmpuint (car->n_ready, ==, 0);

  g_assert_cmpint (write (car->other, "a", 1), ==, 1);
  turn ();
  g_assert_cmpuint (car->n_ready, ==, 1);
  g_assert_cmpuint (car->events, ==, EPOLLIN);

  turn ();
  g_assert_cmpuint (car->n_ready, ==, 1);

  g_assert_no_errno (shutdown (car->other, SHUT_WR));
  turn ();
  g_assert_cmpuint (car->n_ready, ==, 2);
  g_assert_cmpuint (car->events, ==, EPOLLIN | EPOLLRDHUP);

  dou_parking_remove (fixture->parking, &car->parked);
}

/* Test that room is told only to those who ask. */
static void
test_room (Fixture *fixture, gconstpointer data)
{
  static char filling[65536];
  Car *car = park (fixture);

  while (write (car->parked.fd, filling, sizeof filling) > 0)
    ;
  dou_parking_watch_room (fixture->parking, &car->parked);
  turn ();
  g_assert_cmpuint (car->events & EPOLLOUT, ==, 0);

  while (read (car->other, filling, sizeof filling) > 0)
    ;
  turn ();
  g_assert_cmpuint (car->events & EPOLLOUT, ==, EPOLLOUT);

  dou_parking_remove (fixture->parking, &car->parked);
}

/* Test that one may be removed while another's event is looked at, though its own has come already.
 */
static void
test_removed_meanwhile (Fixture *fixture, gconstpointer data)
{
  Car *cars[2] = { park (fixture), park (fixture) };

  g_rc_box_acquire (cars[0]);
  g_rc_box_acquire (cars[1]);
  g_assert_cmpint (write (cars[0]->other, "a", 1), ==, 1);
  g_assert_cmpint (write (cars[1]->other, "a", 1), ==, 1);
  dou_parking_wake (fixture->parking, &cars[1]->parked);

  /* Whichever comes first removes the other. */
  fixture->victim = cars[1];
  turn ();
  g_assert_cmpuint (cars[0]->n_ready, ==, 1);
  g_assert_cmpuint (cars[1]->n_ready, ==, 0);
  g_assert_cmpuint (dou_parking_count (fixture->parking), ==, 1);

  dou_parking_remove (fixture->parking, &cars[0]->parked);
  release_cb (&cars[0]->parked);
  release_cb (&cars[1]->parked);
}

/* Test that who is woken is ready once, without an event. */
static void
test_wake (Fixture *fixture, gconstpointer data)
{
  Car *car = park (fixture);

  dou_parking_wake (fixture->parking, &car->parked);
  dou_parking_wake (fixture->parking, &car->parked);
  turn ();
  g_assert_cmpuint (car->n_ready, ==, 1);
  g_assert_cmpuint (car->events, ==, 0);

  /* Once more, without a turn to follow. */
  dou_parking_wake (fixture->parking, &car->parked);
  dou_parking_remove (fixture->parking, &car->parked);
}

/* Test that time runs for each place by itself, and anew after every move. */
static void
test_deadlines (Fixture *fixture, gconstpointer data)
{
  Car *idle = park (fixture);
  Car *first = park (fixture);
  Car *second = park (fixture);
  gint64 start = g_get_monotonic_time ();

  dou_parking_set_limit (fixture->parking, DOU_PLACE_HEAD, 1);
  dou_parking_move (fixture->parking, &idle->parked, DOU_PLACE_IDLE);
  dou_parking_move (fixture->parking, &second->parked, DOU_PLACE_HEAD);
  dou_parking_move (fixture->parking, &first->parked, DOU_PLACE_HEAD);
  dou_parking_move (fixture->parking, &second->parked, DOU_PLACE_HEAD);
  g_assert_true (dou_parking_get_first (fixture->parking, DOU_PLACE_HEAD) == &first->parked);

  dou_test_wait_until (has_expired, second);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, G_USEC_PER_SEC);
  g_assert_cmpuint (first->n_expired, ==, 1);
  g_assert_cmpuint (second->n_expired, ==, 1);
  g_assert_cmpuint (idle->n_expired, ==, 0);

  dou_parking_remove (fixture->parking, &idle->parked);
  dou_parking_remove (fixture->parking, &first->parked);
  dou_parking_remove (fixture->parking, &second->parked);
}

static void
quiet_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_quiet++;
}

/* Test that it is quiet when nobody is busy, and that this is told once. */
static void
test_quiet (Fixture *fixture, gconstpointer data)
{
  const DouPlace busy[] = { DOU_PLACE_BODY, DOU_PLACE_HANDLING, DOU_PLACE_WRITING };
  Car *car = park (fixture);

  g_assert_false (dou_parking_is_closing (fixture->parking));
  dou_parking_move (fixture->parking, &car->parked, DOU_PLACE_HANDLING);
  dou_parking_notify_quiet (fixture->parking, quiet_cb);
  g_assert_true (dou_parking_is_closing (fixture->parking));

  for (gsize i = 0; i < G_N_ELEMENTS (busy); i++)
    {
      dou_parking_move (fixture->parking, &car->parked, busy[i]);
      turn ();
      g_assert_cmpuint (fixture->n_quiet, ==, 0);
      g_assert_cmpuint (dou_parking_count_busy (fixture->parking), ==, 1);
    }

  /* Not busy, but about to be. */
  dou_parking_move (fixture->parking, &car->parked, DOU_PLACE_HEAD);
  turn ();
  g_assert_cmpuint (fixture->n_quiet, ==, 0);
  g_assert_cmpuint (dou_parking_count_busy (fixture->parking), ==, 0);

  dou_parking_move (fixture->parking, &car->parked, DOU_PLACE_LINGERING);
  turn ();
  g_assert_cmpuint (fixture->n_quiet, ==, 1);
  turn ();
  g_assert_cmpuint (fixture->n_quiet, ==, 1);
  dou_parking_remove (fixture->parking, &car->parked);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/gateway/parking/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("refused", test_refused);
  ADD ("events", test_events);
  ADD ("room", test_room);
  ADD ("removed-meanwhile", test_removed_meanwhile);
  ADD ("wake", test_wake);
  ADD ("deadlines", test_deadlines);
  ADD ("quiet", test_quiet);

  return g_test_run ();
}
