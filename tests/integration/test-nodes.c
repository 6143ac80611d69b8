/* SPDX-License-Identifier: Apache-2.0 */

/* Two nodes that share one database, each with state and runtime directories and a port of its own. */

#include "config.h"

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"

#define N_NODES 2
/* Users that register on each node. */
#define N_USERS 20
/* Where the node is in an id: above four bits of gateway process and four of sequence. */
#define NODE_SHIFT 8
#define NODE_MASK 15
/* The status_code of a name that somebody has. */
#define NAME_TAKEN 10003

/* The lowest and the highest number, so that all bits of one differ from those of the other. */
static const guint node_ids[N_NODES] = { 0, 15 };

typedef struct
{
  DouTestDaemon *servers[N_NODES]; /* (owned) */
  DouTestHttp *https[N_NODES];     /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_NODES; i++)
    {
      g_autofree char *config
          = g_strdup_printf ("[limits]\nrate-limits=off\n[node]\nid=%u\n", node_ids[i]);

      fixture->servers[i] = i == 0 ? dou_test_daemon_new (config)
                                   : dou_test_daemon_new_beside (fixture->servers[0], config);
      fixture->https[i] = dou_test_http_new (dou_test_daemon_get_url (fixture->servers[i]), 1);
    }
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
}

static void
restart (Fixture *fixture, guint node)
{
  dou_test_daemon_stop (fixture->servers[node]);
  dou_test_daemon_start (fixture->servers[node]);
  dou_test_http_free (fixture->https[node]);
  fixture->https[node] = dou_test_http_new (dou_test_daemon_get_url (fixture->servers[node]), 1);
}

static JsonObject *
send_name (Fixture *fixture, guint node, const char *path, const char *name, gint64 expected)
{
  JsonObject *answer = dou_test_http_call (fixture->https[node], "POST", path, "username", name,
                                           "password", "p", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, expected);
  return answer;
}

/* Test that an id says which node made it, and that none comes twice. */
static void
test_ids (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < N_USERS; i++)
    for (guint node = 0; node < N_NODES; node++)
      {
        g_autofree char *name = g_strdup_printf ("%u of %u", i, node);
        g_autoptr (JsonObject) answer
            = send_name (fixture, node, "/douyin/user/register/", name, 0);
        gint64 id = json_object_get_int_member (answer, "user_id");

        g_assert_cmpint (id >> NODE_SHIFT & NODE_MASK, ==, node_ids[node]);
        g_assert_true (g_hash_table_add (ids, g_memdup2 (&id, sizeof id)));
      }
}

/* Test that a name that one node has given away is taken on the other, and that its owner logs in there. */
static void
test_names (Fixture *fixture, gconstpointer data)
{
  for (guint node = 0; node < N_NODES; node++)
    {
      guint other = N_NODES - 1 - node;
      g_autofree char *name = g_strdup_printf ("Ann of %u", node);
      g_autoptr (JsonObject) registered
          = send_name (fixture, node, "/douyin/user/register/", name, 0);
      g_autoptr (JsonObject) refused
          = send_name (fixture, other, "/douyin/user/register/", name, NAME_TAKEN);
      g_autoptr (JsonObject) known = send_name (fixture, other, "/douyin/user/login/", name, 0);

      g_assert_cmpint (json_object_get_int_member (known, "user_id"), ==,
                       json_object_get_int_member (registered, "user_id"));
    }
}

/* Test that who has logged in on one node may act on the other, also when that has started anew. */
static void
test_tokens (Fixture *fixture, gconstpointer data)
{
  for (guint node = 0; node < N_NODES; node++)
    {
      guint other = N_NODES - 1 - node;
      g_autofree char *name = g_strdup_printf ("Bob of %u", node);
      g_autoptr (JsonObject) registered
          = send_name (fixture, node, "/douyin/user/register/", name, 0);
      const char *token = json_object_get_string_member (registered, "token");
      g_autoptr (JsonObject) answer = NULL;
      g_autoptr (JsonObject) later = NULL;

      answer = dou_test_http_call (fixture->https[other], "POST", "/douyin/user/update/", "token",
                                   token, "signature", name, NULL);
      g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);

      restart (fixture, other);
      later = dou_test_http_call (fixture->https[other], "GET", "/douyin/message/conversations/",
                                  "token", token, NULL);
      g_assert_cmpint (dou_test_http_get_status (later), ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/integration/nodes/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("ids", test_ids);
  ADD ("names", test_names);
  ADD ("tokens", test_tokens);
#undef ADD

  return g_test_run ();
}
