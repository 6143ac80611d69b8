/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "lib/dou-test-redis-group.h"

/* Otherwise a server waits for some seconds before it gives a replica its data, in the hope of more of them. */
#define SERVER_CONFIG "repl-diskless-sync-delay 0\n"

/* Milliseconds: as little as a busy machine bears. */
#define SENTINEL_CONFIG \
  "sentinel monitor mymaster 127.0.0.1 %s 2\n" \
  "sentinel down-after-milliseconds mymaster 1000\n" \
  "sentinel failover-timeout mymaster 5000\n%s"

#define PATIENCE (60 * G_TIME_SPAN_SECOND)

/* Asks until all of @expected, each with a line end before and after it, is in the answer. */
static void
ask_until (DouTestRedis *server, const char *const *words, const char *const *expected)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  gboolean is_good = FALSE;

  while (!is_good)
    {
      g_autofree char *answer = dou_test_redis_ask (server, words);

      is_good = TRUE;
      for (guint i = 0; expected[i] != NULL; i++)
        is_good = is_good && strstr (answer, expected[i]) != NULL;
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (!is_good)
        g_usleep (10000);
    }
}

/**
 * dou_test_redis_group_new:
 * @config: (nullable): further lines of the configuration of the servers, without a password for who has
 *   no name
 * @sentinel_config: (nullable): further lines of that of the sentinels
 *
 * Returns: (transfer full): a group that knows itself
 */
DouTestRedisGroup *
dou_test_redis_group_new (const char *config, const char *sentinel_config)
{
  static const char *const replication[] = { "INFO", "replication", NULL };
  static const char *const in_step[] = { "master_link_status:up", NULL };
  static const char *const master[] = { "SENTINEL", "MASTER", "mymaster", NULL };
  static const char *const known[]
      = { "num-slaves\n1\n", "num-other-sentinels\n2\n", "flags\nmaster\n", NULL };
  DouTestRedisGroup *self = g_new0 (DouTestRedisGroup, 1);
  g_autoptr (GString) address = g_string_new (NULL);
  g_autofree char *server_config = g_strconcat (SERVER_CONFIG, config, NULL);
  g_autofree char *replica_config = NULL;
  g_autofree char *watched = NULL;
  g_autofree char *place = NULL;
  const char *port;

  self->servers[0] = dou_test_redis_new_on_port (server_config);
  place = dou_test_redis_get_place (self->servers[0]);
  port = strchr (place, ':') + 1;
  replica_config = g_strdup_printf ("%sreplicaof 127.0.0.1 %s\n", server_config, port);
  self->servers[1] = dou_test_redis_new_on_port (replica_config);
  ask_until (self->servers[1], replication, in_step);

  watched = g_strdup_printf (SENTINEL_CONFIG, port, sentinel_config != NULL ? sentinel_config : "");
  for (guint i = 0; i < DOU_TEST_N_SENTINELS; i++)
    {
      g_autofree char *sentinel = NULL;

      self->sentinels[i] = dou_test_redis_new_sentinel (watched);
      sentinel = dou_test_redis_get_place (self->sentinels[i]);
      g_string_append_printf (address, "%s%s", i > 0 ? "," : "", sentinel);
    }
  for (guint i = 0; i < DOU_TEST_N_SENTINELS; i++)
    ask_until (self->sentinels[i], master, known);

  g_string_append (address, ";mymaster");
  self->address = g_string_free (g_steal_pointer (&address), FALSE);
  return self;
}

/* Sentinels first, or they would begin to vote. */
void
dou_test_redis_group_free (DouTestRedisGroup *self)
{
  for (guint i = 0; i < DOU_TEST_N_SENTINELS; i++)
    dou_test_redis_free (self->sentinels[i]);
  for (guint i = 0; i < G_N_ELEMENTS (self->servers); i++)
    dou_test_redis_free (self->servers[i]);
  g_free (self->address);
  g_free (self);
}

/**
 * dou_test_redis_group_get_master:
 * @self: a group
 * @sentinel: which one is asked
 *
 * Returns: (transfer full): address and port of the master
 */
char *
dou_test_redis_group_get_master (DouTestRedisGroup *self, guint sentinel)
{
  static const char *const words[] = { "SENTINEL", "get-master-addr-by-name", "mymaster", NULL };
  g_autofree char *answer = dou_test_redis_ask (self->sentinels[sentinel], words);
  g_auto (GStrv) lines = g_strsplit (answer, "\n", -1);

  return g_strdup_printf ("%s:%s", lines[0], lines[1]);
}
