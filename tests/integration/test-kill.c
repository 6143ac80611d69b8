/* SPDX-License-Identifier: Apache-2.0 */

/* 32 clients write while a random process of the server's tree is killed every second: a service, the bus,
 * a gateway, the launcher, or whatever else runs at the moment. Where that ends the whole server, as it
 * must, it is started again as systemd would. Then everything is looked at.
 *
 * This process makes itself the one that orphans come to. So what is left of a server can be told, and a
 * kill that leaves a process behind cannot be missed. */

#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "integration/dou-test-audit.h"
#include "integration/dou-test-writers.h"

#define KILL_PERIOD 1000
/* Seconds. */
#define SHORT_TIME 15
#define LONG_TIME 120
/* How long what was orphaned may take to end, in seconds. */
#define ORPHAN_TIMEOUT 10

typedef struct
{
  DouTestDaemon *server;   /* (owned) */
  DouTestWriters *writers; /* (owned) */
  /* (owned) (element-type GPid) what serves the server, and is not killed. */
  GHashTable *surroundings;
  gboolean is_over;
  guint n_kills;
  guint n_restarts;
} Fixture;

/* The processes below this one that it has started, or that came to it; zombies, too. */
static GHashTable *
list_children (void)
{
  GHashTable *pids = g_hash_table_new (NULL, NULL);
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;

  while ((task = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/task/%s/children", task);
      g_autofree char *text = NULL;
      g_auto (GStrv) children = NULL;

      if (!g_file_get_contents (path, &text, NULL, NULL))
        continue;
      children = g_strsplit (g_strchomp (text), " ", -1);
      for (char **child = children; *child != NULL && **child != '\0'; child++)
        g_hash_table_add (pids, GINT_TO_POINTER (atoi (*child)));
    }

  return pids;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (prctl (PR_SET_CHILD_SUBREAPER, 1), ==, 0);
  fixture->server = dou_test_daemon_new ("[limits]\nrate-limits=off\n");
  fixture->surroundings = list_children ();
  g_hash_table_remove (fixture->surroundings,
                       GINT_TO_POINTER (dou_test_daemon_get_pid (fixture->server)));
  fixture->writers = dou_test_writers_new (fixture->server);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_writers_free (fixture->writers);
  dou_test_daemon_free (fixture->server);
  g_hash_table_unref (fixture->surroundings);
  g_assert_cmpint (prctl (PR_SET_CHILD_SUBREAPER, 0), ==, 0);
}

static void
restart (Fixture *fixture, void (*kill_func) (DouTestDaemon *))
{
  kill_func (fixture->server);
  dou_test_daemon_start (fixture->server);
  fixture->n_restarts++;
}

/* Each kind of process is as likely as another, however many there are of it. */
static void
kill_something (Fixture *fixture)
{
  static const char *const names[]
      = { "doutok", "dbus-daemon", "doutok-gateway", "doutok-user", "doutok-video",
          "doutok-social", "doutok-chat", NULL };
  const char *name = names[g_random_int_range (0, G_N_ELEMENTS (names))];
  g_autoptr (GArray) pids = NULL;
  GPid pid;

  if (g_strcmp0 (name, "doutok") == 0)
    {
      g_test_message ("killing the launcher");
      restart (fixture, dou_test_daemon_kill);
      return;
    }
  if (g_strcmp0 (name, "dbus-daemon") == 0)
    {
      g_test_message ("killing the bus");
      restart (fixture, dou_test_daemon_kill_bus);
      return;
    }

  pids = dou_test_daemon_get_child_pids (fixture->server, name);
  if (name == NULL)
    {
      g_autoptr (GArray) buses = dou_test_daemon_get_child_pids (fixture->server, "dbus-daemon");

      for (guint i = 0; i < pids->len; i++)
        if (g_array_index (pids, GPid, i) == g_array_index (buses, GPid, 0))
          g_array_remove_index_fast (pids, i--);
    }
  if (pids->len == 0)
    return;

  pid = g_array_index (pids, GPid, g_random_int_range (0, (gint32) pids->len));
  g_test_message ("killing %s %d", name != NULL ? name : "anything", pid);
  kill (pid, SIGKILL);
}

static gboolean
kill_cb (gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_kills++;
  kill_something (fixture);
  return G_SOURCE_CONTINUE;
}

static gboolean
over_cb (gpointer user_data)
{
  ((Fixture *) user_data)->is_over = TRUE;
  return G_SOURCE_REMOVE;
}

/* Whether a process that this one has not started, and has to wait for now, still runs. */
static gboolean
has_orphans (Fixture *fixture)
{
  g_autoptr (GHashTable) pids = NULL;
  GHashTableIter iter;
  gpointer pid;

  while (waitpid (-1, NULL, WNOHANG) > 0)
    ;
  pids = list_children ();
  g_hash_table_iter_init (&iter, pids);
  while (g_hash_table_iter_next (&iter, &pid, NULL))
    if (!g_hash_table_contains (fixture->surroundings, pid))
      return TRUE;

  return FALSE;
}

static void
assert_no_orphans (Fixture *fixture)
{
  gint64 deadline = g_get_monotonic_time () + ORPHAN_TIMEOUT * G_TIME_SPAN_SECOND;

  while (has_orphans (fixture))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (1000);
    }
}

/* Test that nothing acknowledged is lost, nothing is doubled, and nothing is left behind. */
static void
test_everything (Fixture *fixture, gconstpointer data)
{
  guint seconds = g_strcmp0 (g_getenv ("DOUTOK_TEST_LONG"), "1") == 0 ? LONG_TIME : SHORT_TIME;
  guint kill_id;

  dou_test_writers_start (fixture->writers);
  kill_id = g_timeout_add (KILL_PERIOD, kill_cb, fixture);
  g_timeout_add_seconds (seconds, over_cb, fixture);
  while (!fixture->is_over)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (kill_id);
  dou_test_writers_stop (fixture->writers);

  g_test_message ("%u kills, %u restarts, %u writes answered, %u not", fixture->n_kills,
                  fixture->n_restarts, dou_test_writers_get_n_answered (fixture->writers),
                  dou_test_writers_get_n_unanswered (fixture->writers));
  g_assert_cmpuint (dou_test_writers_get_n_answered (fixture->writers), >, 20 * seconds);

  dou_test_daemon_stop (fixture->server);
  assert_no_orphans (fixture);
  dou_test_daemon_start (fixture->server);
  dou_test_audit (fixture->server, fixture->writers);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* The servers warn of what is done to them. */
  g_setenv ("G_DEBUG", "fatal-criticals", TRUE);

  g_test_add ("/integration/kill/everything", Fixture, NULL, set_up, test_everything, tear_down);

  return g_test_run ();
}
