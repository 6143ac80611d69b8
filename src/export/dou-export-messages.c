/* SPDX-License-Identifier: Apache-2.0 */

/* messages.json. The conversations of a page begin with one call; those that are longer than its pages, or
 * whose turn did not come before the reply was full, go on one by one. */

#include "config.h"

#include "common/dou-status.h"
#include "export/dou-export-private.h"

/* The most that GetConversations answers with at a time. */
#define CONVERSATIONS 100
/* Of one conversation at a time. */
#define MESSAGES 500
/* A time above which all messages are: with 0 the newest would be meant. */
#define BEGINNING 1

static GVariant *
make_query (DouExport *self, gint64 other, gint64 after)
{
  return g_variant_new ("(xxxbu)", self->request->user, other, after, TRUE, MESSAGES);
}

static void
write_message (DouExport *self, GVariant *message, gint64 *time)
{
  DouExportJson *json = &self->json;
  gint64 id, sender;
  const char *text;

  g_variant_get (message, "(xxx&sx)", &id, &sender, NULL, &text, time);
  dou_export_json_begin (json, NULL, '{');
  dou_export_json_number (json, "id", id);
  dou_export_json_number (json, "from", sender);
  dou_export_json_string (json, "text", text);
  dou_export_json_time (json, "sent_at", *time);
  dou_export_json_end (json, '}');
}

/* Returns: whether there may be more after @after, which goes on */
static gboolean
write_page (DouExport *self, GVariant *page, gint64 *after)
{
  g_autoptr (GVariant) messages = NULL;
  gint32 status;
  gsize n;

  g_variant_get (page, "(i@a(xxxsx))", &status, &messages);
  n = g_variant_n_children (messages);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) message = g_variant_get_child_value (messages, i);

      write_message (self, message, after);
    }
  self->n_records += n;
  return status == DOU_STATUS_UNAVAILABLE || n == MESSAGES;
}

/* @page: (transfer none): how it begins */
static gboolean
write_conversation (DouExport *self, gint64 other, const char *name, GVariant *page, GError **error)
{
  gint64 after = BEGINNING;
  gboolean is_long;

  dou_export_json_begin (&self->json, NULL, '{');
  dou_export_write_user (self, "with", other, name);
  dou_export_json_begin (&self->json, "messages", '[');
  is_long = write_page (self, page, &after);
  while (is_long)
    {
      GVariant *query = make_query (self, other, after);
      g_autoptr (GVariant) pages
          = dou_export_call (self, "Chat", "Chat1", "GetMessages",
                             g_variant_new_array (NULL, &query, 1), "a(ia(xxxsx))", error);
      g_autoptr (GVariant) next = NULL;

      if (pages == NULL || !dou_export_end_page (self, error))
        return FALSE;

      next = g_variant_get_child_value (pages, 0);
      is_long = write_page (self, next, &after);
    }
  dou_export_json_end (&self->json, ']');
  dou_export_json_end (&self->json, '}');
  return dou_export_end_page (self, error);
}

/* The others of @conversations, as their latest messages tell. Returns: (transfer full) (element-type gint64) */
static GArray *
list_others (DouExport *self, GVariant *conversations, gint64 *below)
{
  GArray *others = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (gsize i = 0; i < g_variant_n_children (conversations); i++)
    {
      gint64 sender, receiver;

      g_variant_get_child (conversations, i, "(xxx&sxu)", below, &sender, &receiver, NULL, NULL,
                           NULL);
      g_array_append_val (others, *(sender == self->request->user ? &receiver : &sender));
    }

  return others;
}

static gboolean
write_conversations (DouExport *self, GArray *others, GError **error)
{
  GVariantBuilder queries = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxxbu)"));
  g_autoptr (GVariant) pages = NULL;
  g_autoptr (GVariant) users = NULL;

  for (guint i = 0; i < others->len; i++)
    g_variant_builder_add_value (
        &queries, make_query (self, g_array_index (others, gint64, i), BEGINNING));
  pages = dou_export_call (self, "Chat", "Chat1", "GetMessages", g_variant_builder_end (&queries),
                           "a(ia(xxxsx))", error);
  if (pages != NULL)
    users = dou_export_get_users (self,
                                  g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, others->data,
                                                             others->len, sizeof (gint64)),
                                  error);
  if (users == NULL)
    return FALSE;

  for (guint i = 0; i < others->len; i++)
    {
      g_autoptr (GVariant) page = g_variant_get_child_value (pages, i);
      const char *name;

      g_variant_get_child (users, i, "(ix&s&s&s&s)", NULL, NULL, &name, NULL, NULL, NULL);
      if (!write_conversation (self, g_array_index (others, gint64, i), name, page, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
dou_export_messages (DouExport *self, GError **error)
{
  gint64 below = 0;
  guint n;

  dou_export_json_begin (&self->json, NULL, '[');
  do
    {
      g_autoptr (GVariant) pages = dou_export_call (
          self, "Chat", "Chat1", "GetConversations",
          dou_export_make_page (self->request->user, below, CONVERSATIONS), "a(ia(xxxsxu))", error);
      g_autoptr (GVariant) conversations = NULL;
      g_autoptr (GArray) others = NULL;

      if (pages == NULL)
        return FALSE;

      g_variant_get_child (pages, 0, "(i@a(xxxsxu))", NULL, &conversations);
      others = list_others (self, conversations, &below);
      n = others->len;
      if (n > 0 && !write_conversations (self, others, error))
        return FALSE;
    }
  while (n == CONVERSATIONS);
  dou_export_json_end (&self->json, ']');
  return TRUE;
}
