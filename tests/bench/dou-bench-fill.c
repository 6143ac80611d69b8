/* SPDX-License-Identifier: Apache-2.0 */

/* Writes a data set through the stores of all domains.
 *
 * Each kind of thing is a job that keeps a few large batches on their way, and all jobs run at the
 * same time: four domains are four writer threads. */

#include "config.h"

#include <gio/gio.h>

#include "bench/dou-bench-fill.h"
#include "chat/dou-chat-store.h"
#include "common/dou-database.h"
#include "social/dou-social-store.h"
#include "user/dou-password-hasher.h"
#include "user/dou-user-store.h"
#include "video/dou-video-store.h"

/* Batches of a job on their way: one is made while one is being written. */
#define MAX_IN_FLIGHT 2

/* Rows of a batch: enough that neither the commit nor the call counts any more. */
#define BATCH_SIZE 20000

typedef struct
{
  const DouBenchSet *set; /* (unowned) */
  char *directory;        /* (owned) */
  char *password_hash;    /* (owned) everybody's */
  DouUserStore *users;    /* (owned) */
  DouSocialStore *social; /* (owned) */
  DouChatStore *chat;     /* (owned) */
  DouDatabase *videos;    /* (owned) the store takes one video a call only */
  GError *error;          /* (owned) (nullable) the first */
  guint64 done;
  guint64 total;
  guint n_running; /* batches of all jobs */
  DouBenchProgressFunc progress;
  gpointer progress_data;
} Fill;

typedef struct _Job Job;

struct _Job
{
  Fill *fill; /* (unowned) */
  void (*submit) (Job *job, guint64 first, guint n_rows);
  guint64 next;
  guint64 total;
  guint n_running;
};

/* A batch on its way. */
typedef struct
{
  Job *job; /* (unowned) */
  guint64 first;
  guint n_rows;
} Batch;

/* Spreads numbers evenly (Knuth's multiplicative hash), the same ones in each run. */
static guint64
scatter (guint64 number)
{
  return (number * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15)) >> 20;
}

static void
job_continue (Job *job)
{
  while (job->fill->error == NULL && job->next < job->total && job->n_running < MAX_IN_FLIGHT)
    {
      guint64 first = job->next;
      guint n_rows = (guint) MIN (BATCH_SIZE, job->total - first);

      job->next += n_rows;
      job->n_running++;
      job->fill->n_running++;
      job->submit (job, first, n_rows);
    }
}

static Batch *
batch_new (Job *job, guint64 first, guint n_rows)
{
  Batch *batch = g_new (Batch, 1);

  *batch = (Batch){ job, first, n_rows };
  return batch;
}

/* @error: (transfer full) (nullable) */
static void
batch_end (Batch *batch, GError *error)
{
  Job *job = batch->job;
  Fill *fill = job->fill;

  job->n_running--;
  fill->n_running--;
  fill->done += batch->n_rows;
  g_free (batch);

  if (error != NULL && fill->error == NULL)
    fill->error = error;
  else
    g_clear_error (&error);

  fill->progress (fill->done, fill->total, fill->progress_data);
  job_continue (job);
}

static void
users_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gint64 n_added;
  g_autoptr (GArray) owners
      = dou_user_store_add_finish (DOU_USER_STORE (source), result, &n_added, &error);

  batch_end (user_data, error);
}

static void
submit_users (Job *job, guint64 first, guint n_rows)
{
  g_autofree DouUserRow *rows = g_new (DouUserRow, n_rows);
  g_autoptr (GStringChunk) names = g_string_chunk_new (n_rows * 16);

  for (guint i = 0; i < n_rows; i++)
    {
      char name[32];

      g_snprintf (name, sizeof name, "user%" G_GUINT64_FORMAT, first + i);
      rows[i].id = dou_bench_user_id (first + i);
      rows[i].name = g_string_chunk_insert (names, name);
      rows[i].key = rows[i].name;
      rows[i].password_hash = job->fill->password_hash;
    }

  dou_user_store_add_async (job->fill->users, rows, n_rows, NULL, users_cb,
                            batch_new (job, first, n_rows));
}

/* Runs in a thread of the database. */
static gboolean
videos_func (DouTransaction *transaction, gpointer data, GError **error)
{
  Batch *batch = data;
  const DouBenchSet *set = batch->job->fill->set;

  for (guint64 i = batch->first; i < batch->first + batch->n_rows; i++)
    {
      gint64 id = dou_bench_video_id (i);
      g_autofree char *json = g_strdup_printf (
          "[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT ",\"Video number %" G_GUINT64_FORMAT "\","
          "\"video/00/%" G_GINT64_FORMAT ".mp4\",\"cover/00/%" G_GINT64_FORMAT ".jpg\",0,"
          "%" G_GINT64_FORMAT "]",
          id, dou_bench_user_id (i % set->users), i, id, id,
          DOU_BENCH_FIRST_TIME + (gint64) i * DOU_BENCH_TIME_STEP);

      if (!dou_transaction_execute (transaction, "insert-video", json, NULL, error))
        return FALSE;
    }

  return TRUE;
}

static void
videos_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  dou_database_write_finish (DOU_DATABASE (source), result, &error);
  batch_end (user_data, error);
}

static void
submit_videos (Job *job, guint64 first, guint n_rows)
{
  Batch *batch = batch_new (job, first, n_rows);

  dou_database_write_async (job->fill->videos, videos_func, batch, NULL, NULL, videos_cb, batch);
}

static void
links_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  g_autoptr (GArray) outcomes
      = dou_social_store_set_links_finish (DOU_SOCIAL_STORE (source), result, &error);

  batch_end (user_data, error);
}

/* Like number n is one of user n / likes_per_user. Those of one user are of videos that lie far apart,
 * and those of the next user of the videos beside them: keys in random order would touch every page of
 * the index by video in every batch, which takes twenty times as long. */
static void
submit_likes (Job *job, guint64 first, guint n_rows)
{
  const DouBenchSet *set = job->fill->set;
  const guint gap = set->videos / set->likes_per_user;
  g_autoptr (GArray) links = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialLink), n_rows);

  for (guint64 i = first; i < first + n_rows; i++)
    {
      guint64 user = i / set->likes_per_user;
      guint64 video = (user + 1 + i % set->likes_per_user * gap) % set->videos;
      DouSocialLink link = { dou_bench_user_id (user), dou_bench_video_id (video),
                             dou_bench_user_id (video % set->users), TRUE };

      g_array_append_val (links, link);
    }

  dou_social_store_set_links_async (job->fill->social, DOU_SOCIAL_FAVORITES, links, NULL, links_cb,
                                    batch_new (job, first, n_rows));
}

/* The first whom anybody follows follows back; the others are some way off. */
static void
submit_follows (Job *job, guint64 first, guint n_rows)
{
  const DouBenchSet *set = job->fill->set;
  g_autoptr (GArray) links = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialLink), n_rows);

  for (guint64 i = first; i < first + n_rows; i++)
    {
      guint64 user = i / set->follows_per_user;
      guint64 place = i % set->follows_per_user;
      guint64 whom = place == 0 ? user ^ 1 : (user + 1 + place * 37) % set->users;
      DouSocialLink link = { dou_bench_user_id (user), dou_bench_user_id (whom), 0, TRUE };

      g_array_append_val (links, link);
    }

  dou_social_store_set_links_async (job->fill->social, DOU_SOCIAL_FOLLOWS, links, NULL, links_cb,
                                    batch_new (job, first, n_rows));
}

static void
submit_star (Job *job, guint64 first, guint n_rows)
{
  g_autoptr (GArray) links = g_array_sized_new (FALSE, FALSE, sizeof (DouSocialLink), n_rows);

  for (guint64 i = first; i < first + n_rows; i++)
    {
      DouSocialLink link = { dou_bench_user_id (i + 1), dou_bench_user_id (0), 0, TRUE };

      g_array_append_val (links, link);
    }

  dou_social_store_set_links_async (job->fill->social, DOU_SOCIAL_FOLLOWS, links, NULL, links_cb,
                                    batch_new (job, first, n_rows));
}

static void
comments_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  g_autoptr (GArray) outcomes
      = dou_social_store_add_comments_finish (DOU_SOCIAL_STORE (source), result, &error);

  batch_end (user_data, error);
}

static void
submit_comments (Job *job, guint64 first, guint n_rows)
{
  const DouBenchSet *set = job->fill->set;
  g_autoptr (GArray) drafts = dou_social_drafts_new (n_rows);

  for (guint64 i = first; i < first + n_rows; i++)
    {
      guint64 video = i / DOU_BENCH_COMMENTS_PER_VIDEO * set->commented_video_gap;
      DouSocialDraft draft = {
        .id = DOU_BENCH_FIRST_COMMENT + (gint64) i * DOU_BENCH_ID_STEP,
        .user = dou_bench_user_id (scatter (i) % set->users),
        .video = dou_bench_video_id (video),
        .author = dou_bench_user_id (video % set->users),
        .text = g_strdup_printf ("Comment number %" G_GUINT64_FORMAT ": 拍得真好", i),
        .request = g_strdup (""),
      };

      g_array_append_val (drafts, draft);
    }

  dou_social_store_add_comments_async (job->fill->social, drafts, DOU_BENCH_MESSAGE_TIME, 0, NULL,
                                       comments_cb, batch_new (job, first, n_rows));
}

static void
messages_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  g_autoptr (GArray) receipts
      = dou_chat_store_add_finish (DOU_CHAT_STORE (source), result, &error);

  batch_end (user_data, error);
}

static void
submit_messages (Job *job, guint64 first, guint n_rows)
{
  const DouBenchSet *set = job->fill->set;
  g_autoptr (GPtrArray) messages
      = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_message_unref);

  for (guint64 i = first; i < first + n_rows; i++)
    g_ptr_array_add (messages,
                     dou_message_new (DOU_BENCH_FIRST_MESSAGE + (gint64) i * DOU_BENCH_ID_STEP,
                                      dou_bench_user_id ((i + 1) % set->users),
                                      dou_bench_user_id (i), "你好，吃了吗？"));

  dou_chat_store_add_async (job->fill->chat, messages, DOU_BENCH_MESSAGE_TIME, NULL, messages_cb,
                            batch_new (job, first, n_rows));
}

static void
hash_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fill *fill = user_data;

  fill->password_hash
      = dou_password_hasher_hash_finish (DOU_PASSWORD_HASHER (source), result, &fill->error);
  fill->n_running--;
}

/* One hash for all: to log in costs as much as if each had a salt of its own, to make it does not. */
static gboolean
fill_hash (Fill *fill)
{
  g_autoptr (DouPasswordHasher) hasher = dou_password_hasher_new ();

  fill->n_running++;
  dou_password_hasher_hash_async (hasher, DOU_BENCH_PASSWORD, NULL, hash_cb, fill);
  while (fill->n_running > 0)
    g_main_context_iteration (NULL, TRUE);

  return fill->password_hash != NULL;
}

static gboolean
fill_open (Fill *fill, GError **error)
{
  g_autoptr (DouDatabaseAddress) users = dou_database_address_new_in (fill->directory, "user");
  g_autoptr (DouDatabaseAddress) videos = dou_database_address_new_in (fill->directory, "video");
  g_autoptr (DouDatabaseAddress) social = dou_database_address_new_in (fill->directory, "social");
  g_autoptr (DouDatabaseAddress) chat = dou_database_address_new_in (fill->directory, "chat");
  g_autoptr (DouClock) clock = dou_system_clock_new ();
  g_autoptr (DouVideoStore) video_store = NULL;

  if ((fill->users = dou_user_store_open (users, error)) == NULL
      || (video_store = dou_video_store_open (videos, clock, error)) == NULL
      || (fill->social = dou_social_store_open (social, error)) == NULL
      || (fill->chat = dou_chat_store_open (chat, error)) == NULL)
    return FALSE;

  /* Its tables are there now, and its statements are known. */
  dou_video_store_close (video_store);
  fill->videos = dou_database_open ("video", videos, error);
  return fill->videos != NULL;
}

static void
fill_run (Fill *fill)
{
  const DouBenchSet *set = fill->set;
  Job jobs[] = {
    { fill, submit_likes, .total = (guint64) set->users * set->likes_per_user },
    { fill, submit_follows, .total = (guint64) set->users * set->follows_per_user },
    { fill, submit_star, .total = set->has_star ? set->users - 1 : 0 },
    { fill, submit_comments,
      .total = (guint64) set->commented_videos * DOU_BENCH_COMMENTS_PER_VIDEO },
    { fill, submit_users, .total = set->users },
    { fill, submit_videos, .total = set->videos },
    { fill, submit_messages, .total = set->users },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (jobs); i++)
    fill->total += jobs[i].total;
  for (gsize i = 0; i < G_N_ELEMENTS (jobs); i++)
    job_continue (&jobs[i]);
  while (fill->n_running > 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
fill_close (Fill *fill)
{
  if (fill->users != NULL)
    dou_user_store_close (fill->users);
  if (fill->videos != NULL)
    dou_database_close (fill->videos);
  if (fill->social != NULL)
    dou_social_store_close (fill->social);
  if (fill->chat != NULL)
    dou_chat_store_close (fill->chat);

  g_clear_object (&fill->users);
  g_clear_object (&fill->videos);
  g_clear_object (&fill->social);
  g_clear_object (&fill->chat);
  g_free (fill->password_hash);
  g_free (fill->directory);
}

/**
 * dou_bench_fill:
 * @set: what to make
 * @directory: an empty one, which becomes a state directory
 * @progress: called after each batch, in this thread
 * @user_data: for @progress
 * @error: return location
 *
 * Iterates the default main context until all is written.
 *
 * Returns: whether everything is there
 */
gboolean
dou_bench_fill (const DouBenchSet *set, const char *directory, DouBenchProgressFunc progress,
                gpointer user_data, GError **error)
{
  Fill fill = { .set = set,
                .directory = g_canonicalize_filename (directory, NULL),
                .progress = progress,
                .progress_data = user_data };
  gboolean done = fill_open (&fill, error);

  if (done && fill_hash (&fill))
    fill_run (&fill);
  fill_close (&fill);

  if (fill.error != NULL)
    {
      g_propagate_error (error, fill.error);
      return FALSE;
    }
  return done;
}
