/* SPDX-License-Identifier: Apache-2.0 */

/* A writer does one thing after the other. Comments, messages and videos each have a text of their own,
 * by which they are found again. Half of the comments and messages carry a request id, and are sent
 * until they are answered; of everything else that got no answer nobody knows what became of it.
 *
 * What got no answer may still be on its way: a gateway is killed, and the service has its call. So a like
 * or follow of which that is true is left alone for a while, before it is written again and counts. */

#include "config.h"

#include "integration/dou-test-writers.h"
#include "lib/dou-test-http.h"
#include "lib/dou-test-media.h"

/* Milliseconds between an answer and the next write, so that the machine has time for the rest. */
#define PAUSE 25
/* After this time nothing that was not answered is on its way any more. */
#define REST (15 * G_TIME_SPAN_SECOND)
/* Writers who also publish, which costs several processes each time, and how seldom they do. */
#define N_PUBLISHERS 4
#define PUBLISH_EVERY 12

typedef enum
{
  LIKE,
  FOLLOW,
  COMMENT,
  MESSAGE,
  PUBLISH,
  N_KINDS
} Kind;

/* What a server may answer to something that it could not do: only that it could not. */
#define SERVICE_ERROR 10001
#define BUSY 10015

/* A text of the ledger. */
typedef struct
{
  gboolean is_answered;
  guint n_found;
} Entry;

typedef struct
{
  DouTestWriters *writers; /* (unowned) */
  DouTestHttp *http;       /* (owned) with a single connection */
  guint index;
  gint64 user;
  char *token;    /* (owned) */
  guint n_writes; /* begun */
  gboolean is_idle;

  /* The write under way. */
  Kind kind;
  guint other; /* writer or target */
  DouTestSet *set;
  gboolean wanted;        /* value of the set */
  char *text;             /* (owned) (nullable) */
  gboolean is_repeatable; /* it has a request id */

  DouTestSet likes[DOU_TEST_N_TARGETS];
  DouTestSet follows[DOU_TEST_N_WRITERS];
} Writer;

struct _DouTestWriters
{
  DouTestDaemon *server; /* (unowned) */
  GBytes *file;          /* (owned) what is published */
  Writer writers[DOU_TEST_N_WRITERS];
  gint64 targets[DOU_TEST_N_TARGETS];
  GHashTable *ledger; /* (owned) (element-type utf8 Entry) */
  gboolean is_stopping;
  guint n_answered;
  guint n_unanswered;
};

static void
register_writer (DouTestWriters *self, guint index)
{
  Writer *writer = &self->writers[index];
  g_autofree char *name = g_strdup_printf ("writer-%u", index);
  g_autoptr (JsonObject) answer = NULL;

  writer->writers = self;
  writer->index = index;
  writer->is_idle = TRUE;
  writer->http = dou_test_http_new (dou_test_daemon_get_url (self->server), 1);
  answer = dou_test_http_call (writer->http, "POST", "/douyin/user/register/", "username", name,
                               "password", "p", NULL);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  writer->user = json_object_get_int_member (answer, "user_id");
  writer->token = g_strdup (json_object_get_string_member (answer, "token"));
}

static void
publish_target (DouTestWriters *self, guint target)
{
  Writer *writer = &self->writers[target % DOU_TEST_N_WRITERS];
  g_autofree char *title = g_strdup_printf ("target-%u", target);
  g_autoptr (JsonObject) answer
      = dou_test_http_publish (writer->http, writer->token, title, self->file);
  g_autoptr (JsonObject) list = dou_test_http_call (writer->http, "GET", "/douyin/publish/list/",
                                                    "token", writer->token, NULL);
  Entry *entry = g_new0 (Entry, 1);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  self->targets[target] = json_object_get_int_member (
      json_array_get_object_element (json_object_get_array_member (list, "video_list"), 0), "id");
  entry->is_answered = TRUE;
  g_hash_table_insert (self->ledger, g_steal_pointer (&title), entry);
}

/**
 * dou_test_writers_new:
 * @server: a server that runs, without users; outlives the writers, and may be started anew at any time
 *
 * Returns: (transfer full): registered writers, who do nothing yet
 */
DouTestWriters *
dou_test_writers_new (DouTestDaemon *server)
{
  DouTestWriters *self = g_new0 (DouTestWriters, 1);

  self->server = server;
  self->file = dou_test_media_make (DOU_TEST_MEDIA_SINGLE);
  self->ledger = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < DOU_TEST_N_WRITERS; i++)
    register_writer (self, i);
  for (guint i = 0; i < DOU_TEST_N_TARGETS; i++)
    publish_target (self, i);
  return self;
}

void
dou_test_writers_free (DouTestWriters *self)
{
  for (guint i = 0; i < DOU_TEST_N_WRITERS; i++)
    {
      dou_test_http_free (self->writers[i].http);
      g_free (self->writers[i].token);
      g_free (self->writers[i].text);
    }
  g_hash_table_unref (self->ledger);
  g_bytes_unref (self->file);
  g_free (self);
}

static void writer_send (Writer *self);

static gboolean
next_cb (gpointer user_data)
{
  writer_send (user_data);
  return G_SOURCE_REMOVE;
}

/* One of the sets that may be written, or NULL. */
static DouTestSet *
choose_set (DouTestSet *sets, guint n_sets, guint *choice)
{
  gint64 now = g_get_monotonic_time ();
  guint first = (guint) g_random_int_range (0, (gint32) n_sets);

  for (guint i = 0; i < n_sets; i++)
    {
      *choice = (first + i) % n_sets;
      if (sets[*choice].usable_at <= now)
        return &sets[*choice];
    }

  return NULL;
}

static void
writer_choose (Writer *self)
{
  static const char prefixes[] = { [COMMENT] = 'c', [MESSAGE] = 'm', [PUBLISH] = 'v' };

  self->kind = (Kind) g_random_int_range (0, PUBLISH);
  if (self->index < N_PUBLISHERS && g_random_int_range (0, PUBLISH_EVERY) == 0)
    self->kind = PUBLISH;

  self->set = NULL;
  if (self->kind == LIKE)
    self->set = choose_set (self->likes, DOU_TEST_N_TARGETS, &self->other);
  else if (self->kind == FOLLOW)
    self->set = choose_set (self->follows, DOU_TEST_N_WRITERS, &self->other);
  if (self->kind == FOLLOW && self->other == self->index)
    self->set = NULL;
  if (self->set == NULL && self->kind <= FOLLOW)
    self->kind = MESSAGE;

  g_clear_pointer (&self->text, g_free);
  self->is_repeatable = FALSE;
  if (self->kind <= FOLLOW)
    {
      self->wanted = !self->set->value;
      return;
    }

  self->text = g_strdup_printf ("%c-%u-%u", prefixes[self->kind], self->index, self->n_writes++);
  self->is_repeatable = self->kind != PUBLISH && self->n_writes % 2 == 0;
  self->other = (guint) g_random_int_range (0, DOU_TEST_N_TARGETS);
  g_hash_table_insert (self->writers->ledger, g_strdup (self->text), g_new0 (Entry, 1));
}

static void
writer_next (Writer *self)
{
  if (self->writers->is_stopping)
    {
      self->is_idle = TRUE;
      return;
    }

  writer_choose (self);
  g_timeout_add (PAUSE, next_cb, self);
}

static void
writer_account (Writer *self, gboolean is_answered)
{
  if (self->set != NULL)
    {
      self->set->is_uncertain = !is_answered;
      if (is_answered)
        self->set->value = self->wanted;
      else
        self->set->usable_at = g_get_monotonic_time () + REST;
    }
  else if (is_answered)
    ((Entry *) g_hash_table_lookup (self->writers->ledger, self->text))->is_answered = TRUE;
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Writer *self = user_data;
  g_autoptr (GBytes) body
      = soup_session_send_and_read_finish (SOUP_SESSION (source), result, NULL);
  g_autoptr (JsonObject) answer = NULL;
  gboolean is_answered;

  if (body != NULL && g_bytes_get_size (body) > 0)
    answer = dou_test_http_parse (body);
  is_answered = answer != NULL && dou_test_http_get_status (answer) == 0;

  if (is_answered)
    self->writers->n_answered++;
  else
    self->writers->n_unanswered++;
  if (answer != NULL && !is_answered && dou_test_http_get_status (answer) != SERVICE_ERROR
      && dou_test_http_get_status (answer) != BUSY)
    g_error ("Told what is not true: %s", (const char *) g_bytes_get_data (body, NULL));
  if (!is_answered && self->is_repeatable)
    {
      g_timeout_add (PAUSE, next_cb, self);
      return;
    }

  writer_account (self, is_answered);
  writer_next (self);
}

static char *
writer_make_url (Writer *self)
{
  DouTestWriters *writers = self->writers;
  const char *base = dou_test_daemon_get_url (writers->server);
  const char *request_id = self->is_repeatable ? self->text : "";
  guint reader = (self->index + 1) % DOU_TEST_N_WRITERS;
  gint64 target;
  g_autofree char *id = NULL;

  if (self->kind == MESSAGE)
    target = writers->writers[reader].user;
  else if (self->kind == FOLLOW)
    target = writers->writers[self->other].user;
  else
    target = writers->targets[self->other];
  id = g_strdup_printf ("%" G_GINT64_FORMAT, target);

  switch (self->kind)
    {
    case LIKE:
      return dou_test_http_build_url (base, "/douyin/favorite/action/", "token", self->token,
                                      "video_id", id, "action_type", self->wanted ? "1" : "2",
                                      NULL);
    case FOLLOW:
      return dou_test_http_build_url (base, "/douyin/relation/action/", "token", self->token,
                                      "to_user_id", id, "action_type", self->wanted ? "1" : "2",
                                      NULL);
    case COMMENT:
      return dou_test_http_build_url (base, "/douyin/comment/action/", "token", self->token,
                                      "video_id", id, "action_type", "1", "comment_text",
                                      self->text, "request_id", request_id, NULL);
    case MESSAGE:
    case PUBLISH:
    case N_KINDS:
    default:
      return dou_test_http_build_url (base, "/douyin/message/action/", "token", self->token,
                                      "to_user_id", id, "action_type", "1", "content", self->text,
                                      "request_id", request_id, NULL);
    }
}

static void
writer_send (Writer *self)
{
  DouTestWriters *writers = self->writers;
  g_autoptr (SoupMessage) message = NULL;

  if (self->kind == PUBLISH)
    message = dou_test_http_make_upload (dou_test_daemon_get_url (writers->server), self->token,
                                         self->text, writers->file);
  else
    {
      g_autofree char *url = writer_make_url (self);

      message = soup_message_new ("POST", url);
    }

  soup_session_send_and_read_async (dou_test_http_get_session (self->http), message,
                                    G_PRIORITY_DEFAULT, NULL, answered_cb, self);
}

/**
 * dou_test_writers_start:
 * @self: writers who do nothing
 *
 * From now on they write whenever the main context is iterated.
 */
void
dou_test_writers_start (DouTestWriters *self)
{
  self->is_stopping = FALSE;
  for (guint i = 0; i < DOU_TEST_N_WRITERS; i++)
    {
      self->writers[i].is_idle = FALSE;
      writer_next (&self->writers[i]);
    }
}

/**
 * dou_test_writers_stop:
 * @self: writers
 *
 * Waits until each has its answer, or has waited for it in vain.
 */
void
dou_test_writers_stop (DouTestWriters *self)
{
  self->is_stopping = TRUE;
  for (guint i = 0; i < DOU_TEST_N_WRITERS; i++)
    while (!self->writers[i].is_idle)
      g_main_context_iteration (NULL, TRUE);
}

gint64
dou_test_writers_get_user (DouTestWriters *self, guint writer)
{
  return self->writers[writer].user;
}

const char *
dou_test_writers_get_token (DouTestWriters *self, guint writer)
{
  return self->writers[writer].token;
}

gint64
dou_test_writers_get_target (DouTestWriters *self, guint target)
{
  return self->targets[target];
}

const DouTestSet *
dou_test_writers_get_like (DouTestWriters *self, guint writer, guint target)
{
  return &self->writers[writer].likes[target];
}

const DouTestSet *
dou_test_writers_get_follow (DouTestWriters *self, guint writer, guint other)
{
  return &self->writers[writer].follows[other];
}

/**
 * dou_test_writers_find_text:
 * @self: writers
 * @text: of a comment, a message or a video that is there
 *
 * Returns: whether it is one of theirs, and found for the first time
 */
gboolean
dou_test_writers_find_text (DouTestWriters *self, const char *text)
{
  Entry *entry = g_hash_table_lookup (self->ledger, text);

  return entry != NULL && ++entry->n_found == 1;
}

/**
 * dou_test_writers_assert_found:
 * @self: writers
 *
 * Asserts that all that was answered with success was found.
 */
void
dou_test_writers_assert_found (DouTestWriters *self)
{
  GHashTableIter iter;
  gpointer text;
  gpointer entry;

  g_hash_table_iter_init (&iter, self->ledger);
  while (g_hash_table_iter_next (&iter, &text, &entry))
    if (((Entry *) entry)->is_answered && ((Entry *) entry)->n_found == 0)
      g_error ("%s was answered with success and is not there", (const char *) text);
}

guint
dou_test_writers_get_n_answered (DouTestWriters *self)
{
  return self->n_answered;
}

guint
dou_test_writers_get_n_unanswered (DouTestWriters *self)
{
  return self->n_unanswered;
}
