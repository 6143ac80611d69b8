/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-action.h"
#include "gateway/dou-message-json.h"
#include "gateway/dou-message-routes.h"
#include "gateway/dou-page-time.h"

#define ACTION_SEND 1
/* Messages of one answer: what the app shows when a chat is opened. */
#define MAX_MESSAGES 500

static void
send_message (DouAction *action)
{
  const char *request_id = dou_request_get_parameter (action->request, "request_id");

  dou_action_call (action, DOU_BACKEND_SEND_MESSAGES,
                   g_variant_new ("(xxxss)", action->id, action->viewer, action->target, action->text,
                                  request_id != NULL ? request_id : ""),
                   dou_action_finish);
}

/* Whether the two follow each other: (b) of one direction, then of the other. */
static void
followed_back (DouAction *action, GVariant *follows, DouStatus status)
{
  if (status == DOU_STATUS_OK && !g_variant_get_boolean (follows))
    status = DOU_STATUS_NOT_PERMITTED;

  if (status != DOU_STATUS_OK)
    dou_action_finish (action, NULL, status);
  else
    send_message (action);
}

static void
followed (DouAction *action, GVariant *follows, DouStatus status)
{
  if (status == DOU_STATUS_OK && !g_variant_get_boolean (follows))
    status = DOU_STATUS_NOT_PERMITTED;

  if (status != DOU_STATUS_OK)
    dou_action_finish (action, NULL, status);
  else
    dou_action_call (action, DOU_BACKEND_ARE_FOLLOWS,
                     g_variant_new ("(xx)", action->target, action->viewer), followed_back);
}

/* What is known of blocks, for the action. */
static void
apart_told (const GError *error, gpointer user_data)
{
  g_autoptr (DouAction) action = user_data;
  DouConfig *config = action->context->config;
  DouStatus status = dou_status_from_error (error);

  if (status == DOU_STATUS_OK && action->is_apart)
    status = DOU_STATUS_BLOCKED;

  if (status != DOU_STATUS_OK)
    dou_action_finish (g_steal_pointer (&action), NULL, status);
  else if (dou_config_get_int64 (config, DOU_CONFIG_MESSAGES_FROM) == DOU_MESSAGES_FROM_FRIENDS)
    {
      GVariant *pair = g_variant_new ("(xx)", action->viewer, action->target);

      dou_action_call (g_steal_pointer (&action), DOU_BACKEND_ARE_FOLLOWS, pair, followed);
    }
  else
    send_message (g_steal_pointer (&action));
}

/* The chat domain knows nothing of blocks. They are known here as they are for lists: on this node from the
 * answer to a block on. */
static void
receiver_found (DouAction *action, GVariant *result, DouStatus status)
{
  if (status != DOU_STATUS_OK)
    dou_action_finish (action, NULL, status);
  else if (dou_flags_load (action->context->flags, DOU_FLAG_APART, action->viewer, &action->target, 1,
                           &action->is_apart, apart_told, action))
    apart_told (NULL, action);
}

static DouStatus
prepare (DouAction *action)
{
  action->text = dou_context_get_text (action->request, "content");
  if (action->text == NULL)
    return DOU_STATUS_BAD_TEXT;

  return dou_context_mint (action->context, &action->id);
}

static void
message_action_handler (DouRequest *request, gpointer user_data)
{
  DouStatus status;
  g_autoptr (DouAction) action
      = dou_action_new (user_data, request, "to_user_id", ACTION_SEND, &status);

  if (action != NULL)
    status = prepare (action);

  if (status != DOU_STATUS_OK)
    dou_request_reply_status (request, status);
  else
    dou_action_find_user (g_steal_pointer (&action), receiver_found);
}

static void
write_message (DouJsonWriter *writer, GVariant *message)
{
  gint64 id, sender, receiver, time;
  const char *text;

  g_variant_get (message, "(xxx&sx)", &id, &sender, &receiver, &text, &time);
  dou_message_json_write (writer, id, sender, receiver, text, time);
}

/* A poll that waits for its answer. */
typedef struct
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  gint64 viewer;
  gint64 peer;
  gint64 after;
  guint64 moment;
  gboolean both; /* directions */
} Poll;

static void
poll_free (Poll *poll)
{
  g_object_unref (poll->request);
  g_free (poll);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Poll, poll_free)

/* @messages: (nullable): what has come since; %NULL is nothing */
static void
reply_messages (DouRequest *request, GVariant *messages)
{
  g_auto (DouJsonWriter) writer = { NULL };

  dou_request_begin_reply (request, DOU_STATUS_OK, &writer);
  dou_json_writer_name (&writer, "message_list");
  dou_json_writer_begin_array (&writer);
  for (gsize i = 0; messages != NULL && i < g_variant_n_children (messages); i++)
    {
      g_autoptr (GVariant) message = g_variant_get_child_value (messages, i);

      write_message (&writer, message);
    }
  dou_json_writer_end_array (&writer);
  dou_request_end_reply (request, DOU_STATUS_OK, &writer);
}

/* Of a poll for one direction with a time, what it has brought to an end. */
static void
poll_learn (Poll *poll, GVariant *messages)
{
  gsize n_messages = g_variant_n_children (messages);
  gint64 newest = poll->after;

  if (poll->both || poll->after == 0 || n_messages >= MAX_MESSAGES)
    return;

  if (n_messages > 0)
    {
      g_autoptr (GVariant) last = g_variant_get_child_value (messages, n_messages - 1);

      g_variant_get_child (last, 4, "x", &newest);
    }
  dou_quiet_chats_learn (poll->context->quiet_chats, poll->viewer, poll->peer, newest, poll->moment);
}

static void
messages_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Poll) poll = user_data;
  g_autoptr (GVariant) conversation = NULL;
  g_autoptr (GVariant) messages = NULL;
  DouStatus status = dou_action_receive (DOU_BATCHER (source), result, &conversation);

  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (poll->request, status);
      return;
    }

  messages = g_variant_get_child_value (conversation, 1);
  poll_learn (poll, messages);
  reply_messages (poll->request, messages);
}

static void
poll_ask (Poll *poll)
{
  GVariant *item = g_variant_new ("(xxxbu)", poll->viewer, poll->peer, poll->after, poll->both,
                                  MAX_MESSAGES);

  poll->moment = dou_quiet_chats_get_moment (poll->context->quiet_chats);
  dou_batcher_submit_async (
      dou_backend_get_batcher (poll->context->backend, DOU_BACKEND_GET_MESSAGES), &item, 1,
      dou_request_get_cancellable (poll->request), messages_cb, poll);
}

static void
message_chat_handler (DouRequest *request, gpointer user_data)
{
  DouContext *context = user_data;
  g_autoptr (Poll) poll = g_new0 (Poll, 1);
  gint64 value = 0;
  gint64 both = 0;
  DouNumber form;
  DouStatus status;

  poll->context = context;
  poll->request = g_object_ref (request);
  status = dou_authenticator_require (context->authenticator, request, &poll->viewer);
  if (status == DOU_STATUS_OK)
    status = dou_context_get_id (request, "to_user_id", &poll->peer);
  if (status != DOU_STATUS_OK)
    {
      dou_request_reply_status (request, status);
      return;
    }

  form = dou_request_get_integer (request, "pre_msg_time", &value);
  poll->after
      = dou_page_time_normalize_after (form, value, dou_clock_get_real_time (context->clock));
  dou_request_get_integer (request, "both", &both);
  poll->both = both == 1;
  if (!poll->both && poll->after > 0
      && dou_quiet_chats_are_quiet (context->quiet_chats, poll->viewer, poll->peer, poll->after))
    reply_messages (request, NULL);
  else
    poll_ask (g_steal_pointer (&poll));
}

static const DouRoute routes[] = {
  { "/douyin/message/action", DOU_METHOD_POST, message_action_handler, NULL, DOU_RATE_MESSAGE },
  { "/douyin/message/chat", DOU_METHOD_GET, message_chat_handler },
};

/**
 * dou_message_routes_add:
 * @router: takes the routes of messages
 * @context: what the handlers work with; outlives @router
 */
void
dou_message_routes_add (DouRouter *router, DouContext *context)
{
  dou_router_add (router, routes, G_N_ELEMENTS (routes), context);
}
