/* SPDX-License-Identifier: Apache-2.0 */

/* What clients ask for over their WebSockets. It goes the same way as what comes by HTTP: through
 * the batchers, together with everybody else's. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-gather.h"
#include "gateway/dou-message-json.h"
#include "gateway/dou-message-routes.h"
#include "gateway/dou-push-private.h"
#include "gateway/dou-status-messages.h"
#include "gateway/dou-websocket-command.h"

/* A command on its way to its answer. */
typedef struct
{
  DouContext *context;  /* (unowned) */
  DouWebsocketHub *hub; /* (owned) */
  guint64 session;
  gint64 user;
  DouLanguage language;
  DouWebsocketCommand command; /* (owned) */
  gint64 id;                   /* of the message that was sent, or 0 */
  gint64 time;                 /* of that message */
} Pending;

static void
pending_free (Pending *self)
{
  dou_websocket_command_clear (&self->command);
  g_object_unref (self->hub);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pending, pending_free)

static void
pending_answer (Pending *self, DouStatus status)
{
  g_auto (DouJsonWriter) writer = { 0 };
  g_autoptr (GBytes) text = NULL;
  const char *opening;
  gsize length;
  char *json;

  opening = dou_status_messages_get_opening (status, self->language, &length);
  dou_json_writer_init (&writer, 256);
  dou_json_writer_raw (&writer, opening, (gssize) length);
  dou_json_writer_name (&writer, "type");
  dou_json_writer_string (&writer, "answer");
  dou_json_writer_name (&writer, "ref");
  dou_json_writer_raw (&writer, self->command.ref, -1);
  if (self->id != 0)
    {
      dou_json_writer_name (&writer, "message");
      dou_message_json_write (&writer, self->id, self->user, self->command.user,
                              self->command.content, self->time);
    }
  dou_json_writer_end_object (&writer);

  json = dou_json_writer_steal (&writer, &length);
  text = g_bytes_new_take (json, length);
  dou_websocket_hub_answer (self->hub, self->session, text);
}

/* @self: (transfer full)
 * @items: (array length=n_items): floating ones are taken */
static void
pending_submit (Pending *self, DouBackendMethod method, GVariant *const *items, gsize n_items,
                GAsyncReadyCallback callback)
{
  dou_batcher_submit_async (dou_backend_get_batcher (self->context->backend, method), items,
                            n_items, NULL, callback, self);
}

/* Returns: (transfer full) (nullable): the result of a submission of one item, or NULL with an
 * error */
static GVariant *
take_result (GObject *source, GAsyncResult *result, GError **error)
{
  g_autoptr (DouBatchResults) results
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, error);

  return results != NULL ? dou_batch_results_get (results, 0) : NULL;
}

/* A message that was sent before is answered as it was then, whatever came with the command this
 * time. If it went to somebody else, only its id and time are known. */
static void
found_earlier_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Pending) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) conversation = take_result (source, result, &error);
  g_autoptr (GVariant) messages = NULL;
  const char *content;
  gint64 id;

  if (conversation == NULL)
    {
      self->id = 0;
      pending_answer (self, dou_status_from_error (error));
      return;
    }

  messages = g_variant_get_child_value (conversation, 1);
  if (g_variant_n_children (messages) > 0)
    {
      g_variant_get_child (messages, 0, "(xxx&sx)", &id, NULL, NULL, &content, NULL);
      if (id == self->id)
        {
          g_free (self->command.content);
          self->command.content = g_strdup (content);
        }
    }

  pending_answer (self, DOU_STATUS_OK);
}

/* @self: (transfer full) */
static void
pending_find_earlier (Pending *self)
{
  GVariant *item
      = g_variant_new ("(xxxbu)", self->user, self->command.user, self->time - 1, TRUE, 1);

  pending_submit (self, DOU_BACKEND_GET_MESSAGES, &item, 1, found_earlier_cb);
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Pending) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) outcome = take_result (source, result, &error);
  const gint64 wanted = self->id;
  gint32 status;

  self->id = 0;
  if (outcome == NULL)
    status = (gint32) dou_status_from_error (error);
  else
    g_variant_get (outcome, "(ixx)", &status, &self->id, &self->time);

  if (self->id != 0 && self->id != wanted)
    pending_find_earlier (g_steal_pointer (&self));
  else
    pending_answer (self, (DouStatus) status);
}

/* @self: (transfer full) */
static void
pending_send (Pending *self)
{
  gint64 id;
  DouStatus status = dou_context_mint (self->context, &id);
  GVariant *item;

  if (status != DOU_STATUS_OK)
    {
      pending_answer (self, status);
      pending_free (self);
      return;
    }

  self->id = id;
  item = g_variant_new ("(xxxss)", id, self->user, self->command.user, self->command.content,
                        self->command.request_id);
  pending_submit (self, DOU_BACKEND_SEND_MESSAGES, &item, 1, sent_cb);
}

static void
found_follows_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Pending) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouBatchResults) follows
      = dou_batcher_submit_finish (DOU_BATCHER (source), result, &error);
  DouStatus status = dou_status_from_error (error);

  for (gsize i = 0; status == DOU_STATUS_OK && i < 2; i++)
    {
      g_autoptr (GVariant) does_follow = dou_batch_results_get (follows, i);

      if (!g_variant_get_boolean (does_follow))
        status = DOU_STATUS_NOT_PERMITTED;
    }

  if (status == DOU_STATUS_OK)
    pending_send (g_steal_pointer (&self));
  else
    pending_answer (self, status);
}

/* @self: (transfer full) */
static void
pending_ask_permission (Pending *self)
{
  GVariant *pairs[] = { g_variant_new ("(xx)", self->user, self->command.user),
                        g_variant_new ("(xx)", self->command.user, self->user) };

  pending_submit (self, DOU_BACKEND_ARE_FOLLOWS, pairs, G_N_ELEMENTS (pairs), found_follows_cb);
}

/* What is to be known before a message is sent. */
enum
{
  PART_RECEIVER,
  PART_APART,
};

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DouGather *gather = DOU_GATHER (source);
  g_autoptr (Pending) self = user_data;
  g_autoptr (GError) error = NULL;
  DouConfig *config = self->context->config;
  gint32 status;

  if (!dou_gather_run_finish (gather, result, &error))
    status = (gint32) dou_status_from_error (error);
  else
    {
      g_autoptr (GVariant) receiver = dou_gather_get (gather, PART_RECEIVER, 0);
      g_autoptr (GVariant) apart = dou_gather_get (gather, PART_APART, 0);

      g_variant_get_child (receiver, 0, "i", &status);
      if (status == DOU_STATUS_OK && g_variant_get_boolean (apart))
        status = DOU_STATUS_BLOCKED;
    }

  if (status != DOU_STATUS_OK)
    pending_answer (self, (DouStatus) status);
  else if (dou_config_get_int64 (config, DOU_CONFIG_MESSAGES_FROM) == DOU_MESSAGES_FROM_FRIENDS)
    pending_ask_permission (g_steal_pointer (&self));
  else
    pending_send (g_steal_pointer (&self));
}

/* @self: (transfer full) */
static void
pending_check (Pending *self)
{
  g_autoptr (DouGather) gather = dou_gather_new (self->context->backend);
  GVariant *receiver = g_variant_new_int64 (self->command.user);
  GVariant *pair = g_variant_new ("(xx)", self->user, self->command.user);

  dou_gather_add (gather, DOU_BACKEND_GET_USERS, &receiver, 1);
  dou_gather_add (gather, DOU_BACKEND_ARE_APART, &pair, 1);
  dou_gather_run_async (gather, NULL, checked_cb, self);
}

static void
marked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Pending) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) outcome = take_result (source, result, &error);
  gint32 status;

  if (outcome == NULL)
    status = (gint32) dou_status_from_error (error);
  else
    g_variant_get (outcome, "i", &status);

  pending_answer (self, (DouStatus) status);
}

/**
 * dou_push_command:
 * @context: what to work with
 * @hub: where to answer
 * @text: what came
 *
 * Does what a client asks for, and answers.
 */
void
dou_push_command (DouContext *context, DouWebsocketHub *hub, const DouWebsocketText *text)
{
  g_autoptr (Pending) self = g_new0 (Pending, 1);
  gsize length;
  const char *data = g_bytes_get_data (text->text, &length);
  DouStatus status;
  GVariant *item;

  self->context = context;
  self->hub = g_object_ref (hub);
  self->session = text->session;
  self->user = text->user;
  self->language = text->language;
  status = dou_websocket_command_parse (&self->command, data, length);
  if (status == DOU_STATUS_OK && self->command.verb == DOU_WEBSOCKET_SEND
      && dou_rate_limiter_admit_user (context->limiter, DOU_RATE_MESSAGE, self->user) > 0)
    status = DOU_STATUS_RATE_LIMITED;
  if (status != DOU_STATUS_OK)
    {
      pending_answer (self, status);
      return;
    }

  if (self->command.verb == DOU_WEBSOCKET_SEND)
    pending_check (g_steal_pointer (&self));
  else
    {
      item = g_variant_new ("(xxx)", self->user, self->command.user, self->command.time);
      pending_submit (g_steal_pointer (&self), DOU_BACKEND_MARK_READ, &item, 1, marked_cb);
    }
}
