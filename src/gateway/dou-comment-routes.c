/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-action.h"
#include "gateway/dou-comment-pages.h"
#include "gateway/dou-comment-routes.h"
#include "gateway/dou-user-set.h"
#include "gateway/dou-window.h"

#define ACTION_ADD 1
#define ACTION_DELETE 2
/* Like, dislike, neither. */
#define MAX_FEELING 3
/* Bytes of a comment with its user, as a guess at the length of an answer. */
#define COMMENT_SIZE 768
/* Bytes of a language and a host, as a guess. */
#define KEY_SIZE 64

/* The day on which a comment was made, as the app shows it: month and day where the server stands. */
static void
write_date (DouJsonWriter *writer, GTimeZone *zone, gint64 time)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / 1000);
  g_autoptr (GDateTime) local = g_date_time_to_timezone (utc, zone);
  g_autofree char *date = g_date_time_format (local, "%m-%d");

  dou_json_writer_name (writer, "create_date");
  dou_json_writer_string (writer, date);
}

/* What the reader feels about it, as `action_type` of comment/feeling says it. Where nobody feels anything,
 * that is known. */
static void
write_feeling (DouJsonWriter *writer, DouSheet *sheet, gint64 id, gboolean is_felt)
{
  dou_json_writer_name (writer, "feeling");
  if (is_felt)
    dou_sheet_add_feeling (sheet, writer->buffer->len, id);
  dou_json_writer_int64 (writer, MAX_FEELING);
}

/* One Comment, as a guest reads it: (xxsxxx) is id, user, text, time, likes, dislikes. The user is the one
 * at @index. */
static void
write_comment (DouContext *context, DouUserSet *users, gsize index, GVariant *comment,
               const char *origin, DouJsonWriter *writer, DouSheet *sheet)
{
  gint64 id, time, n_likes, n_dislikes;
  const char *text;

  g_variant_get (comment, "(xx&sxxx)", &id, NULL, &text, &time, &n_likes, &n_dislikes);

  dou_json_writer_begin_object (writer);
  dou_json_writer_name (writer, "id");
  dou_json_writer_int64 (writer, id);
  dou_json_writer_name (writer, "user");
  dou_user_set_write_sheet (users, index, origin, writer, sheet);
  dou_json_writer_name (writer, "content");
  dou_json_writer_string (writer, text);
  write_date (writer, context->time_zone, time);
  dou_json_writer_name (writer, "like_count");
  dou_json_writer_int64 (writer, n_likes);
  dou_json_writer_name (writer, "tease_count");
  dou_json_writer_int64 (writer, n_dislikes);
  write_feeling (writer, sheet, id, n_likes + n_dislikes > 0);
  dou_json_writer_end_object (writer);
}

/* The new comment is answered with its writer, as it will stand in the list. */
static void
reply_comment (DouAction *action)
{
  g_autoptr (DouSheet) sheet = NULL;
  g_autofree char *origin = NULL;
  g_auto (DouJsonWriter) writer = { NULL };

  if (!dou_user_set_exists (action->users, 0))
    {
      dou_action_finish (action, NULL, DOU_STATUS_USER_NOT_FOUND);
      return;
    }

  sheet = dou_sheet_new ();
  origin = dou_context_get_origin (action->request);
  dou_request_begin_large_reply (action->request, DOU_STATUS_OK, COMMENT_SIZE, &writer);
  dou_json_writer_name (&writer, "comment");
  write_comment (action->context, action->users, 0, action->made, origin, &writer, sheet);
  dou_json_writer_end_object (&writer);
  dou_sheet_take_text (sheet, &writer);
  dou_sheet_reply (sheet, action->context, action->request, action->viewer);
  dou_action_free (action);
}

static void
writer_loaded_cb (const GError *error, gpointer user_data)
{
  if (error != NULL)
    dou_action_finish (user_data, NULL, dou_status_from_error (error));
  else
    reply_comment (user_data);
}

/* Returns: (transfer floating): (xxsxxx) of a comment that nobody has felt anything about */
static GVariant *
make_comment (DouAction *action, const char *text)
{
  return g_variant_new ("(xxsxxx)", action->id, action->viewer, text, action->time,
                        G_GINT64_CONSTANT (0), G_GINT64_CONSTANT (0));
}

/* @made: (transfer floating): (xxsxxx) */
static void
answer_comment (DouAction *action, GVariant *made)
{
  action->made = g_variant_ref_sink (made);
  action->users = dou_user_set_new (action->context, 0, &action->viewer, 1);
  if (dou_user_set_load (action->users, writer_loaded_cb, action))
    reply_comment (action);
}

/* A comment that was made before is answered as it is now, whatever text came with the request this
 * time. Of one that is gone only id and time are known; a client that repeats itself has the text. */
static void
earlier_comment_read (DouAction *action, GVariant *page, DouStatus status)
{
  g_autoptr (GVariant) comments = NULL;
  g_autoptr (GVariant) comment = NULL;
  gint64 id = 0;

  if (status != DOU_STATUS_OK)
    {
      dou_action_finish (action, NULL, status);
      return;
    }

  comments = g_variant_get_child_value (page, 1);
  if (g_variant_n_children (comments) > 0)
    {
      comment = g_variant_get_child_value (comments, 0);
      g_variant_get_child (comment, 0, "x", &id);
    }

  answer_comment (action, id == action->id ? comment : make_comment (action, action->text));
}

static void
comment_added (DouAction *action, GVariant *result, DouStatus status)
{
  const gint64 wanted = action->id;

  status = dou_action_get_status (result, status);
  if (status != DOU_STATUS_OK)
    {
      dou_action_finish (action, NULL, status);
      return;
    }

  g_variant_get (result, "(ixx)", NULL, &action->id, &action->time);
  if (action->id == wanted)
    answer_comment (action, make_comment (action, action->text));
  else
    dou_action_call (action, DOU_BACKEND_GET_COMMENTS,
                     g_variant_new ("(xxu)", action->target, action->id + 1, 1),
                     earlier_comment_read);
}

static void
comment_deleted (DouAction *action, GVariant *result, DouStatus status)
{
  g_auto (DouJsonWriter) writer = { NULL };

  status = dou_action_get_status (result, status);
  if (status != DOU_STATUS_OK)
    {
      dou_action_finish (action, NULL, status);
      return;
    }

  dou_request_begin_reply (action->request, status, &writer);
  dou_json_writer_name (&writer, "comment");
  dou_json_writer_raw (&writer, "null", 4);
  dou_request_end_reply (action->request, status, &writer);
  dou_action_free (action);
}

static void
video_found (DouAction *action, GVariant *result, DouStatus status)
{
  const char *request_id = dou_request_get_parameter (action->request, "request_id");

  if (status != DOU_STATUS_OK)
    {
      dou_action_finish (action, NULL, status);
      return;
    }

  if (action->type == ACTION_ADD)
    dou_action_call (action, DOU_BACKEND_ADD_COMMENTS,
                     g_variant_new ("(xxxxss)", action->id, action->viewer, action->target,
                                    action->author, action->text, request_id != NULL ? request_id : ""),
                     comment_added);
  else
    dou_action_call (action, DOU_BACKEND_DELETE_COMMENTS,
                     g_variant_new ("(xxxx)", action->id, action->target, action->author,
                                    action->viewer),
                     comment_deleted);
}

static DouStatus
prepare (DouAction *action)
{
  DouStatus status;

  if (action->type == ACTION_DELETE)
    return dou_context_get_id (action->request, "comment_id", &action->id);

  action->text = dou_context_get_text (action->request, "comment_text");
  if (action->text == NULL)
    return DOU_STATUS_BAD_TEXT;

  status = dou_word_filter_apply (action->context->word_filter, &action->text);
  if (status != DOU_STATUS_OK)
    return status;

  return dou_context_mint (action->context, &action->id);
}

static void
comment_action_handler (DouRequest *request, gpointer user_data)
{
  DouStatus status;
  g_autoptr (DouAction) action
      = dou_action_new (user_data, request, "video_id", ACTION_DELETE, &status);

  if (action != NULL)
    status = prepare (action);

  if (status != DOU_STATUS_OK)
    dou_request_reply_status (request, status);
  else
    dou_action_find_video (g_steal_pointer (&action), video_found);
}

static void
comment_feeling_handler (DouRequest *request, gpointer user_data)
{
  DouStatus status;
  DouAction *action = dou_action_new (user_data, request, "comment_id", MAX_FEELING, &status);

  if (action == NULL)
    dou_request_reply_status (request, status);
  else
    dou_action_call (action, DOU_BACKEND_SET_FEELINGS,
                     g_variant_new ("(xxi)", action->viewer, action->target,
                                    (gint32) action->type),
                     dou_action_finish);
}

/* A request for the comments of a video. */
typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  DouRecord *video;    /* (owned) (nullable) */
  GVariant *page;      /* (owned) (nullable) (xa(xxsxxx)): where the next one begins, 0 = nowhere; and all */
  DouUserSet *users;   /* (owned) (nullable) who wrote each of them */
  gint64 viewer;       /* 0 for a guest */
  gboolean is_parted;  /* the viewer may be apart from somebody, and gets an answer of its own */
  DouWindow window;
} List;

static void
list_free (List *list)
{
  g_clear_pointer (&list->video, dou_record_unref);
  g_clear_pointer (&list->page, g_variant_unref);
  g_clear_pointer (&list->users, dou_user_set_free);
  g_object_unref (list->request);
  g_free (list);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (List, list_free)

static void
list_write (List *list, DouJsonWriter *writer, DouSheet *sheet)
{
  g_autofree char *origin = dou_context_get_origin (list->request);
  g_autoptr (GVariant) comments = g_variant_get_child_value (list->page, 1);
  gsize n_comments = g_variant_n_children (comments);
  gint64 next;

  dou_request_begin_large_reply (list->request, DOU_STATUS_OK, (n_comments + 1) * COMMENT_SIZE,
                                 writer);
  dou_json_writer_name (writer, "comment_list");
  dou_json_writer_begin_array (writer);
  for (gsize i = 0; i < n_comments; i++)
    {
      g_autoptr (GVariant) comment = g_variant_get_child_value (comments, i);

      if (dou_user_set_exists (list->users, i))
        write_comment (list->context, list->users, i, comment, origin, writer, sheet);
    }
  dou_json_writer_end_array (writer);
  g_variant_get_child (list->page, 0, "x", &next);
  dou_window_write_next (next, writer);
  dou_json_writer_end_object (writer);
}

/* Keeps an answer with the newest comments, if it is still right. */
static void
list_keep (List *list, DouSheet *sheet)
{
  g_autoptr (DouReady) ready = dou_ready_new (sheet);
  g_autoptr (GString) key = g_string_new (NULL);

  dou_user_set_add_to_ready (list->users, ready);
  if (dou_ready_is_good (ready, list->context->cache))
    dou_comment_pages_keep_sheet (list->context->comments, list->video->id, list->page,
                                  dou_ready_make_key (key, list->request),
                                  g_steal_pointer (&ready));
}

static void
list_reply (List *list)
{
  g_autoptr (DouSheet) sheet = dou_sheet_new ();
  g_auto (DouJsonWriter) writer = { NULL };

  list_write (list, &writer, sheet);
  dou_sheet_take_text (sheet, &writer);
  if (list->window.cursor == 0 && !list->is_parted)
    list_keep (list, sheet);
  dou_sheet_reply (sheet, list->context, list->request, list->viewer);
}

static void
writers_loaded_cb (const GError *error, gpointer user_data)
{
  g_autoptr (List) list = user_data;

  if (error != NULL)
    dou_request_reply_status (list->request, dou_status_from_error (error));
  else
    list_reply (list);
}

/* @list: (transfer full)
 * @page: (xa(xxsxxx)) */
static void
list_take_page (List *owned, GVariant *page)
{
  g_autoptr (List) list = owned;
  g_autoptr (GVariant) comments = g_variant_get_child_value (page, 1);
  g_autoptr (GArray) users = g_array_new (FALSE, FALSE, sizeof (gint64));

  list->page = g_variant_ref (page);
  for (gsize i = 0; i < g_variant_n_children (comments); i++)
    {
      g_autoptr (GVariant) comment = g_variant_get_child_value (comments, i);
      gint64 user;

      g_variant_get_child (comment, 1, "x", &user);
      g_array_append_val (users, user);
    }

  /* Whom the viewer follows is the sheet's to find out. */
  list->users = dou_user_set_new (list->context, 0, (const gint64 *) (gpointer) users->data,
                                  users->len);
  if (list->is_parted)
    dou_user_set_hide_from (list->users, list->viewer);
  if (dou_user_set_load (list->users, writers_loaded_cb, list))
    list_reply (list);
  else
    g_steal_pointer (&list);
}

static void
newest_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (List) list = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) page
      = dou_comment_pages_load_finish (DOU_COMMENT_PAGES (source), result, &error);

  if (page == NULL)
    dou_request_reply_status (list->request, dou_status_from_error (error));
  else
    list_take_page (g_steal_pointer (&list), page);
}

static void
comments_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (List) list = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  g_autoptr (GVariant) page = results != NULL ? dou_batch_results_get (results, 0) : NULL;

  if (page == NULL)
    dou_request_reply_status (list->request, dou_status_from_error (error));
  else
    list_take_page (g_steal_pointer (&list), page);
}

/* @list: (transfer full) */
static void
list_read_newest (List *list)
{
  DouContext *context = list->context;
  DouCommentPages *pages = context->comments;
  g_autoptr (GString) key = g_string_sized_new (KEY_SIZE);
  g_autoptr (GVariant) page = NULL;
  DouSheet *sheet = NULL;

  if (!list->is_parted)
    sheet = dou_comment_pages_look_up_sheet (pages, context->cache, list->video->id,
                                             list->window.count,
                                             dou_ready_make_key (key, list->request));
  if (sheet != NULL)
    {
      dou_sheet_reply (sheet, context, list->request, list->viewer);
      list_free (list);
      return;
    }

  page = dou_comment_pages_look_up (pages, list->video->id, list->window.count);
  if (page != NULL)
    list_take_page (list, page);
  else
    dou_comment_pages_load_async (pages, list->video->id, list->window.count,
                                  dou_request_get_cancellable (list->request), newest_cb, list);
}

/* @list: (transfer full) */
static void
list_read_comments (List *list)
{
  g_autoptr (List) owned = list;
  GVariant *item;

  if (list->video->status != DOU_STATUS_OK)
    {
      dou_request_reply_status (list->request, list->video->status);
      return;
    }

  if (list->window.cursor == 0)
    {
      list_read_newest (g_steal_pointer (&owned));
      return;
    }

  item = g_variant_new ("(xxu)", list->video->id, list->window.cursor, list->window.count);
  dou_batcher_submit_async (
      dou_backend_get_batcher (list->context->backend, DOU_BACKEND_GET_COMMENTS), &item, 1,
      dou_request_get_cancellable (list->request), comments_cb, g_steal_pointer (&owned));
}

static void
video_checked_cb (const GError *error, gpointer user_data)
{
  g_autoptr (List) list = user_data;

  if (error != NULL)
    dou_request_reply_status (list->request, dou_status_from_error (error));
  else
    list_read_comments (g_steal_pointer (&list));
}

/* @list: (transfer full) */
static void
list_check_video (List *owned)
{
  g_autoptr (List) list = owned;

  if (dou_cache_load (list->context->cache, &list->video, 1, DOU_FACT_BIT (DOU_FACT_VIDEO),
                      video_checked_cb, list))
    list_read_comments (g_steal_pointer (&list));
  else
    g_steal_pointer (&list);
}

static void
parted_cb (const GError *error, gpointer user_data)
{
  g_autoptr (List) list = user_data;

  if (error != NULL)
    dou_request_reply_status (list->request, dou_status_from_error (error));
  else
    list_check_video (g_steal_pointer (&list));
}

static void
comment_list_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;
  g_autoptr (List) list = g_new0 (List, 1);
  gint64 video;
  DouStatus status;

  list->context = context;
  list->request = g_object_ref (request);
  status = dou_authenticator_admit (context->authenticator, request, &list->viewer);
  if (status == DOU_STATUS_OK)
    status = dou_context_get_id (request, "video_id", &video);
  if (status == DOU_STATUS_OK)
    status = dou_window_read (&list->window, request);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  list->video = dou_cache_get_video (context->cache, video);
  if (list->viewer != 0
      && !dou_flags_know_any (context->flags, DOU_FLAG_APART, list->viewer, &list->is_parted))
    {
      dou_flags_load_any (context->flags, DOU_FLAG_APART, list->viewer, &list->is_parted, parted_cb,
                          list);
      g_steal_pointer (&list);
    }
  else
    list_check_video (g_steal_pointer (&list));
}

static const DouRoute routes[] = {
  { "/douyin/comment/action", DOU_METHOD_POST, comment_action_handler, NULL, DOU_RATE_COMMENT },
  { "/douyin/comment/feeling", DOU_METHOD_POST, comment_feeling_handler },
  { "/douyin/comment/list", DOU_METHOD_GET, comment_list_handler },
};

/**
 * dou_comment_routes_add:
 * @router: takes the routes of comments
 * @context: what the handlers work with; outlives @router
 */
void
dou_comment_routes_add (DouRouter *router, DouContext *context)
{
  dou_router_add (router, routes, G_N_ELEMENTS (routes), context);
}
