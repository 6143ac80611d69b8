/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-server.h"
#include "lib/dou-test-client.h"

G_BEGIN_DECLS

/**
 * DouTestServer:
 * @config: to be changed before dou_test_server_start()
 * @pending: requests for /later that wait to be answered
 *
 * A server with routes that show what arrives:
 *
 *     GET HEAD  /hello    the envelope
 *     GET POST  /echo     parameters `a` and `b`, path, token and origin, in the envelope
 *     GET HEAD  /files/…  the same
 *     GET POST  /later    goes to @pending
 *     GET HEAD  /big      big_size bytes
 *     GET       /drop     nobody answers
 *     POST      /upload   streams into a sink, which does what the fields `…_status` say
 *     POST      /small    the same, ten bytes at most
 */
typedef struct
{
  DouConfig *config; /* (owned) */
  DouRouter *router; /* (owned) */
  DouServer *server; /* (owned) (nullable) */
  char *directory;   /* (owned) */
  guint16 port;
  GQueue pending; /* (owned) (element-type DouRequest) */

  gsize big_size;
  guint n_handled; /* calls of handlers */

  DouStatus open_status;
  DouStatus write_status;
  gsize write_limit; /* bytes after which write_status is the answer */
  DouStatus close_status;
  guint n_sinks;      /* sinks that exist */
  gsize n_written;    /* bytes written into all of them */
  gsize n_last_write; /* bytes of the newest piece */
  guint8 checksum;    /* of all bytes, by exclusive or */
} DouTestServer;

void dou_test_server_set_up (DouTestServer *self, gconstpointer data);
void dou_test_server_tear_down (DouTestServer *self, gconstpointer data);
void dou_test_server_start (DouTestServer *self);

DouTestClient *dou_test_server_connect (DouTestServer *self);
DouTestAnswer *dou_test_server_exchange (DouTestServer *self, const char *request);
void dou_test_server_wait_requests (DouTestServer *self, guint n);
void dou_test_server_wait_connections (DouTestServer *self, guint n);
void dou_test_server_wait_pending (DouTestServer *self, guint n);

void dou_test_assert_status (DouTestAnswer *answer, guint http_code, DouStatus status);
guint dou_test_count_descriptors (void);

G_END_DECLS
