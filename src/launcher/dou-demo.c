/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "common/dou-service.h"
#include "common/dou-status.h"
#include "launcher/dou-command.h"
#include "launcher/dou-demo-client.h"
#include "launcher/dou-demo-video.h"
#include "launcher/dou-progress.h"

#define DEFAULT_URL "http://127.0.0.1:8080"
#define DEFAULT_USERS 6
#define DEFAULT_VIDEOS 8

/* Below this the feed looks empty; above, it is a load test. */
#define MIN_VIDEOS 6
#define MAX_VIDEOS 500
#define MAX_USERS 100

/* The conventional exit status of a program that SIGINT ended. */
#define EXIT_INTERRUPTED (128 + SIGINT)

static const char password[] = "doutok-demo";

static const char *const names[] = {
  "小明爱拍照", "Alice in the Lab", "山野行者", "Bob the Builder's Cat",
  "南方姑娘",   "Lena Films",       "老王说事", "Mia Moves",
};

/* One run of `doutok demo`. */
typedef struct
{
  DouDemoClient *client;     /* (owned) */
  GCancellable *cancellable; /* (owned) by Ctrl-C */
  GPtrArray *tokens;         /* (owned) (element-type utf8) one a user */
  DouProgress progress;
} Demo;

static void
demo_clear (Demo *self)
{
  g_clear_object (&self->client);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->tokens, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Demo, demo_clear)

static char *
get_name (guint index)
{
  const char *name = names[index % G_N_ELEMENTS (names)];
  const guint round = index / G_N_ELEMENTS (names);

  return round == 0 ? g_strdup (name) : g_strdup_printf ("%s %u", name, round + 1);
}

static gboolean
demo_make_users (Demo *self, guint n_users, GError **error)
{
  for (guint i = 0; i < n_users; i++)
    {
      g_autofree char *name = get_name (i);
      char *token;

      dou_progress_step (&self->progress, name);
      token = dou_demo_client_log_in (self->client, name, password, self->cancellable, error);
      if (token == NULL)
        return FALSE;
      g_ptr_array_add (self->tokens, token);
    }

  return TRUE;
}

static gboolean
demo_make_videos (Demo *self, guint n_videos, const char *path, GError **error)
{
  for (guint i = 0; i < n_videos; i++)
    {
      g_autofree char *title = dou_demo_video_get_title (i);
      const char *token = g_ptr_array_index (self->tokens, i % self->tokens->len);

      dou_progress_step (&self->progress, title);
      if (!dou_demo_video_make (i, path, self->cancellable, error)
          || !dou_demo_client_publish (self->client, token, title, path, self->cancellable, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
demo_fill (Demo *self, guint n_users, guint n_videos, GError **error)
{
  g_autofree char *directory = NULL;
  g_autofree char *path = NULL;
  gboolean filled;

  /* Before anything is made, so that it is heard at once that nobody is there. */
  dou_progress_init (&self->progress, n_users + n_videos);
  if (!demo_make_users (self, n_users, error))
    {
      dou_progress_end (&self->progress);
      return FALSE;
    }

  directory = g_dir_make_tmp ("doutok-demo-XXXXXX", error);
  if (directory == NULL)
    {
      dou_progress_end (&self->progress);
      return FALSE;
    }

  path = g_build_filename (directory, "video.mp4", NULL);
  filled = demo_make_videos (self, n_videos, path, error);
  dou_progress_end (&self->progress);
  g_unlink (path);
  g_rmdir (directory);
  return filled;
}

static gboolean
interrupted_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_CONTINUE;
}

static int
demo_run (Demo *self, int n_users, int n_videos, gboolean if_empty, GError **error)
{
  gboolean has_videos = FALSE;

  if (if_empty && !dou_demo_client_has_videos (self->client, &has_videos, self->cancellable, error))
    return EXIT_FAILURE;
  if (has_videos)
    {
      g_print ("%s\n", _ ("There are videos already: nothing to do."));
      return EXIT_SUCCESS;
    }

  if (!demo_fill (self, (guint) n_users, (guint) n_videos, error))
    return EXIT_FAILURE;

  g_print (_ ("%d users and %d videos are there. Log in as “%s” with the password “%s”.\n"),
           n_users, n_videos, names[0], password);
  return EXIT_SUCCESS;
}

static gboolean
check_count (const char *option, int count, int minimum, int maximum)
{
  if (count >= minimum && count <= maximum)
    return TRUE;

  dou_command_refuse ("doutok demo", _ ("%s: expected a number from %d to %d"), option, minimum,
                      maximum);
  return FALSE;
}

/**
 * dou_demo_command:
 * @argc: number of arguments
 * @argv: arguments
 *
 * `doutok demo`: fills a running server.
 *
 * Returns: the exit status
 */
int
dou_demo_command (int argc, char **argv)
{
  int n_users = DEFAULT_USERS;
  int n_videos = DEFAULT_VIDEOS;
  gboolean if_empty = FALSE;
  g_autofree char *url = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Demo) demo = { 0 };
  guint int_id;
  guint term_id;
  int exit_status;
  const GOptionEntry entries[] = {
    { "users", 0, 0, G_OPTION_ARG_INT, &n_users, N_ ("Users to register (6)"), N_ ("N") },
    { "videos", 0, 0, G_OPTION_ARG_INT, &n_videos, N_ ("Videos to publish (8)"), N_ ("N") },
    { "url", 0, 0, G_OPTION_ARG_STRING, &url, N_ ("The server (http://127.0.0.1:8080)"),
      N_ ("URL") },
    { "if-empty", 0, 0, G_OPTION_ARG_NONE, &if_empty, N_ ("Do nothing if there are videos already"),
      NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!dou_command_parse ("doutok demo",
                          _ ("Fills a running server with users and videos that ffmpeg makes."),
                          entries, &argc, &argv)
      || !check_count ("--users", n_users, 1, MAX_USERS)
      || !check_count ("--videos", n_videos, MIN_VIDEOS, MAX_VIDEOS))
    return DOU_COMMAND_EXIT_USAGE;

  demo.client = dou_demo_client_new (url != NULL ? url : DEFAULT_URL, &error);
  if (demo.client == NULL)
    return dou_service_fail ("doutok", error);

  demo.cancellable = g_cancellable_new ();
  demo.tokens = g_ptr_array_new_with_free_func (g_free);
  int_id = g_unix_signal_add (SIGINT, interrupted_cb, demo.cancellable);
  term_id = g_unix_signal_add (SIGTERM, interrupted_cb, demo.cancellable);

  exit_status = demo_run (&demo, n_users, n_videos, if_empty, &error);

  g_source_remove (int_id);
  g_source_remove (term_id);
  if (g_cancellable_is_cancelled (demo.cancellable))
    return EXIT_INTERRUPTED;
  return error != NULL ? dou_service_fail ("doutok", error) : exit_status;
}
