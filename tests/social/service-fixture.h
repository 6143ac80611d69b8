/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/dou-test-bus.h"
#include "social/dou-social-impl.h"

G_BEGIN_DECLS

#define NAME "org.doutok.Social"
#define PATH "/org/doutok/Social"
#define INTERFACE "org.doutok.Social1"

/* Of calls and of waiting for the service, in ms. */
#define TIMEOUT 20000

/* The service on a bus of this test alone, on a database of its own. */
typedef struct
{
  char *directory;       /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouTestBus *bus;       /* (owned) */
  DouService *service;   /* (owned) the connection of the service's process */
  DouSocialStore *store; /* (owned) */
  DouSocialImpl *impl;   /* (owned) */
  GDBusConnection *peer; /* (owned) the connection of a client's process */
} ServiceFixture;

void service_fixture_set_up (ServiceFixture *fixture, gconstpointer data);
void service_fixture_tear_down (ServiceFixture *fixture, gconstpointer data);

void service_start_call (GDBusConnection *connection, const char *interface, const char *method,
                         GVariant *arguments, GAsyncResult **waited);
GVariant *service_finish_call (GDBusConnection *connection, GAsyncResult **waited, GError **error);
GVariant *service_call (ServiceFixture *fixture, const char *method, GVariant *arguments,
                        GError **error);
void service_assert_reply (ServiceFixture *fixture, const char *method, const char *arguments,
                           const char *expected);
void service_assert_fails (ServiceFixture *fixture, const char *method, GVariant *arguments,
                           const char *name);

G_END_DECLS
