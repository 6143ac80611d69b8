/* SPDX-License-Identifier: Apache-2.0 */

/* Which of two nodes transcodes what: two sets of jobs on one database and Debian's redis-server, each with
 * media of its own. */

#include "config.h"

#include <signal.h>

#include <glib/gstdio.h>

#include "lib/dou-test-dir.h"
#include "lib/dou-test-redis.h"
#include "lib/dou-test-wait.h"
#include "video/dou-video-jobs.h"
#include "video/video-fixture.h"

#define N_NODES 2
#define N_VIDEOS 12
#define FIRST_ID G_GINT64_CONSTANT (1000)
/* The nodes have not made these ids, which are of number 3, but the first has made this one. */
#define FIRST_NODE 1
#define OWN_ID G_GINT64_CONSTANT (0x101)
#define FILE_NAME "video/00/1000.webm"

/* Milliseconds: longer than any test, and soon over. */
#define LONG 3600000
#define SHORT 300

typedef struct
{
  DouVideoJobs *jobs; /* (owned) */
  DouRedis *redis;    /* (owned) (nullable) */
  char *directory;    /* (owned) */
  guint n_ready;
  guint n_lost;
} Node;

typedef struct
{
  VideoFixture video; /* must be first */
  DouTestRedis *server; /* (owned) (nullable) */
  Node nodes[N_NODES];
} Fixture;

typedef struct
{
  gint64 lease;
  gboolean has_redis;
} Settings;

static void
ready_cb (DouVideoJobs *jobs, gpointer user_data)
{
  Node *node = user_data;

  node->n_ready++;
}

static void
lost_cb (DouVideoJobs *jobs, gpointer user_data)
{
  Node *node = user_data;

  node->n_lost++;
}

static gboolean
is_there (gpointer data)
{
  return dou_redis_get_trouble (data) == NULL;
}

static void
open_queue (Fixture *fixture, Node *node, gint64 lease, const char *name)
{
  g_autofree char *url = dou_test_redis_get_url (fixture->server);
  g_autoptr (DouRedisAddress) address = dou_redis_address_parse (url);
  g_autoptr (DouVideoQueue) queue = NULL;

  node->redis = dou_redis_new (address, NULL);
  dou_test_wait_until (is_there, node->redis);
  queue = dou_video_queue_new (node->redis, "doutok@0:transcodes", name, lease);
  dou_video_jobs_set_queue (node->jobs, queue);
}

static void
open_node (Fixture *fixture, guint n, const Settings *settings)
{
  Node *node = &fixture->nodes[n];
  g_autofree char *name = g_strdup_printf ("node-%u", n);
  g_autofree char *parent = NULL;
  g_autofree char *file = NULL;
  g_autoptr (DouMediaStore) media = NULL;
  g_autoptr (GError) error = NULL;

  node->directory = dou_test_dir_new ();
  media = dou_media_store_new (node->directory, &error);
  g_assert_no_error (error);
  file = dou_media_store_get_path (media, FILE_NAME);
  parent = g_path_get_dirname (file);
  g_assert_cmpint (g_mkdir (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, "a video", -1, NULL));

  node->jobs = dou_video_jobs_new (fixture->video.store, media, FIRST_NODE + n, settings->lease);
  g_signal_connect (node->jobs, "ready", G_CALLBACK (ready_cb), node);
  g_signal_connect (node->jobs, "lost", G_CALLBACK (lost_cb), node);
  if (settings->has_redis)
    open_queue (fixture, node, settings->lease, name);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const Settings *settings = data;

  video_fixture_set_up (&fixture->video, NULL);
  video_fixture_open_store (&fixture->video);
  if (settings->has_redis)
    fixture->server = dou_test_redis_new (NULL);
  for (guint i = 0; i < N_NODES; i++)
    open_node (fixture, i, settings);
}

static gboolean
is_gone (gpointer data)
{
  return *(gpointer *) data == NULL;
}

/* What is under way holds it, and the store. */
static void
close_node (Node *node)
{
  gpointer jobs = node->jobs;

  g_object_add_weak_pointer (jobs, &jobs);
  dou_video_jobs_stop (node->jobs);
  g_clear_object (&node->jobs);
  dou_test_wait_until (is_gone, &jobs);
  g_clear_object (&node->redis);
  g_clear_pointer (&node->directory, dou_test_dir_remove);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->server != NULL)
    dou_test_redis_signal (fixture->server, SIGCONT);
  for (guint i = 0; i < N_NODES; i++)
    close_node (&fixture->nodes[i]);
  g_clear_pointer (&fixture->server, dou_test_redis_free);
  video_fixture_tear_down (&fixture->video, data);
  g_test_assert_expected_messages ();
}

/* A row alone: that of a video which another process has published. */
static void
publish (Fixture *fixture, gint64 id)
{
  const DouVideo video = {
    .id = id,
    .author = VIDEO_AUTHOR,
    .title = (char *) "title",
    .file = (char *) FILE_NAME,
    .cover = (char *) "cover/00/1000.jpg",
  };
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_video_store_publish_async (fixture->video.store, &video, DOU_VIDEO_TRANSCODE_WANTED,
                                 dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_cmpint (dou_video_store_publish_finish (fixture->video.store, result, NULL), >, 0);
}

static DouVideoTask *
take (Fixture *fixture, guint node)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  DouVideoTask *task;

  dou_video_jobs_take_async (fixture->nodes[node].jobs, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  g_assert_true (
      dou_video_jobs_take_finish (fixture->nodes[node].jobs, result, &task, &error));
  g_assert_no_error (error);
  return task;
}

/* Takes whenever there may be something, until there is. */
static DouVideoTask *
take_in_time (Fixture *fixture, guint node)
{
  while (TRUE)
    {
      guint n_ready = fixture->nodes[node].n_ready;
      DouVideoTask *task = take (fixture, node);

      if (task != NULL)
        return task;
      while (fixture->nodes[node].n_ready == n_ready)
        g_main_context_iteration (NULL, TRUE);
    }
}

static void
finish (Fixture *fixture, DouVideoTask *task, DouVideoTranscode transcode, gboolean expected)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (DouVideoTask) row = NULL;
  gboolean held;

  task->transcode = transcode;
  dou_video_store_update_task_async (fixture->video.store, task, 0, dou_test_wait_result_cb,
                                     &pending);
  result = dou_test_wait_result (&pending);
  g_assert_true (
      dou_video_store_change_task_finish (fixture->video.store, result, &held, &row, NULL));
  g_assert_true (held == expected);
}

static void
do_one (Fixture *fixture, guint node, DouVideoTask *task)
{
  dou_video_jobs_begin (fixture->nodes[node].jobs, task);
  finish (fixture, task, DOU_VIDEO_TRANSCODE_NONE, TRUE);
  dou_video_jobs_end (fixture->nodes[node].jobs, TRUE);
}

/* Test that nodes that take in turns get each video once, and then nothing. */
static void
test_once (Fixture *fixture, gconstpointer data)
{
  gboolean seen[N_VIDEOS] = { FALSE };

  for (gint64 i = 0; i < N_VIDEOS; i++)
    {
      publish (fixture, FIRST_ID + i);
      dou_video_jobs_add (fixture->nodes[i % N_NODES].jobs, FIRST_ID + i);
    }

  for (guint i = 0; i < N_VIDEOS; i++)
    {
      g_autoptr (DouVideoTask) task = take_in_time (fixture, i % N_NODES);

      g_assert_cmpint (task->id, >=, FIRST_ID);
      g_assert_cmpint (task->id, <, FIRST_ID + N_VIDEOS);
      g_assert_false (seen[task->id - FIRST_ID]);
      seen[task->id - FIRST_ID] = TRUE;
      g_assert_cmpuint (task->n_attempts, ==, 1);
      do_one (fixture, i % N_NODES, task);
    }
  for (guint i = 0; i < N_NODES; i++)
    g_assert_null (take (fixture, i));
}

/* Test that what a node took that has died since is another's in time, and that the one that was only slow
 * hears that it is not its own any more, and changes nothing. */
static void
test_dead (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouVideoTask) first = NULL;
  g_autoptr (DouVideoTask) second = NULL;

  publish (fixture, FIRST_ID);
  dou_video_jobs_add (fixture->nodes[0].jobs, FIRST_ID);
  first = take_in_time (fixture, 0);
  second = take_in_time (fixture, 1);
  g_assert_cmpint (second->id, ==, FIRST_ID);
  g_assert_cmpuint (second->n_attempts, ==, 2);
  dou_video_jobs_begin (fixture->nodes[1].jobs, second);

  dou_video_jobs_begin (fixture->nodes[0].jobs, first);
  while (fixture->nodes[0].n_lost == 0)
    g_main_context_iteration (NULL, TRUE);
  finish (fixture, first, DOU_VIDEO_TRANSCODE_NONE, FALSE);
  dou_video_jobs_end (fixture->nodes[0].jobs, FALSE);

  finish (fixture, second, DOU_VIDEO_TRANSCODE_NONE, TRUE);
  dou_video_jobs_end (fixture->nodes[1].jobs, TRUE);
  for (guint i = 0; i < N_NODES; i++)
    g_assert_null (take (fixture, i));
}

/* Returns: until when the video is somebody's, in milliseconds since 1970; 0 if it is nobody's */
static gint64
get_claimed_until (Fixture *fixture)
{
  const gint64 id = FIRST_ID;
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) tasks = NULL;
  const DouVideoTask *task;

  dou_video_store_get_tasks_async (fixture->video.store, &id, 1, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  tasks = dou_video_store_get_tasks_finish (fixture->video.store, result, NULL);
  task = g_ptr_array_index (tasks, 0);
  return task->wait > 0 ? g_get_real_time () / 1000 + task->wait : 0;
}

static GVariant *
command (Fixture *fixture, const char *const *words)
{
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  GVariant *answer;

  dou_redis_command_async (fixture->nodes[0].redis, words, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  answer = dou_redis_command_finish (fixture->nodes[0].redis, result, NULL);
  g_assert_nonnull (answer);
  return answer;
}

/* Returns: for how long, in milliseconds, nobody has said anything about the one entry that was taken */
static gint64
get_idle_time (Fixture *fixture)
{
  const char *const words[] = { "XPENDING", "doutok@0:transcodes", "nodes", "-", "+", "2", NULL };
  g_autoptr (GVariant) entries = command (fixture, words);
  g_autoptr (GVariant) entry = NULL;
  g_autoptr (GVariant) idle = NULL;

  g_assert_cmpuint (g_variant_n_children (entries), ==, 1);
  g_variant_get_child (entries, 0, "v", &entry);
  g_variant_get_child (entry, 2, "v", &idle);
  return g_variant_get_int64 (idle);
}

/* Test that a node says again and again that it is at something. */
static void
test_kept (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouVideoTask) task = NULL;
  gint64 begun = g_get_real_time () / 1000;
  gint64 idle = 0;

  publish (fixture, FIRST_ID);
  dou_video_jobs_add (fixture->nodes[0].jobs, FIRST_ID);
  task = take_in_time (fixture, 0);
  dou_video_jobs_begin (fixture->nodes[0].jobs, task);
  while (get_claimed_until (fixture) < begun + 5 * SHORT)
    g_main_context_iteration (NULL, FALSE);
  while (fixture->server != NULL)
    {
      gint64 before = idle;

      idle = get_idle_time (fixture);
      if (idle < before)
        break;
      g_main_context_iteration (NULL, FALSE);
    }

  finish (fixture, task, DOU_VIDEO_TRANSCODE_NONE, TRUE);
  dou_video_jobs_end (fixture->nodes[0].jobs, TRUE);
}

/* Test that what failed comes again, to any node, but not what was given up. */
static void
test_failed (Fixture *fixture, gconstpointer data)
{
  publish (fixture, FIRST_ID);
  dou_video_jobs_add (fixture->nodes[0].jobs, FIRST_ID);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DouVideoTask) task = take_in_time (fixture, i % N_NODES);

      g_assert_cmpuint (task->n_attempts, ==, i + 1);
      dou_video_jobs_begin (fixture->nodes[i % N_NODES].jobs, task);
      finish (fixture, task, i < 2 ? DOU_VIDEO_TRANSCODE_WANTED : DOU_VIDEO_TRANSCODE_FAILED, TRUE);
      dou_video_jobs_end (fixture->nodes[i % N_NODES].jobs, i == 2);
    }
  for (guint i = 0; i < N_NODES; i++)
    g_assert_null (take (fixture, i));
}

static void
wipe (Fixture *fixture)
{
  const char *const words[] = { "FLUSHALL", NULL };
  g_autoptr (GVariant) answer = command (fixture, words);

  g_assert_nonnull (answer);
}

/* Test that what the queue was never told, and what it has forgotten, is done, once. */
static void
test_forgotten (Fixture *fixture, gconstpointer data)
{
  publish (fixture, FIRST_ID);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DouVideoTask) task = take_in_time (fixture, i % N_NODES);

      g_assert_cmpint (task->id, ==, FIRST_ID + i);
      publish (fixture, FIRST_ID + i + 1);
      dou_video_jobs_add (fixture->nodes[0].jobs, FIRST_ID + i + 1);
      wipe (fixture);
      do_one (fixture, i % N_NODES, task);
    }
}

/* Test that a video that was deleted, or done, while it was in the queue, is passed over and leaves it. */
static void
test_over (Fixture *fixture, gconstpointer data)
{
  const char *const words[] = { "XLEN", "doutok@0:transcodes", NULL };
  g_autoptr (GVariant) length = NULL;
  g_autoptr (DouVideoTask) task = NULL;

  publish (fixture, FIRST_ID);
  for (guint i = 0; i < 3; i++)
    dou_video_jobs_add (fixture->nodes[i % N_NODES].jobs, FIRST_ID);
  dou_video_jobs_add (fixture->nodes[0].jobs, FIRST_ID + 1);
  task = take_in_time (fixture, 0);
  do_one (fixture, 0, task);
  for (guint i = 0; i < N_NODES; i++)
    g_assert_null (take (fixture, i));

  length = command (fixture, words);
  g_assert_cmpint (g_variant_get_int64 (length), ==, 0);
}

/* Test that a Redis that hangs keeps nobody from working, and that two still do not do the same. */
static void
test_hung (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouVideoTask) task = NULL;

  for (guint i = 0; i < N_NODES; i++)
    {
      g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Redis at * is away: *");
      g_assert_null (take (fixture, i));
    }
  dou_test_redis_signal (fixture->server, SIGSTOP);
  publish (fixture, FIRST_ID);
  dou_video_jobs_add (fixture->nodes[0].jobs, FIRST_ID);
  task = take (fixture, 0);
  g_assert_cmpint (task->id, ==, FIRST_ID);
  g_assert_null (take (fixture, 1));
  do_one (fixture, 0, task);
}

/* Test that a node does not begin what it has no file of, and leaves it to the one that has. */
static void
test_elsewhere (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file
      = g_build_filename (fixture->nodes[0].directory, "media", FILE_NAME, NULL);
  g_autoptr (DouVideoTask) task = NULL;

  g_assert_cmpint (g_unlink (file), ==, 0);
  publish (fixture, FIRST_ID);
  g_assert_null (take (fixture, 0));
  task = take (fixture, 1);
  g_assert_cmpint (task->id, ==, FIRST_ID);
  g_assert_cmpuint (task->n_attempts, ==, 1);
  do_one (fixture, 1, task);
}

/* Test that what no node has a file of is begun by the one that has published it, so that it comes to an end. */
static void
test_own (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouVideoTask) task = NULL;

  for (guint i = 0; i < N_NODES; i++)
    {
      g_autofree char *file = g_build_filename (fixture->nodes[i].directory, "media", FILE_NAME, NULL);

      g_assert_cmpint (g_unlink (file), ==, 0);
    }
  publish (fixture, OWN_ID);
  publish (fixture, FIRST_ID);
  g_assert_null (take (fixture, 1));
  task = take (fixture, 0);
  g_assert_cmpint (task->id, ==, OWN_ID);
  do_one (fixture, 0, task);
  for (guint i = 0; i < N_NODES; i++)
    g_assert_null (take (fixture, i));
}

/* Test that what a node has left to others is had by another, and not by itself. */
static void
test_left (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouVideoTask) task = NULL;

  dou_video_jobs_leave (fixture->nodes[0].jobs, FIRST_ID);
  publish (fixture, FIRST_ID);
  dou_video_jobs_add (fixture->nodes[0].jobs, FIRST_ID);
  g_assert_null (take (fixture, 0));
  task = take_in_time (fixture, 1);
  g_assert_cmpint (task->id, ==, FIRST_ID);
  g_assert_cmpuint (task->n_attempts, ==, 1);
  do_one (fixture, 1, task);
}

int
main (int argc, char **argv)
{
  static const Settings alone = { LONG, FALSE };
  static const Settings alone_soon = { SHORT, FALSE };
  static const Settings shared = { LONG, TRUE };
  static const Settings shared_soon = { SHORT, TRUE };

  g_test_init (&argc, &argv, NULL);

#define ADD(name, settings, func)                                                                 \
  g_test_add ("/video/jobs/" name, Fixture, &settings, set_up, func, tear_down)
  ADD ("database/once", alone, test_once);
  ADD ("database/dead", alone_soon, test_dead);
  ADD ("database/kept", alone_soon, test_kept);
  ADD ("database/failed", alone_soon, test_failed);
  ADD ("database/elsewhere", alone, test_elsewhere);
  ADD ("database/own", alone, test_own);
  ADD ("database/left", alone, test_left);
  ADD ("queue/once", shared, test_once);
  ADD ("queue/dead", shared_soon, test_dead);
  ADD ("queue/kept", shared_soon, test_kept);
  ADD ("queue/failed", shared_soon, test_failed);
  ADD ("queue/forgotten", shared_soon, test_forgotten);
  ADD ("queue/left", shared_soon, test_left);
  ADD ("queue/over", shared, test_over);
  ADD ("queue/hung", shared, test_hung);
#undef ADD

  return g_test_run ();
}
