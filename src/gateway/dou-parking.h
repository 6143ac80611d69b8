/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouPlace:
 * @DOU_PLACE_IDLE: a request was answered, and nothing of another has arrived
 * @DOU_PLACE_HEAD: it is new, or a part of a head has arrived
 * @DOU_PLACE_BODY: the head is there, and a part of the body is not
 * @DOU_PLACE_HANDLING: a handler has the request
 * @DOU_PLACE_WRITING: the client has not taken all of its answer
 * @DOU_PLACE_LINGERING: the last answer is out, and what still comes is thrown away
 *
 * Where a connection stands. Each place has a time limit of its own.
 */
typedef enum
{
  DOU_PLACE_IDLE,
  DOU_PLACE_HEAD,
  DOU_PLACE_BODY,
  DOU_PLACE_HANDLING,
  DOU_PLACE_WRITING,
  DOU_PLACE_LINGERING,
  DOU_N_PLACES
} DouPlace;

/**
 * DouParked:
 *
 * What a parking knows of a connection: the first member of it. The whole is allocated with
 * g_rc_box_new().
 */
typedef struct
{
  GList place_link; /* in the list of `place` */
  GList woken_link; /* in the list of those that were woken */
  gint64 deadline;  /* monotonic time, in microseconds */
  DouPlace place;
  gboolean is_parked;
  gboolean is_woken;
  int fd; /* (unowned) */
} DouParked;

/**
 * DouParkingFuncs:
 * @ready: bytes, an end, an error or room has come; @events are flags of epoll, none if it was
 * woken
 * @expired: the time at its place is over. It begins anew
 * @release: drops a reference
 *
 * What happens to those that are parked.
 */
typedef struct
{
  void (*ready) (DouParked *parked, guint events, gpointer user_data);
  void (*expired) (DouParked *parked, gpointer user_data);
  void (*release) (DouParked *parked);
} DouParkingFuncs;

/**
 * DouParking:
 *
 * Where connections wait: one epoll set behind one #GSource, and a list for each place, in the
 * order of their deadlines.
 */
typedef struct _DouParking DouParking;

DouParking *dou_parking_new (const DouParkingFuncs *funcs, gpointer user_data, GError **error);
void dou_parking_free (DouParking *self);
void dou_parking_set_limit (DouParking *self, DouPlace place, gint64 seconds);

gboolean dou_parking_add (DouParking *self, DouParked *parked, GError **error);
void dou_parking_remove (DouParking *self, DouParked *parked);
void dou_parking_move (DouParking *self, DouParked *parked, DouPlace place);
void dou_parking_wake (DouParking *self, DouParked *parked);
void dou_parking_watch_room (DouParking *self, DouParked *parked);

DouParked *dou_parking_get_first (DouParking *self, DouPlace place);
guint dou_parking_count (DouParking *self);
guint dou_parking_count_busy (DouParking *self);
void dou_parking_notify_quiet (DouParking *self, void (*quiet) (gpointer user_data));
gboolean dou_parking_is_closing (DouParking *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouParking, dou_parking_free)

G_END_DECLS
