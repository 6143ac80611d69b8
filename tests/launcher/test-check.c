/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>

#include <glib/gstdio.h>

#include "launcher/dou-test-tree.h"
#include "lib/dou-test-object-store.h"
#include "lib/dou-test-redis-group.h"

static void
set_up (DouTestTree **tree, gconstpointer data)
{
  *tree = dou_test_tree_new ();
}

static void
tear_down (DouTestTree **tree, gconstpointer data)
{
  dou_test_tree_free (*tree);
}

static char *
check (DouTestTree *tree, const char *stand_in, int expected)
{
  g_autoptr (DouTestRun) run
      = dou_test_run_new (tree, stand_in, "check", "--state-dir", tree->state_dir, "--runtime-dir",
                          tree->runtime_dir, NULL);
  char *output;

  g_assert_cmpint (dou_test_run_wait (run, &output, NULL), ==, expected);
  g_test_message ("%s", output);
  return output;
}

static void
make_database (DouTestTree *tree, const char *name)
{
  g_autofree char *path = g_build_filename (tree->state_dir, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (tree->state_dir, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

/* Test that what is wrong is said, and that the rest is looked at nevertheless. */
static void
test_wrong (DouTestTree **tree, gconstpointer data)
{
  g_autofree char *sandbox = dou_test_tree_get_stand_in (*tree, "doutok-sandbox");
  g_autofree char *output = NULL;

  g_assert_true (g_file_set_contents ((*tree)->state_dir, "not a directory", -1, NULL));
  g_assert_cmpint (g_unlink (sandbox), ==, 0);
  output = check (*tree, NULL, EXIT_FAILURE);
  g_assert_nonnull (strstr (output, "\nFAIL sandbox: "));
  g_assert_nonnull (strstr (output, "\nFAIL state directory: "));
  g_assert_nonnull (strstr (output, "\nok   ffmpeg: "));
}

/* Test that a bad configuration file is named. */
static void
test_bad_configuration (DouTestTree **tree, gconstpointer data)
{
  g_autofree char *path = g_build_filename ((*tree)->path, "doutok.conf", NULL);
  g_autofree char *named = g_strconcat ("FAIL configuration: ", path, ": [server] port", NULL);
  g_autoptr (DouTestRun) run = NULL;
  g_autofree char *output = NULL;

  g_assert_true (g_file_set_contents (path, "[server]\nport=80\n", -1, NULL));
  run = dou_test_run_new (*tree, NULL, "check", "--config", path, NULL);
  g_assert_cmpint (dou_test_run_wait (run, &output, NULL), ==, EXIT_FAILURE);
  g_assert_true (g_str_has_prefix (output, named));
  g_assert_nonnull (strstr (output, "\nok   ffprobe: "));
}

/* Returns: what is said with a configuration for @bucket */
static char *
check_bucket (DouTestTree *tree, DouTestObjectStore *objects, const char *bucket,
              const char *secret, int expected)
{
  g_autofree char *path = g_build_filename (tree->path, "doutok.conf", NULL);
  g_autofree char *text = g_strdup_printf ("[media]\nstore=s3\ns3-endpoint=http://%s\ns3-bucket=%s\n"
                                           "s3-access-key=%s\ns3-secret-key=%s\n",
                                           objects->host, bucket, DOU_TEST_ACCESS_KEY, secret);
  g_autoptr (DouTestRun) run = NULL;
  char *output;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  run = dou_test_run_new (tree, NULL, "check", "--config", path, "--state-dir", tree->state_dir,
                          "--runtime-dir", tree->runtime_dir, NULL);
  g_assert_cmpint (dou_test_run_wait (run, &output, NULL), ==, expected);
  return output;
}

/* Test that an object store is asked, and that what it does not like is said. */
static void
test_object_store (DouTestTree **tree, gconstpointer data)
{
  DouTestObjectStore *objects = dou_test_object_store_new ();
  g_autofree char *absent
      = check_bucket (*tree, objects, "doutok", DOU_TEST_SECRET_KEY, EXIT_FAILURE);
  g_autofree char *refused = NULL;
  g_autofree char *good = NULL;
  g_autofree char *bad = NULL;

  g_assert_nonnull (strstr (absent, "\nFAIL object store: "));
  g_assert_nonnull (strstr (absent, "NoSuchBucket"));

  dou_test_object_store_make_bucket (objects, "doutok");
  refused = check_bucket (*tree, objects, "doutok", "another secret", EXIT_FAILURE);
  g_assert_nonnull (strstr (refused, "\nFAIL object store: "));
  g_assert_nonnull (strstr (refused, "SignatureDoesNotMatch"));
  good = check_bucket (*tree, objects, "doutok", DOU_TEST_SECRET_KEY, EXIT_SUCCESS);
  g_assert_nonnull (strstr (good, "\nok   object store: http://127.0.0.1:"));
  bad = check_bucket (*tree, objects, "Films", DOU_TEST_SECRET_KEY, EXIT_FAILURE);
  g_assert_nonnull (strstr (bad, "\nFAIL object store: [media] s3-bucket"));

  dou_test_object_store_free (objects);
}

/* Returns: what is said with @redis in the configuration */
static char *
check_redis (DouTestTree *tree, const char *redis, int expected)
{
  g_autofree char *path = g_build_filename (tree->path, "doutok.conf", NULL);
  g_autofree char *text = g_strconcat ("[redis]\n", redis, NULL);
  g_autoptr (DouTestRun) run = NULL;
  char *output;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  run = dou_test_run_new (tree, NULL, "check", "--config", path, "--state-dir", tree->state_dir,
                          "--runtime-dir", tree->runtime_dir, NULL);
  g_assert_cmpint (dou_test_run_wait (run, &output, NULL), ==, expected);
  g_test_message ("%s", output);
  g_assert_null (strstr (output, "secret"));
  return output;
}

/* Test that Redis is asked for everything that a node needs of it, by a user who may do just that, and that
 * what he may not do is said. */
static void
test_redis (DouTestTree **tree, gconstpointer data)
{
  static const char *const needed[]
      = { "select", "publish",    "subscribe",  "set",    "get",  "pexpire", "del",    "xgroup|create",
          "xadd",   "xreadgroup", "xautoclaim", "xclaim", "xack", "xdel",    "xrange" };
  DouTestRedis *server;
  g_autoptr (GString) users
      = g_string_new ("requirepass secret\nuser ann on >secret -@all ~doutok@1:* &doutok@1:* +ping");
  static const struct
  {
    const char *login;
    const char *reason;
  } refused[] = {
    { "", "NOAUTH" },
    { ":wrong-secret@", "WRONGPASS" },
    { "keyless:secret@", "NOPERM" },
    { "deaf:secret@", "NOPERM" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    g_string_append_printf (users, " +%s", needed[i]);
  g_string_append (users, "\nuser keyless on >secret +@all &* resetkeys\n"
                          "user deaf on >secret +@all ~* resetchannels\n");
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    g_string_append_printf (users, "user no-%" G_GSIZE_FORMAT " on >secret +@all -%s ~* &*\n", i,
                            needed[i]);
  server = dou_test_redis_new_on_port (users->str);

  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    {
      g_autofree char *login = g_strdup_printf ("no-%" G_GSIZE_FORMAT ":secret@", i);
      g_autofree char *url = dou_test_redis_make_url (server, login);
      g_autofree char *redis = g_strdup_printf ("url=%s\n", url);
      g_autofree char *reason = g_strdup_printf ("'%s' command", needed[i]);
      g_autofree char *output = check_redis (*tree, redis, EXIT_FAILURE);

      g_assert_nonnull (strstr (output, "\nFAIL redis: "));
      g_assert_nonnull (strstr (output, reason));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *url = dou_test_redis_make_url (server, refused[i].login);
      g_autofree char *redis = g_strdup_printf ("url=%s\n", url);
      g_autofree char *output = check_redis (*tree, redis, EXIT_FAILURE);

      g_assert_nonnull (strstr (output, "\nFAIL redis: "));
      g_assert_nonnull (strstr (output, refused[i].reason));
    }

  {
    g_autofree char *url = dou_test_redis_make_url (server, "ann:secret@");
    g_autofree char *redis = g_strdup_printf ("url=%s\n", url);
    g_autofree char *output = check_redis (*tree, redis, EXIT_SUCCESS);

    g_assert_nonnull (strstr (output, "\nok   redis: Redis 7."));
    g_assert_nonnull (strstr (output, " at 127.0.0.1:"));
  }
  dou_test_redis_free (server);
}

/* Test that a Redis that is not there, or hangs, is said to. */
static void
test_redis_away (DouTestTree **tree, gconstpointer data)
{
  DouTestRedis *server = dou_test_redis_new (NULL);
  g_autofree char *url = dou_test_redis_get_url (server);
  g_autofree char *redis = g_strdup_printf ("url=%s\n", url);
  g_autofree char *hanging = NULL;
  g_autofree char *absent = NULL;

  dou_test_redis_signal (server, SIGSTOP);
  hanging = check_redis (*tree, redis, EXIT_FAILURE);
  g_assert_nonnull (strstr (hanging, "\nFAIL redis: "));
  g_assert_nonnull (strstr (hanging, "no answer"));

  dou_test_redis_kill (server);
  absent = check_redis (*tree, redis, EXIT_FAILURE);
  g_assert_nonnull (strstr (absent, "\nFAIL redis: "));
  dou_test_redis_free (server);
}

/* Test that nodes that would not see each other's files are warned of, and that one node alone is not. */
static void
test_local_media (DouTestTree **tree, gconstpointer data)
{
  DouTestRedis *server = dou_test_redis_new (NULL);
  g_autofree char *url = dou_test_redis_get_url (server);
  g_autofree char *alone = g_strdup_printf ("url=%s\n", url);
  g_autofree char *shared = g_strdup_printf ("url=%s\n[database]\nengine=postgresql\nhost=127.0.0.1\n"
                                             "name=n\nuser=u\n",
                                             url);
  g_autofree char *quiet = check_redis (*tree, alone, EXIT_SUCCESS);
  g_autofree char *warned = check_redis (*tree, shared, EXIT_SUCCESS);

  g_assert_null (strstr (quiet, " object store: "));
  g_assert_nonnull (strstr (warned, "\nwarn object store: none, "));
  dou_test_redis_free (server);
}

/* Test that each sentinel is asked, that some of them may be away, but not all, and that they must know the
 * name. */
static void
test_sentinel (DouTestTree **tree, gconstpointer data)
{
  DouTestRedisGroup *group = dou_test_redis_group_new (NULL, NULL);
  g_autofree char *redis = g_strdup_printf ("sentinel=%s\n", group->address);
  g_autofree char *unknown = g_strdup_printf ("sentinel=%sx\n", group->address);
  g_autofree char *place = dou_test_redis_get_place (group->servers[0]);
  g_autofree char *one_gone = NULL;
  g_autofree char *nameless = NULL;
  g_autofree char *all_gone = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *output = check_redis (*tree, redis, EXIT_SUCCESS);

      for (guint j = 0; j < DOU_TEST_N_SENTINELS; j++)
        {
          g_autofree char *sentinel = dou_test_redis_get_place (group->sentinels[j]);
          g_autofree char *line
              = j < i ? g_strdup_printf ("\nwarn sentinel %s: ", sentinel)
                      : g_strdup_printf ("\nok   sentinel %s: the master is at %s\n", sentinel, place);

          g_assert_nonnull (strstr (output, line));
        }
      g_assert_nonnull (strstr (output, "\nok   redis: Redis 7."));
      g_assert_nonnull (strstr (output, " at mymaster\n"));
      dou_test_redis_kill (group->sentinels[i]);
    }

  nameless = check_redis (*tree, unknown, EXIT_FAILURE);
  g_assert_nonnull (strstr (nameless, ": there is no master mymasterx\n"));
  dou_test_redis_kill (group->sentinels[2]);
  all_gone = check_redis (*tree, redis, EXIT_FAILURE);
  g_assert_nonnull (strstr (all_gone, "\nFAIL redis: "));

  dou_test_redis_group_free (group);
}

/* Test that a database which does not open is a failure, with what its service said. */
static void
test_database (DouTestTree **tree, gconstpointer data)
{
  g_autofree char *output = NULL;

  make_database (*tree, "video.db");
  output = check (*tree, "doutok-video=fail", EXIT_FAILURE);
  g_assert_nonnull (strstr (output, "\nFAIL video database: "));
  g_assert_nonnull (strstr (output, "\nok   user database: not made yet\n"));
}

/* Test that a layer of the sandbox which the kernel does not have is a warning. */
static void
test_absent_layer (DouTestTree **tree, gconstpointer data)
{
  g_autofree char *output = check (*tree, "doutok-sandbox=absent", EXIT_SUCCESS);

  g_assert_nonnull (strstr (output, "\nwarn sandbox landlock: "));
  g_assert_nonnull (strstr (output, "\nok   sandbox seccomp: "));
}

/* Test that nothing is made by looking. */
static void
test_nothing_made (DouTestTree **tree, gconstpointer data)
{
  g_autofree char *output = check (*tree, NULL, EXIT_SUCCESS);

  g_assert_nonnull (strstr (output, "\nok   state directory: "));
  g_assert_null (strstr (output, "database"));
  g_assert_false (g_file_test ((*tree)->state_dir, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test ((*tree)->runtime_dir, G_FILE_TEST_EXISTS));
}

/* Test that the services are asked for their databases, also by a check beside a running server. */
static void
test_databases (DouTestTree **tree, gconstpointer data)
{
  g_autofree char *alone = NULL;
  g_autofree char *beside = NULL;
  g_autofree char *ready = NULL;
  g_autoptr (DouTestRun) server = NULL;

  make_database (*tree, "user.db");
  alone = check (*tree, NULL, EXIT_SUCCESS);
  g_assert_nonnull (strstr (alone, "\nok   user database: stand-in 1, schema 7\n"));

  server = dou_test_run_new (*tree, NULL, "serve", "--listen=127.0.0.1:0", "--state-dir",
                             (*tree)->state_dir, "--runtime-dir", (*tree)->runtime_dir, NULL);
  ready = dou_test_run_read_line (server);
  beside = check (*tree, NULL, EXIT_SUCCESS);
  g_assert_nonnull (strstr (beside, "\nok   user database: stand-in 1, schema 7\n"));
  g_assert_nonnull (strstr (beside, "\nok   video database: stand-in 1, schema 7\n"));

  g_subprocess_send_signal (server->process, SIGTERM);
  g_assert_cmpint (dou_test_run_wait (server, NULL, NULL), ==, EXIT_SUCCESS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/launcher/check/" name, DouTestTree *, NULL, set_up, func, tear_down)
  ADD ("wrong", test_wrong);
  ADD ("object-store", test_object_store);
  ADD ("redis", test_redis);
  ADD ("redis-away", test_redis_away);
  ADD ("local-media", test_local_media);
  ADD ("sentinel", test_sentinel);
  ADD ("bad-configuration", test_bad_configuration);
  ADD ("database", test_database);
  ADD ("absent-layer", test_absent_layer);
  ADD ("nothing-made", test_nothing_made);
  ADD ("databases", test_databases);
#undef ADD

  return g_test_run ();
}
