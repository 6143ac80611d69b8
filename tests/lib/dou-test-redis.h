/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouTestRedis:
 *
 * Debian's redis-server, in a directory of its own, on a unix socket and, if wanted, on a free port of
 * the loopback. It keeps nothing on disk, and ends with the test.
 */
typedef struct _DouTestRedis DouTestRedis;

DouTestRedis *dou_test_redis_new (const char *config);
DouTestRedis *dou_test_redis_new_on_port (const char *config);
DouTestRedis *dou_test_redis_new_sentinel (const char *config);
void dou_test_redis_free (DouTestRedis *self);

char *dou_test_redis_get_url (DouTestRedis *self);
char *dou_test_redis_make_url (DouTestRedis *self, const char *login);
char *dou_test_redis_get_place (DouTestRedis *self);
char *dou_test_redis_ask (DouTestRedis *self, const char *const *words);

void dou_test_redis_start (DouTestRedis *self);
void dou_test_redis_kill (DouTestRedis *self);
void dou_test_redis_signal (DouTestRedis *self, int number);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestRedis, dou_test_redis_free)

G_END_DECLS
