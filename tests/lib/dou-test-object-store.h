/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-object-store.h"

G_BEGIN_DECLS

#define DOU_TEST_ACCESS_KEY "test:tester"
/* Of somebody who is known, with the same secret, and may do nothing. */
#define DOU_TEST_STRANGER_KEY "test:stranger"
#define DOU_TEST_SECRET_KEY "the-right-secret/+="

/**
 * DouTestObjectStore:
 * @server: the process
 * @dir: what it keeps
 * @host: address and port
 *
 * A real object store on a free port, which verifies each signature. It starts within some seconds.
 */
typedef struct
{
  GSubprocess *server; /* (owned) */
  char *dir;           /* (owned) */
  char *host;          /* (owned) */
} DouTestObjectStore;

DouTestObjectStore *dou_test_object_store_new (void);
void dou_test_object_store_free (DouTestObjectStore *self);
void dou_test_object_store_hang (DouTestObjectStore *self);
void dou_test_object_store_go_on (DouTestObjectStore *self);
DouObjectAddress *dou_test_object_store_get_address (DouTestObjectStore *self, const char *bucket);
void dou_test_object_store_make_bucket (DouTestObjectStore *self, const char *bucket);
char *dou_test_object_store_list (DouTestObjectStore *self, const char *bucket, const char *query);
GBytes *dou_test_object_store_get (DouTestObjectStore *self, const char *bucket, const char *key);
void dou_test_object_store_remove (DouTestObjectStore *self, const char *bucket, const char *key);

G_END_DECLS
