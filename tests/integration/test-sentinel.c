/* SPDX-License-Identifier: Apache-2.0 */

/* Two nodes that share a database and a Redis of which Sentinel says where it is. */

#include "config.h"

#include <string.h>

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-redis-group.h"

#define N_NODES 2

/* What is to be seen is asked for until it is; a machine that does many things at once may need this. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

/* Nothing is forgotten unless the other node tells. */
#define CONFIG \
  "[limits]\nrate-limits=off\n[cache]\nlife=1d\n[node]\nid=%u\n[redis]\nurl=redis://ann:secret@h/1\n" \
  "sentinel=%s\n"

/* Just what a node needs. */
#define ACL \
  "user ann on >secret resetkeys resetchannels -@all ~doutok@1:* &doutok@1:* +ping +select +publish " \
  "+subscribe +get +set +pexpire +del +role\n"

typedef struct
{
  DouTestRedisGroup *group;        /* (owned) */
  DouTestDaemon *servers[N_NODES]; /* (owned) */
  DouTestHttp *https[N_NODES];     /* (owned) */
  char *id;                        /* (owned) of a user */
  char *token;                     /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) answer = NULL;

  fixture->group = dou_test_redis_group_new (ACL, NULL);
  for (guint i = 0; i < N_NODES; i++)
    {
      g_autofree char *config = g_strdup_printf (CONFIG, i, fixture->group->address);

      fixture->servers[i] = i == 0 ? dou_test_daemon_new (config)
                                   : dou_test_daemon_new_beside (fixture->servers[0], config);
      fixture->https[i] = dou_test_http_new (dou_test_daemon_get_url (fixture->servers[i]), 1);
    }

  answer = dou_test_http_call (fixture->https[0], "POST", "/douyin/user/register/", "username", "ann",
                               "password", "p", NULL);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  fixture->id = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (answer, "user_id"));
  fixture->token = g_strdup (json_object_get_string_member (answer, "token"));
}

/* The first node goes last: the database is its. */
static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = N_NODES; i-- > 0;)
    {
      dou_test_http_free (fixture->https[i]);
      dou_test_daemon_free (fixture->servers[i]);
    }
  dou_test_redis_group_free (fixture->group);
  g_free (fixture->id);
  g_free (fixture->token);
}

/* Returns: (transfer full) (nullable): why the node is degraded, if it is */
static char *
get_trouble (Fixture *fixture, guint node)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (fixture->https[node], "GET", "/readyz", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return g_strdup (json_object_get_string_member_with_default (answer, "degraded", NULL));
}

static void
wait_until_degraded (Fixture *fixture, guint node, gboolean whether)
{
  gint64 begun = g_get_monotonic_time ();
  g_autofree char *trouble = get_trouble (fixture, node);

  while ((trouble != NULL) != whether)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, begun + PATIENCE);
      g_usleep (1000);
      g_free (trouble);
      trouble = get_trouble (fixture, node);
    }
  g_test_message ("node %u after %.1f ms: %s", node,
                  (double) (g_get_monotonic_time () - begun) / 1000,
                  trouble != NULL ? trouble : "well");
  if (trouble != NULL)
    {
      g_assert_nonnull (strstr (trouble, "Redis at mymaster: "));
      g_assert_null (strstr (trouble, "secret"));
    }
}

static void
write_signature (Fixture *fixture, guint node, const char *signature)
{
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->https[node], "POST", "/douyin/user/update/", "token",
                            fixture->token, "signature", signature, NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
}

static char *
read_signature (Fixture *fixture, guint node)
{
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->https[node], "GET", "/douyin/user/", "user_id", fixture->id,
                            "token", fixture->token, NULL);
  JsonObject *user = json_object_get_object_member (answer, "user");

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return g_strdup (json_object_get_string_member (user, "signature"));
}

/* Both nodes see what either writes, though both remember what was before. */
static void
assert_tells (Fixture *fixture, const char *when)
{
  for (guint node = 0; node < N_NODES; node++)
    {
      g_autofree char *signature = g_strdup_printf ("%s, on %u", when, node);
      guint other = N_NODES - 1 - node;
      gint64 begun = g_get_monotonic_time ();
      g_autofree char *seen = read_signature (fixture, other);

      write_signature (fixture, node, signature);
      while (!g_str_equal (seen, signature))
        {
          g_assert_cmpint (g_get_monotonic_time (), <, begun + PATIENCE);
          g_usleep (1000);
          g_free (seen);
          seen = read_signature (fixture, other);
        }
    }
}

static void
assert_all_at (DouTestRedis *server)
{
  static const char *const channels[] = { "PUBSUB", "CHANNELS", "doutok@1:*", NULL };
  static const char *const names[] = { "User1", "Video1", "Social1", "Chat1" };
  g_autofree char *answer = dou_test_redis_ask (server, channels);

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_nonnull (strstr (answer, names[i]));
}

/* Test that nodes find the master, and each other; that when it is killed they serve on and say that they
 * are degraded; and that they follow to the next master by themselves, also when the former one is back. */
static void
test_failover (Fixture *fixture, gconstpointer data)
{
  DouTestRedis **redis = fixture->group->servers;

  for (guint node = 0; node < N_NODES; node++)
    wait_until_degraded (fixture, node, FALSE);
  assert_tells (fixture, "at first");
  assert_all_at (redis[0]);

  dou_test_redis_kill (redis[0]);
  for (guint node = 0; node < N_NODES; node++)
    wait_until_degraded (fixture, node, TRUE);
  write_signature (fixture, 0, "without a master");

  for (guint node = 0; node < N_NODES; node++)
    wait_until_degraded (fixture, node, FALSE);
  assert_tells (fixture, "after the failover");
  assert_all_at (redis[1]);

  dou_test_redis_start (redis[0]);
  assert_tells (fixture, "with the former master");
  assert_all_at (redis[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  /* The programs warn of a Redis that is away, as they should, and are to live on. */
  g_unsetenv ("G_DEBUG");

  g_test_add ("/integration/sentinel/failover", Fixture, NULL, set_up, test_failover, tear_down);
  return g_test_run ();
}
