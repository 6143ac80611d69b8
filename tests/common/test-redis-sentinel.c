/* SPDX-License-Identifier: Apache-2.0 */

/* Against Debian's redis-server: a master, a replica and three sentinels. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "common/dou-redis.h"
#include "lib/dou-test-redis-group.h"
#include "lib/dou-test-wait.h"

#define CHANNEL "doutok@1:test"

/* Just what is needed. */
#define ACL \
  "user ann on >secret resetkeys resetchannels -@all ~doutok@1:* &doutok@1:* +ping +select +publish " \
  "+subscribe +get +set +role\n"
#define URL "redis://ann:secret@whatever/1"

typedef struct
{
  DouTestRedisGroup *group; /* (owned) (nullable) */
  DouRedis *redis;          /* (owned) (nullable) */
  GPtrArray *heard;         /* (owned) (element-type GBytes) */
  char *wanted;             /* (owned) (nullable) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->heard = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->redis != NULL)
    g_assert_finalize_object (g_steal_pointer (&fixture->redis));
  g_clear_pointer (&fixture->group, dou_test_redis_group_free);
  g_ptr_array_unref (fixture->heard);
  g_free (fixture->wanted);
}

static void
heard_cb (DouRedis *redis, GBytes *message, Fixture *fixture)
{
  g_ptr_array_add (fixture->heard, g_bytes_ref (message));
}

static DouRedis *
make (Fixture *fixture, const char *url, const char *sentinels)
{
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autoptr (DouRedisAddress) address = NULL;
  g_autoptr (GError) error = NULL;
  DouRedis *redis;

  dou_config_set (config, DOU_CONFIG_REDIS_URL, url, &error);
  g_assert_no_error (error);
  dou_config_set (config, DOU_CONFIG_REDIS_SENTINEL, sentinels, &error);
  g_assert_no_error (error);
  g_assert_true (dou_redis_address_load (config, &address, &error));
  g_assert_no_error (error);
  redis = dou_redis_new (address, CHANNEL);
  g_signal_connect (redis, "heard", G_CALLBACK (heard_cb), fixture);
  return redis;
}

static gboolean
is_there (gpointer data)
{
  return dou_redis_get_trouble (data) == NULL;
}

static gboolean
is_away (gpointer data)
{
  return dou_redis_get_trouble (data) != NULL;
}

static gboolean
has_heard (gpointer data)
{
  Fixture *fixture = data;

  return fixture->heard->len > 0;
}

static gboolean
says_wanted (gpointer data)
{
  Fixture *fixture = data;
  const char *trouble = dou_redis_get_trouble (fixture->redis);

  return trouble != NULL && strstr (trouble, fixture->wanted) != NULL;
}

static void
wait_for_trouble (Fixture *fixture, const char *wanted)
{
  g_free (fixture->wanted);
  fixture->wanted = g_strdup (wanted);
  dou_test_wait_until (says_wanted, fixture);
  g_assert_null (strstr (dou_redis_get_trouble (fixture->redis), "secret"));
}

static void
open_group (Fixture *fixture)
{
  fixture->group = dou_test_redis_group_new (ACL, NULL);
  fixture->redis = make (fixture, URL, fixture->group->address);
  dou_test_wait_until (is_there, fixture->redis);
}

/* How many hear the channel at @server. */
static char *
count_hearers (DouTestRedis *server)
{
  static const char *const words[] = { "PUBSUB", "NUMSUB", CHANNEL, NULL };

  return dou_test_redis_ask (server, words);
}

static void
assert_works_at (Fixture *fixture, DouTestRedis *server, DouTestRedis *other)
{
  static const char *const set[] = { "SET", "doutok@1:a", "b", NULL };
  g_autoptr (GBytes) message = g_bytes_new_static ("hello", 5);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) published = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *hearers = count_hearers (server);

  g_assert_cmpstr (hearers, ==, CHANNEL "\n1\n");
  if (other != NULL)
    {
      g_autofree char *others = count_hearers (other);

      g_assert_cmpstr (others, ==, CHANNEL "\n0\n");
    }

  g_ptr_array_set_size (fixture->heard, 0);
  dou_redis_publish_async (fixture->redis, message, dou_test_wait_result_cb, &waited);
  published = dou_test_wait_result (&waited);
  g_assert_true (dou_redis_publish_finish (fixture->redis, published, &error));
  g_assert_no_error (error);
  dou_test_wait_until (has_heard, fixture);
  g_assert_true (g_bytes_equal (g_ptr_array_index (fixture->heard, 0), message));

  dou_redis_command_async (fixture->redis, set, dou_test_wait_result_cb, &waited);
  done = dou_test_wait_result (&waited);
  answer = dou_redis_command_finish (fixture->redis, done, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (answer, NULL), ==, "OK");
}

/* Both connections are at @server, and the former ones gone. */
typedef struct
{
  DouTestRedis *server;
  DouRedis *redis;
} Move;

static gboolean
has_moved (gpointer data)
{
  Move *move = data;
  g_autofree char *hearers = NULL;

  if (dou_redis_get_trouble (move->redis) != NULL)
    return FALSE;

  hearers = count_hearers (move->server);
  return g_str_equal (hearers, CHANNEL "\n1\n");
}

/* Test that what is no list of sentinels and a name is refused. */
static void
test_bad_addresses (void)
{
  static const char *const texts[] = {
    "a",           "a;",         ";m",          "a,;m",        ",a;m",     "a;m;n",      "a:0;m",
    "a:65536;m",   "a:x;m",      "a;m n",       "a;m/n",       "a b;m",    "[::1;m",     "http://a;m",
    "u:p@a:1;m",   "a:1:2;m",    ":1;m",        "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17;m",
  };
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autoptr (DouRedisAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) local_error = NULL;

      g_test_message ("%s", texts[i]);
      g_assert_false (dou_config_set (config, DOU_CONFIG_REDIS_SENTINEL, texts[i], &local_error));
      g_assert_error (local_error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE);
    }

  g_assert_true (dou_config_set (config, DOU_CONFIG_REDIS_SENTINEL, "a;m", NULL));
  g_assert_true (dou_config_set (config, DOU_CONFIG_REDIS_URL, "unix:/a", NULL));
  g_assert_false (dou_redis_address_load (config, &address, &error));
  g_assert_error (error, DOU_CONFIG_ERROR, DOU_CONFIG_ERROR_BAD_VALUE);
}

/* Test that every part of an address arrives. */
static void
test_addresses (void)
{
  static const char *const expected[] = { "a:26379", "10.0.0.1:1", "::1:26380" };
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autoptr (DouRedisAddress) none = NULL;
  g_autoptr (DouRedisAddress) parsed = NULL;
  g_autoptr (DouRedisAddress) address = NULL;
  g_autoptr (DouRedisAddress) alone = NULL;
  g_autofree char *description = NULL;

  g_assert_true (dou_redis_address_load (config, &none, NULL));
  g_assert_null (none);

  g_assert_true (dou_config_set (config, DOU_CONFIG_REDIS_SENTINEL,
                                 " a , 10.0.0.1:1,[::1]:26380 ; my-master.1 ", NULL));
  g_assert_true (dou_redis_address_load (config, &alone, NULL));
  g_assert_null (alone->password);

  g_assert_true (dou_config_set (config, DOU_CONFIG_REDIS_URL, "redis://ann:p%40ss@h/3", NULL));
  g_assert_true (dou_redis_address_load (config, &parsed, NULL));
  address = dou_redis_address_copy (parsed);
  g_assert_null (address->host);
  g_assert_cmpstr (address->user, ==, "ann");
  g_assert_cmpstr (address->password, ==, "p@ss");
  g_assert_cmpuint (address->database, ==, 3);
  g_assert_cmpstr (address->master, ==, "my-master.1");
  g_assert_cmpuint (address->sentinels->len, ==, G_N_ELEMENTS (expected));
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      GNetworkAddress *sentinel = g_ptr_array_index (address->sentinels, i);
      g_autofree char *text
          = g_strdup_printf ("%s:%u", g_network_address_get_hostname (sentinel),
                             (guint) g_network_address_get_port (sentinel));

      g_assert_cmpstr (text, ==, expected[i]);
    }
  description = dou_redis_address_describe (address);
  g_assert_cmpstr (description, ==, "my-master.1");
}

/* Test that the master is found by what the sentinels say; that when it is killed, the next one is, and
 * stays it when the former one comes back. */
static void
test_followed (Fixture *fixture, gconstpointer data)
{
  DouTestRedis **servers;
  Move move;

  open_group (fixture);
  servers = fixture->group->servers;
  assert_works_at (fixture, servers[0], servers[1]);

  dou_test_redis_kill (servers[0]);
  dou_test_wait_until (is_away, fixture->redis);
  g_test_message ("%s", dou_redis_get_trouble (fixture->redis));
  move = (Move){ servers[1], fixture->redis };
  dou_test_wait_until (has_moved, &move);
  assert_works_at (fixture, servers[1], NULL);

  dou_test_redis_start (servers[0]);
  assert_works_at (fixture, servers[1], servers[0]);
}

/* Test that the master is left when another one is made it while it lives, or only hangs for a while. */
static void
test_demoted (Fixture *fixture, gconstpointer data)
{
  static const char *const failover[] = { "SENTINEL", "FAILOVER", "mymaster", NULL };
  DouTestRedis **servers;
  Move move;

  open_group (fixture);
  servers = fixture->group->servers;
  move = (Move){ servers[1], fixture->redis };
  if (data == NULL)
    {
      g_autofree char *answer = dou_test_redis_ask (fixture->group->sentinels[0], failover);

      g_assert_cmpstr (answer, ==, "OK\n");
      dou_test_wait_until (has_moved, &move);
    }
  else
    {
      dou_test_redis_signal (servers[0], SIGSTOP);
      dou_test_wait_until (has_moved, &move);
      dou_test_redis_signal (servers[0], SIGCONT);
    }
  assert_works_at (fixture, servers[1], servers[0]);
}

static void
changed_cb (DouRedis *redis, guint *n_changes)
{
  (*n_changes)++;
}

/* Test that sentinels that are away do no harm, and are not taken for an outage, as long as there is one, or
 * the master is not lost; and that it is said when there is none. */
static void
test_sentinels_away (Fixture *fixture, gconstpointer data)
{
  DouTestRedisGroup *group;
  guint n_changes = 0;

  fixture->group = group = dou_test_redis_group_new (ACL, NULL);
  dou_test_redis_kill (group->sentinels[0]);
  fixture->redis = make (fixture, URL, group->address);
  g_signal_connect (fixture->redis, "changed", G_CALLBACK (changed_cb), &n_changes);
  dou_test_wait_until (is_there, fixture->redis);
  g_assert_cmpuint (n_changes, ==, 1);
  assert_works_at (fixture, group->servers[0], group->servers[1]);
  g_assert_finalize_object (g_steal_pointer (&fixture->redis));

  dou_test_redis_signal (group->sentinels[1], SIGSTOP);
  fixture->redis = make (fixture, URL, group->address);
  dou_test_wait_until (is_there, fixture->redis);
  assert_works_at (fixture, group->servers[0], group->servers[1]);

  dou_test_redis_kill (group->sentinels[1]);
  dou_test_redis_kill (group->sentinels[2]);
  assert_works_at (fixture, group->servers[0], group->servers[1]);

  dou_test_redis_kill (group->servers[0]);
  wait_for_trouble (fixture, "mymaster: ");
}

/* Test that it is said what is wrong: nobody knows the name; who is named is none; the password is wrong. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestRedis) server = NULL;
  g_autoptr (DouTestRedis) replica = NULL;
  g_autoptr (DouTestRedis) sentinel = NULL;
  g_autofree char *place = NULL;
  g_autofree char *replica_place = NULL;
  g_autofree char *sentinel_place = NULL;
  g_autofree char *replica_config = NULL;
  g_autofree char *sentinel_config = NULL;
  static const struct
  {
    const char *url;
    const char *master;
    const char *trouble;
  } cases[] = {
    { URL, "other", ": there is no master other" },
    { URL, "replica", "not a master" },
    { "redis://ann:wrong-secret@h/1", "good", "WRONGPASS" },
    { "redis://mute:secret@h/1", "good", "NOPERM" },
  };

  server = dou_test_redis_new_on_port (ACL "user mute on >secret +@all -role &*\n");
  place = dou_test_redis_get_place (server);
  replica_config = g_strdup_printf (ACL "replicaof 127.0.0.1 %s\n", strchr (place, ':') + 1);
  replica = dou_test_redis_new_on_port (replica_config);
  replica_place = dou_test_redis_get_place (replica);
  sentinel_config = g_strdup_printf ("sentinel monitor good 127.0.0.1 %s 1\n"
                                     "sentinel monitor replica 127.0.0.1 %s 1\n",
                                     strchr (place, ':') + 1, strchr (replica_place, ':') + 1);
  sentinel = dou_test_redis_new_sentinel (sentinel_config);
  sentinel_place = dou_test_redis_get_place (sentinel);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("%s;%s", sentinel_place, cases[i].master);

      fixture->redis = make (fixture, cases[i].url, text);
      wait_for_trouble (fixture, cases[i].trouble);
      g_test_message ("%s", dou_redis_get_trouble (fixture->redis));
      g_assert_finalize_object (g_steal_pointer (&fixture->redis));
    }
}

/* Test that a Redis may be let go while a sentinel is asked, and when it has just answered. */
static void
test_freed (Fixture *fixture, gconstpointer data)
{
  fixture->group = dou_test_redis_group_new (ACL, NULL);
  for (guint n = 0; n < 30; n++)
    {
      DouRedis *early = make (fixture, URL, fixture->group->address);

      for (guint i = 0; i < n; i++)
        g_main_context_iteration (NULL, i + 1 < n && dou_redis_get_trouble (early) != NULL);
      g_assert_finalize_object (early);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  /* That a Redis is away is a warning, when and as often as it happens here. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);

#define ADD(name, data, func) \
  g_test_add ("/common/redis-sentinel/" name, Fixture, GUINT_TO_POINTER (data), set_up, func, tear_down)
  g_test_add_func ("/common/redis-sentinel/address/bad", test_bad_addresses);
  g_test_add_func ("/common/redis-sentinel/address/good", test_addresses);
  ADD ("followed", 0, test_followed);
  ADD ("demoted/alive", 0, test_demoted);
  ADD ("demoted/hanging", 1, test_demoted);
  ADD ("sentinels-away", 0, test_sentinels_away);
  ADD ("refused", 0, test_refused);
  ADD ("freed", 0, test_freed);
#undef ADD

  return g_test_run ();
}
