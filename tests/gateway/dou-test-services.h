/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-backend.h"
#include "gateway/dou-watch.h"
#include "lib/dou-test-bus.h"

G_BEGIN_DECLS

/**
 * DouTestServices:
 *
 * A fixture: a gateway's half of the bus, and on the other side something that takes the place of all
 * four services. It answers when the test says so, and tells what the test wants told.
 */
typedef struct
{
  DouTestBus *bus;             /* (owned) */
  GDBusConnection *service;    /* (owned) (nullable) owns the names of all services */
  GDBusConnection *connection; /* (owned) of the gateway's process */
  DouBackend *backend;         /* (owned) */
  DouWatch *watch;             /* (owned) */
  GPtrArray *calls;            /* (owned) (element-type GDBusMethodInvocation) not answered yet */
  guint n_calls;               /* that ever came */
} DouTestServices;

void dou_test_services_set_up (DouTestServices *self, gconstpointer data);
void dou_test_services_tear_down (DouTestServices *self, gconstpointer data);
void dou_test_services_restart (DouTestServices *self);

void dou_test_services_answer (DouTestServices *self, const char *method, const char *items,
                               const char *results);
void dou_test_services_refuse (DouTestServices *self, const char *method);
void dou_test_services_emit (DouTestServices *self, const char *service, const char *signal,
                             const char *arguments);

G_END_DECLS
