/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-authenticator.h"
#include "lib/dou-manual-clock.h"
#include "lib/dou-test-bus.h"
#include "user/dou-user-impl.h"

G_BEGIN_DECLS

/* What the clock shows at first, in milliseconds. */
#define DOU_TEST_USERS_NOW G_GINT64_CONSTANT (1700000000000)
/* Of tokens, in seconds. */
#define DOU_TEST_USERS_LIFETIME 3600

/**
 * DouTestUsers:
 *
 * A fixture: the user service as it is, on a bus with a gateway's half of it. The users 1 and 2
 * exist, and have the password `pw`.
 */
typedef struct
{
  char *directory; /* (owned) */
  DouTestBus *bus; /* (owned) */

  DouService *service;       /* (owned) (nullable) the connection of the service's process */
  DouUserStore *store;       /* (owned) (nullable) */
  DouPasswordHasher *hasher; /* (owned) (nullable) */
  DouUserImpl *impl;         /* (owned) (nullable) */
  guint filter;
  gint n_calls; /* of GetGenerations that came in; counted in a thread of GDBus */

  GDBusConnection *connection;     /* (owned) of the gateway's process */
  DouManualClock *clock;           /* (owned) */
  DouBackend *backend;             /* (owned) */
  DouWatch *watch;                 /* (owned) */
  DouAuthenticator *authenticator; /* (owned) */
} DouTestUsers;

void dou_test_users_set_up (DouTestUsers *self, gconstpointer data);
void dou_test_users_tear_down (DouTestUsers *self, gconstpointer data);
void dou_test_users_start_service (DouTestUsers *self);
void dou_test_users_stop_service (DouTestUsers *self);

DouTokenKeys *dou_test_users_make_keys (DouTestUsers *self, const char *text);
char *dou_test_users_issue (DouTestUsers *self, gint64 user_id, gint64 generation);
void dou_test_users_call (DouTestUsers *self, const char *method, const char *arguments);
guint dou_test_users_get_n_calls (DouTestUsers *self);

G_END_DECLS
