/* SPDX-License-Identifier: Apache-2.0 */

/* Conversations: what may be sent, what is read, and who is told.
 *
 * A call carries many items, each of which ends with a status of its own. What can be refused
 * without asking the store is; the rest goes there in one piece. Only what the store did not have
 * before is announced, and before the call itself returns: who sent a message has heard of it when
 * the call is answered, and nobody hears of it twice, however often it is sent.
 *
 * Who may write to whom is not decided here: it depends on follows, which are another domain's.
 */

#include "config.h"

#include <string.h>

#include "chat/dou-chat-manager.h"
#include "common/dou-id-minter.h"
#include "common/dou-text.h"

struct _DouChatManager
{
  GObject parent_instance;

  DouChatStore *store; /* (owned) */
  DouClock *clock;     /* (owned) */
  gint64 message_count;
};

G_DEFINE_FINAL_TYPE (DouChatManager, dou_chat_manager, G_TYPE_OBJECT)

enum
{
  SIGNAL_MESSAGES_SENT,
  SIGNAL_MESSAGES_READ,
  N_SIGNALS
};

enum
{
  PROP_MESSAGE_COUNT = 1,
  N_PROPS
};

static guint signals[N_SIGNALS];
static GParamSpec *props[N_PROPS];

static void
dou_chat_manager_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_MESSAGE_COUNT:
      g_value_set_int64 (value, DOU_CHAT_MANAGER (object)->message_count);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
dou_chat_manager_dispose (GObject *object)
{
  DouChatManager *self = DOU_CHAT_MANAGER (object);

  g_clear_object (&self->store);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (dou_chat_manager_parent_class)->dispose (object);
}

static void
dou_chat_manager_class_init (DouChatManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = dou_chat_manager_get_property;
  object_class->dispose = dou_chat_manager_dispose;

  /**
   * DouChatManager:message-count:
   *
   * Messages in the store.
   */
  props[PROP_MESSAGE_COUNT]
      = g_param_spec_int64 ("message-count", NULL, NULL, 0, G_MAXINT64, 0,
                            G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * DouChatManager::messages-sent:
   * @messages: (element-type DouMessage): new messages; those of two users in the order of their
   *   times
   *
   * Emitted before the call that sent them returns.
   */
  signals[SIGNAL_MESSAGES_SENT]
      = g_signal_new ("messages-sent", DOU_TYPE_CHAT_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                      NULL, G_TYPE_NONE, 1, G_TYPE_PTR_ARRAY);

  /**
   * DouChatManager::messages-read:
   * @marks: (element-type DouChatMark): marks that went forward
   *
   * Emitted before the call that moved them returns.
   */
  signals[SIGNAL_MESSAGES_READ]
      = g_signal_new ("messages-read", DOU_TYPE_CHAT_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                      NULL, G_TYPE_NONE, 1, G_TYPE_ARRAY);
}

static void
dou_chat_manager_init (DouChatManager *self)
{
}

/**
 * dou_chat_manager_new:
 * @store: where messages are kept
 * @clock: what time it is when one is sent
 * @error: return location
 *
 * Waits for the database, which knows the number of messages.
 *
 * Returns: (transfer full): a manager, or %NULL with the errors of dou_chat_store_count()
 */
DouChatManager *
dou_chat_manager_new (DouChatStore *store, DouClock *clock, GError **error)
{
  DouChatManager *self;
  gint64 message_count;

  g_return_val_if_fail (DOU_IS_CHAT_STORE (store), NULL);
  g_return_val_if_fail (DOU_IS_CLOCK (clock), NULL);

  message_count = dou_chat_store_count (store, error);
  if (message_count < 0)
    return NULL;

  self = g_object_new (DOU_TYPE_CHAT_MANAGER, NULL);
  self->store = g_object_ref (store);
  self->clock = g_object_ref (clock);
  self->message_count = message_count;
  return self;
}

/**
 * dou_chat_manager_get_store:
 * @self: a manager
 *
 * Returns: (transfer none): where its messages are kept
 */
DouChatStore *
dou_chat_manager_get_store (DouChatManager *self)
{
  g_return_val_if_fail (DOU_IS_CHAT_MANAGER (self), NULL);

  return self->store;
}

/**
 * dou_chat_manager_get_message_count:
 * @self: a manager
 *
 * Returns: messages in the store
 */
gint64
dou_chat_manager_get_message_count (DouChatManager *self)
{
  g_return_val_if_fail (DOU_IS_CHAT_MANAGER (self), 0);

  return self->message_count;
}

/**
 * dou_chat_manager_report_removed:
 * @self: a manager
 * @n_removed: messages that are no more
 */
void
dou_chat_manager_report_removed (DouChatManager *self, gint64 n_removed)
{
  g_return_if_fail (DOU_IS_CHAT_MANAGER (self));

  if (n_removed == 0)
    return;

  self->message_count = MAX (self->message_count - n_removed, 0);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MESSAGE_COUNT]);
}

static gboolean
is_id (gint64 id)
{
  return id > 0 && id <= DOU_ID_MAX;
}

/**
 * dou_chat_manager_are_two_users:
 * @user: what should be an id
 * @other: what should be another
 *
 * Returns: whether there may be a conversation of the two
 */
gboolean
dou_chat_manager_are_two_users (gint64 user, gint64 other)
{
  return is_id (user) && is_id (other) && user != other;
}

static gboolean
is_request_id (const char *request_id)
{
  return request_id == NULL
         || (strlen (request_id) <= DOU_REQUEST_ID_MAX && g_utf8_validate (request_id, -1, NULL));
}

static DouStatus
check_message (const DouMessage *message)
{
  if (!is_id (message->id) || !is_id (message->sender) || !is_id (message->receiver)
      || !is_request_id (message->request_id))
    return DOU_STATUS_BAD_PARAMETER;
  if (message->sender == message->receiver)
    return DOU_STATUS_NOT_PERMITTED;
  if (!dou_text_is_valid (message->text, DOU_TEXT_MULTI_LINE, DOU_MESSAGE_TEXT_MAX))
    return DOU_STATUS_BAD_TEXT;

  return DOU_STATUS_OK;
}

/* What a call to send needs until it returns. */
typedef struct
{
  GPtrArray *messages; /* (owned) (element-type DouMessage) those that may be sent */
  GArray *places;      /* (owned) (element-type guint) of each of them in the call */
  GArray *outcomes;    /* (owned) (nullable) (element-type DouChatOutcome) of all */
} Sending;

static void
sending_free (Sending *sending)
{
  g_ptr_array_unref (sending->messages);
  g_array_unref (sending->places);
  g_clear_pointer (&sending->outcomes, g_array_unref);
  g_free (sending);
}

static Sending *
sending_new (GPtrArray *messages)
{
  Sending *sending = g_new0 (Sending, 1);

  sending->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_message_unref);
  sending->places = g_array_new (FALSE, FALSE, sizeof (guint));
  sending->outcomes = g_array_sized_new (FALSE, TRUE, sizeof (DouChatOutcome), messages->len);
  for (guint i = 0; i < messages->len; i++)
    {
      DouMessage *message = g_ptr_array_index (messages, i);
      DouChatOutcome outcome = { check_message (message), 0, 0 };

      g_array_append_val (sending->outcomes, outcome);
      if (outcome.status != DOU_STATUS_OK)
        continue;

      g_ptr_array_add (sending->messages, dou_message_ref (message));
      g_array_append_val (sending->places, i);
    }

  return sending;
}

/* Returns: (transfer full): the messages that are new, which have their times now */
static GPtrArray *
sending_settle (Sending *sending, GArray *receipts)
{
  GPtrArray *sent = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_message_unref);

  for (guint i = 0; i < receipts->len; i++)
    {
      const DouChatReceipt *receipt = &g_array_index (receipts, DouChatReceipt, i);
      DouMessage *message = g_ptr_array_index (sending->messages, i);
      guint place = g_array_index (sending->places, guint, i);
      DouChatOutcome *outcome = &g_array_index (sending->outcomes, DouChatOutcome, place);

      if (receipt->refused)
        {
          outcome->status = DOU_STATUS_USER_NOT_FOUND;
          continue;
        }
      if (receipt->sender != message->sender)
        {
          outcome->status = DOU_STATUS_BAD_PARAMETER;
          continue;
        }

      outcome->id = receipt->id;
      outcome->time = receipt->time;
      if (receipt->is_new)
        {
          message->time = receipt->time;
          g_ptr_array_add (sent, dou_message_ref (message));
        }
    }

  return sent;
}

static void
return_outcomes (GTask *task)
{
  Sending *sending = g_task_get_task_data (task);

  g_task_return_pointer (task, g_steal_pointer (&sending->outcomes),
                         (GDestroyNotify) g_array_unref);
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouChatManager *self = g_task_get_source_object (task);
  g_autoptr (GArray) receipts = NULL;
  g_autoptr (GPtrArray) sent = NULL;
  GError *error = NULL;

  receipts = dou_chat_store_add_finish (DOU_CHAT_STORE (source), result, &error);
  if (receipts == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  sent = sending_settle (g_task_get_task_data (task), receipts);
  if (sent->len > 0)
    {
      self->message_count += sent->len;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MESSAGE_COUNT]);
      g_signal_emit (self, signals[SIGNAL_MESSAGES_SENT], 0, sent);
    }
  return_outcomes (task);
}

/**
 * dou_chat_manager_send_async:
 * @self: a manager
 * @messages: (element-type DouMessage): what is to be sent
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Stores messages, once each however often they come, and announces those that are new.
 */
void
dou_chat_manager_send_async (DouChatManager *self, GPtrArray *messages, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Sending *sending;

  g_return_if_fail (DOU_IS_CHAT_MANAGER (self));

  sending = sending_new (messages);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_chat_manager_send_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, sending, (GDestroyNotify) sending_free);

  if (sending->messages->len == 0)
    return_outcomes (task);
  else
    dou_chat_store_add_async (self->store, sending->messages, dou_clock_get_real_time (self->clock),
                              cancellable, added_cb, g_object_ref (task));
}

/**
 * dou_chat_manager_send_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouChatOutcome): what became of each; or %NULL if nothing
 *   was done, with the errors of dou_database_write_finish()
 */
GArray *
dou_chat_manager_send_finish (DouChatManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_chat_manager_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
marked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  DouChatManager *self = g_task_get_source_object (task);
  g_autoptr (GArray) moved = NULL;
  GError *error = NULL;

  moved = dou_chat_store_mark_finish (DOU_CHAT_STORE (source), result, &error);
  if (moved == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  if (moved->len > 0)
    g_signal_emit (self, signals[SIGNAL_MESSAGES_READ], 0, moved);
  g_task_return_pointer (task, g_array_ref (g_task_get_task_data (task)),
                         (GDestroyNotify) g_array_unref);
}

/**
 * dou_chat_manager_mark_read_async:
 * @self: a manager
 * @marks: (array length=n_marks): up to when somebody has read
 * @n_marks: how many
 * @cancellable: (nullable): prevents what has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 *
 * Moves marks forward, and announces those that moved.
 */
void
dou_chat_manager_mark_read_async (DouChatManager *self, const DouChatMark *marks, guint n_marks,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GArray *statuses;
  GTask *task;

  g_return_if_fail (DOU_IS_CHAT_MANAGER (self));

  /* Marks that make no sense find no message that was read, and so need no removing. */
  statuses = g_array_sized_new (FALSE, FALSE, sizeof (DouStatus), n_marks);
  for (guint i = 0; i < n_marks; i++)
    {
      DouStatus status = DOU_STATUS_OK;

      if (!dou_chat_manager_are_two_users (marks[i].reader, marks[i].other) || marks[i].time <= 0)
        status = DOU_STATUS_BAD_PARAMETER;
      g_array_append_val (statuses, status);
    }

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_chat_manager_mark_read_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, statuses, (GDestroyNotify) g_array_unref);
  dou_chat_store_mark_async (self->store, marks, n_marks, cancellable, marked_cb, task);
}

/**
 * dou_chat_manager_mark_read_finish:
 * @self: a manager
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full) (element-type DouStatus): what became of each; or %NULL if nothing was
 *   done, with the errors of dou_database_write_finish()
 */
GArray *
dou_chat_manager_mark_read_finish (DouChatManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_chat_manager_mark_read_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
