/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "chat/dou-chat-impl.h"
#include "common/dou-call-span.h"
#include "common/dou-call.h"

/* A message in a reply or a signal. */
#define MESSAGE_TYPE "(xxxsx)"

struct _DouChatImpl
{
  DouDBusChat1Skeleton parent_instance;

  DouService *service;     /* (unowned) which has the connection, and so outlives what it exports */
  DouChatManager *manager; /* (owned) */
};

static void dou_chat_impl_iface_init (DouDBusChat1Iface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DouChatImpl, dou_chat_impl, DOU_DBUS_TYPE_CHAT1_SKELETON,
                               G_IMPLEMENT_INTERFACE (DOU_DBUS_TYPE_CHAT1,
                                                      dou_chat_impl_iface_init))

/* @message: (nullable): nothing is written as a message without id */
static void
add_message (GVariantBuilder *builder, const DouMessage *message)
{
  if (message != NULL)
    g_variant_builder_add (builder, MESSAGE_TYPE, message->id, message->sender, message->receiver,
                           message->text, message->time);
  else
    g_variant_builder_add (builder, MESSAGE_TYPE, (gint64) 0, (gint64) 0, (gint64) 0, "",
                           (gint64) 0);
}

/* @messages: (nullable) (element-type DouMessage) (nullable elements) */
static GVariant *
make_messages (GPtrArray *messages)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a" MESSAGE_TYPE));

  for (guint i = 0; messages != NULL && i < messages->len; i++)
    add_message (&builder, g_ptr_array_index (messages, i));

  return g_variant_builder_end (&builder);
}

static GVariant *
make_outcomes (GArray *outcomes)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ixx)"));

  for (guint i = 0; i < outcomes->len; i++)
    {
      const DouChatOutcome *outcome = &g_array_index (outcomes, DouChatOutcome, i);

      g_variant_builder_add (&builder, "(ixx)", (gint32) outcome->status, outcome->id,
                             outcome->time);
    }

  return g_variant_builder_end (&builder);
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) outcomes
      = dou_chat_manager_send_finish (DOU_CHAT_MANAGER (source), result, &error);

  dou_call_reply (call, outcomes != NULL ? make_outcomes (outcomes) : NULL, error);
}

static gboolean
dou_chat_impl_handle_send_messages (DouDBusChat1 *object, GDBusMethodInvocation *invocation,
                                    GVariant *argument)
{
  DouChatImpl *self = DOU_CHAT_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_CHAT_ITEMS_MAX);
  gsize n_messages = g_variant_n_children (argument);
  g_autoptr (GPtrArray) messages = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  messages = g_ptr_array_new_full ((guint) n_messages, (GDestroyNotify) dou_message_unref);
  for (gsize i = 0; i < n_messages; i++)
    {
      gint64 id, sender, receiver;
      const char *text, *request_id;
      DouMessage *message;

      g_variant_get_child (argument, i, "(xxx&s&s)", &id, &sender, &receiver, &text, &request_id);
      message = dou_message_new (id, sender, receiver, text);
      message->request_id = *request_id != '\0' ? g_strdup (request_id) : NULL;
      g_ptr_array_add (messages, message);
    }

  dou_chat_manager_send_async (self->manager, messages, NULL, sent_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static GVariant *
make_pages (GArray *pages)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ia" MESSAGE_TYPE ")"));

  for (guint i = 0; i < pages->len; i++)
    {
      const DouChatPage *page = &g_array_index (pages, DouChatPage, i);

      g_variant_builder_add (&builder, "(i@a" MESSAGE_TYPE ")", (gint32) page->status,
                             make_messages (page->messages));
    }

  return g_variant_builder_end (&builder);
}

static void
got_messages_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) pages
      = dou_chat_manager_get_messages_finish (DOU_CHAT_MANAGER (source), result, &error);

  dou_call_reply (call, pages != NULL ? make_pages (pages) : NULL, error);
}

static gboolean
dou_chat_impl_handle_get_messages (DouDBusChat1 *object, GDBusMethodInvocation *invocation,
                                   GVariant *argument)
{
  DouChatImpl *self = DOU_CHAT_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_CHAT_ITEMS_MAX);
  gsize n_queries = g_variant_n_children (argument);
  g_autofree DouChatQuery *queries = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  queries = g_new (DouChatQuery, n_queries);
  for (gsize i = 0; i < n_queries; i++)
    g_variant_get_child (argument, i, "(xxxbu)", &queries[i].reader, &queries[i].other,
                         &queries[i].after, &queries[i].both, &queries[i].limit);

  dou_chat_manager_get_messages_async (self->manager, queries, (guint) n_queries, NULL,
                                       got_messages_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static DouChatPair *
parse_pairs (GVariant *argument)
{
  gsize n_pairs = g_variant_n_children (argument);
  DouChatPair *pairs = g_new (DouChatPair, n_pairs);

  for (gsize i = 0; i < n_pairs; i++)
    g_variant_get_child (argument, i, "(xx)", &pairs[i].user, &pairs[i].other);

  return pairs;
}

static void
got_latest_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) messages
      = dou_chat_manager_get_latest_finish (DOU_CHAT_MANAGER (source), result, &error);

  dou_call_reply (call, messages != NULL ? make_messages (messages) : NULL, error);
}

static gboolean
dou_chat_impl_handle_get_latest_messages (DouDBusChat1 *object, GDBusMethodInvocation *invocation,
                                          GVariant *argument)
{
  DouChatImpl *self = DOU_CHAT_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_CHAT_ITEMS_MAX);
  g_autofree DouChatPair *pairs = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  pairs = parse_pairs (argument);
  dou_chat_manager_get_latest_async (self->manager, pairs, (guint) g_variant_n_children (argument),
                                     NULL, got_latest_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* @page: (nullable) (element-type DouChatConversation): %NULL if it was not its turn */
static void
add_list (GVariantBuilder *builder, DouStatus status, GArray *page)
{
  if (status == DOU_STATUS_OK && page == NULL)
    status = DOU_STATUS_UNAVAILABLE;

  g_variant_builder_open (builder, G_VARIANT_TYPE ("(ia(xxxsxu))"));
  g_variant_builder_add (builder, "i", (gint32) status);
  g_variant_builder_open (builder, G_VARIANT_TYPE ("a(xxxsxu)"));
  for (guint i = 0; status == DOU_STATUS_OK && i < page->len; i++)
    {
      const DouChatConversation *conversation = &g_array_index (page, DouChatConversation, i);
      const DouMessage *latest = conversation->latest;

      g_variant_builder_add (builder, "(xxxsxu)", latest->id, latest->sender, latest->receiver,
                             latest->text, latest->time, (guint32) conversation->n_unread);
    }
  g_variant_builder_close (builder);
  g_variant_builder_close (builder);
}

/* A call for conversations. */
typedef struct
{
  DouCall *call;             /* (owned) */
  DouChatListQuery *queries; /* (owned) */
} List;

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree List *list = user_data;
  g_autoptr (DouCall) call = list->call;
  g_autofree DouChatListQuery *queries = list->queries;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) pages
      = dou_chat_manager_list_finish (DOU_CHAT_MANAGER (source), result, &error);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ia(xxxsxu))"));

  for (guint i = 0; pages != NULL && i < pages->len; i++)
    add_list (&builder, dou_chat_manager_check_list_query (&queries[i]),
              g_ptr_array_index (pages, i));

  dou_call_reply (call, pages != NULL ? g_variant_builder_end (&builder) : NULL, error);
}

static gboolean
dou_chat_impl_handle_get_conversations (DouDBusChat1 *object, GDBusMethodInvocation *invocation,
                                        GVariant *argument)
{
  DouChatImpl *self = DOU_CHAT_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_CHAT_ITEMS_MAX);
  gsize n_queries = g_variant_n_children (argument);
  List *list;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  list = g_new (List, 1);
  list->call = call;
  list->queries = g_new (DouChatListQuery, n_queries);
  for (gsize i = 0; i < n_queries; i++)
    g_variant_get_child (argument, i, "(xxu)", &list->queries[i].reader, &list->queries[i].below,
                         &list->queries[i].limit);

  dou_chat_manager_list_async (self->manager, list->queries, (guint) n_queries, NULL, listed_cb,
                               list);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
marked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_chat_manager_mark_read_finish (DOU_CHAT_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static gboolean
dou_chat_impl_handle_mark_read (DouDBusChat1 *object, GDBusMethodInvocation *invocation,
                                GVariant *argument)
{
  DouChatImpl *self = DOU_CHAT_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_CHAT_ITEMS_MAX);
  gsize n_marks = g_variant_n_children (argument);
  g_autofree DouChatMark *marks = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  marks = g_new (DouChatMark, n_marks);
  for (gsize i = 0; i < n_marks; i++)
    g_variant_get_child (argument, i, "(xxx)", &marks[i].reader, &marks[i].other, &marks[i].time);

  dou_chat_manager_mark_read_async (self->manager, marks, (guint) n_marks, NULL, marked_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
got_marks_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) times
      = dou_chat_manager_get_marks_finish (DOU_CHAT_MANAGER (source), result, &error);

  dou_call_reply_numbers (call, times, error);
}

static gboolean
dou_chat_impl_handle_get_read_marks (DouDBusChat1 *object, GDBusMethodInvocation *invocation,
                                     GVariant *argument)
{
  DouChatImpl *self = DOU_CHAT_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_CHAT_ITEMS_MAX);
  g_autofree DouChatPair *pairs = NULL;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  pairs = parse_pairs (argument);
  dou_chat_manager_get_marks_async (self->manager, pairs, (guint) g_variant_n_children (argument),
                                    NULL, got_marks_cb, call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statuses
      = dou_chat_manager_remove_users_finish (DOU_CHAT_MANAGER (source), result, &error);

  dou_call_reply_statuses (call, statuses, error);
}

static gboolean
dou_chat_impl_handle_remove_users (DouDBusChat1 *object, GDBusMethodInvocation *invocation,
                                   GVariant *argument)
{
  DouChatImpl *self = DOU_CHAT_IMPL (object);
  DouCall *call = dou_call_begin (self->service, self, invocation, argument, DOU_CHAT_ITEMS_MAX);
  const gint64 *users;
  gsize n_users;

  if (call == NULL)
    return G_DBUS_METHOD_INVOCATION_HANDLED;

  users = g_variant_get_fixed_array (argument, &n_users, sizeof (gint64));
  dou_chat_manager_remove_users_async (self->manager, users, (guint) n_users, NULL, removed_cb,
                                       call);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
messages_sent_cb (DouChatManager *manager, GPtrArray *messages, gpointer user_data)
{
  dou_dbus_chat1_emit_messages_sent (DOU_DBUS_CHAT1 (user_data), make_messages (messages));
}

static void
messages_read_cb (DouChatManager *manager, GArray *marks, gpointer user_data)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxx)"));

  for (guint i = 0; i < marks->len; i++)
    {
      const DouChatMark *mark = &g_array_index (marks, DouChatMark, i);

      g_variant_builder_add (&builder, "(xxx)", mark->reader, mark->other, mark->time);
    }

  dou_dbus_chat1_emit_messages_read (DOU_DBUS_CHAT1 (user_data), g_variant_builder_end (&builder));
}

static void
dou_chat_impl_dispose (GObject *object)
{
  DouChatImpl *self = DOU_CHAT_IMPL (object);

  g_clear_object (&self->manager);

  G_OBJECT_CLASS (dou_chat_impl_parent_class)->dispose (object);
}

static void
dou_chat_impl_class_init (DouChatImplClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_chat_impl_dispose;
  dou_call_span_install (G_DBUS_INTERFACE_SKELETON_CLASS (klass));
}

static void
dou_chat_impl_iface_init (DouDBusChat1Iface *iface)
{
  iface->handle_send_messages = dou_chat_impl_handle_send_messages;
  iface->handle_get_messages = dou_chat_impl_handle_get_messages;
  iface->handle_get_latest_messages = dou_chat_impl_handle_get_latest_messages;
  iface->handle_get_conversations = dou_chat_impl_handle_get_conversations;
  iface->handle_mark_read = dou_chat_impl_handle_mark_read;
  iface->handle_remove_users = dou_chat_impl_handle_remove_users;
  iface->handle_get_read_marks = dou_chat_impl_handle_get_read_marks;
}

static void
dou_chat_impl_init (DouChatImpl *self)
{
}

/**
 * dou_chat_impl_new:
 * @service: (transfer none): held while a call is under way; outlives the object
 * @manager: what is exported
 *
 * Returns: (transfer full): an object to be exported
 */
DouChatImpl *
dou_chat_impl_new (DouService *service, DouChatManager *manager)
{
  DouChatImpl *self;
  DouChatStore *store;

  g_return_val_if_fail (DOU_IS_SERVICE (service), NULL);
  g_return_val_if_fail (DOU_IS_CHAT_MANAGER (manager), NULL);

  store = dou_chat_manager_get_store (manager);
  self = g_object_new (DOU_TYPE_CHAT_IMPL, "version", DOU_VERSION, "engine",
                       dou_chat_store_get_engine (store), "schema-version",
                       dou_chat_store_get_schema_version (store), "start-time",
                       g_get_real_time () / 1000, NULL);
  self->service = service;
  self->manager = g_object_ref (manager);
  g_object_bind_property (manager, "message-count", self, "message-count", G_BINDING_SYNC_CREATE);
  g_signal_connect_object (manager, "messages-sent", G_CALLBACK (messages_sent_cb), self, 0);
  g_signal_connect_object (manager, "messages-read", G_CALLBACK (messages_read_cb), self, 0);
  return self;
}
