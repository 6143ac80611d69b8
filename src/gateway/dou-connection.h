/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "gateway/dou-body-feed.h"
#include "gateway/dou-output.h"
#include "gateway/dou-parking.h"
#include "gateway/dou-peers.h"
#include "gateway/dou-request.h"

G_BEGIN_DECLS

/**
 * DouConnection:
 * @parked: where it stands; must be first
 * @request: the request to be answered next
 * @reading: the request whose body is arriving
 * @body_left: bytes of its body that were not taken yet
 * @keep_alive: there may be another request after this one
 * @is_reading: the client has not sent all of its request
 * @is_secure: the client speaks TLS to whoever is at the other end of the socket
 * @peer: what counts it for its address, while it is open
 *
 * One client's socket, with what has been read from it ahead and what it has not taken yet. These
 * members are for those who read requests; the others are its own.
 */
typedef struct
{
  DouParked parked;
  DouRequest *request; /* (unowned) (nullable) */
  DouRequest *reading; /* (owned) (nullable) */
  guint64 body_left;
  gboolean keep_alive;
  gboolean is_reading;
  gboolean is_secure;
  DouPeer *peer; /* (owned) (nullable) */

  DouParking *parking;    /* (unowned) (nullable) NULL once closed */
  int fd;                 /* (owned) -1 once closed */
  GSocketAddress *local;  /* (owned) */
  GSocketAddress *remote; /* (owned) (nullable) made when it is first asked for, unless given */

  gboolean is_readable; /* bytes, an end or an error may wait in the socket */
  gboolean has_ended;   /* the client sends no more: reads go on to the end */
  gboolean is_gone;     /* nor does it take anything */
  gboolean watches_room;

  char *input; /* (owned) (nullable) */
  gsize input_start;
  gsize input_end;
  gsize input_size;
  gsize n_seen; /* bytes of an incomplete head that were looked at */

  DouOutput output; /* (owned) what of an answer is left to be sent */
  DouBodyFeed feed; /* where more of it comes from, if it has functions */
  guint64 feed_left; /* bytes that are still to come from there */

  guint64 n_moved;  /* bytes read or written since this was last asked */
  guint64 n_thrown; /* bytes thrown away while lingering */
} DouConnection;

/**
 * DouReceived:
 * @DOU_RECEIVED_SOME: bytes have come
 * @DOU_RECEIVED_NOTHING: not now
 * @DOU_RECEIVED_END: and none will, or the socket is broken
 */
typedef enum
{
  DOU_RECEIVED_SOME,
  DOU_RECEIVED_NOTHING,
  DOU_RECEIVED_END,
} DouReceived;

DouConnection *
dou_connection_new (DouParking *parking, int fd, GSocketAddress *local, GError **error);
DouConnection *dou_connection_ref (DouConnection *self);
void dou_connection_unref (DouConnection *self);
void dou_connection_close (DouConnection *self);
void dou_connection_reset (DouConnection *self);
int dou_connection_take_socket (DouConnection *self);
gboolean dou_connection_is_closed (DouConnection *self);
void dou_connection_set_remote_address (DouConnection *self, GSocketAddress *remote);
GSocketAddress *dou_connection_get_remote_address (DouConnection *self);
char *dou_connection_get_url (DouConnection *self);

void dou_connection_note (DouConnection *self, guint events);
void dou_connection_move (DouConnection *self, DouPlace place);
gboolean dou_connection_has_moved (DouConnection *self);

DouReceived dou_connection_receive (DouConnection *self, gsize limit);
DouReceived
dou_connection_receive_into (DouConnection *self, guint8 *buffer, gsize size, gsize *length);
const char *dou_connection_get_input (DouConnection *self, gsize *length);
void dou_connection_consume (DouConnection *self, gsize length);
void dou_connection_throw_away (DouConnection *self);

void dou_connection_invite (DouConnection *self);
void dou_connection_answer (DouConnection *self, const char *head, gsize length, GBytes *body,
                            const DouFilePart *part);
void dou_connection_answer_from (DouConnection *self, const char *head, gsize length,
                                 const DouBodyFeed *feed);
void dou_connection_feed (DouConnection *self, GBytes *piece);
void dou_connection_drop_feed (DouConnection *self);
void dou_connection_flush (DouConnection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouConnection, dou_connection_unref)

G_END_DECLS
