/* SPDX-License-Identifier: Apache-2.0 */

/* What clients say, as JSON:
 *
 *     {"ref": 1, "type": "send", "to_user_id": 7, "content": "…", "request_id": "…"}
 *     {"ref": 2, "type": "read", "user_id": 7, "time": 1750000000000}
 *
 * Members that are not known are passed over, so that a newer client may say more. None of those
 * that are known is an array or an object: text with one inside the other is refused before
 * json-glib sees it, whose recursion has no bound. */

#include "config.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "gateway/dou-integer.h"
#include "gateway/dou-websocket-command.h"

/* The longest reference, in bytes. */
#define MAX_REF 64

/* Above this a double does not hold all whole numbers. */
#define MAX_EXACT ((double) (G_GINT64_CONSTANT (1) << 53))

/* Whether there is no array, no object but the outermost, and nothing that only json-glib takes for
 * JSON, such as comments, in which quotation marks would mean something else. */
static gboolean
is_flat (const char *text, gsize length)
{
  gboolean in_string = FALSE;
  guint n_objects = 0;

  for (gsize i = 0; i < length; i++)
    if (in_string && text[i] == '\\')
      i++;
    else if (text[i] == '"')
      in_string = !in_string;
    else if (in_string)
      continue;
    else if (text[i] == '{')
      n_objects++;
    else if (!g_ascii_isalnum (text[i]) && strchr ("}:,+-. \t\r\n", text[i]) == NULL)
      return FALSE;

  return n_objects == 1;
}

static JsonObject *
parse_object (JsonParser *parser, const char *text, gsize length)
{
  JsonNode *root;

  if (!is_flat (text, length) || !json_parser_load_from_data (parser, text, (gssize) length, NULL))
    return NULL;

  root = json_parser_get_root (parser);
  return root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
}

static const char *
get_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;

  return json_node_get_string (node);
}

/* As in HTTP: 7, 7.0, 7e0 and "7" are the same. */
static gboolean
get_integer (JsonObject *object, const char *name, gint64 *value)
{
  JsonNode *node = json_object_get_member (object, name);
  const char *text = get_string (object, name);
  double number;

  if (text != NULL)
    return dou_integer_parse (text, value);
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return FALSE;

  if (json_node_get_value_type (node) == G_TYPE_INT64)
    {
      *value = json_node_get_int (node);
      return TRUE;
    }

  number = json_node_get_value_type (node) == G_TYPE_DOUBLE ? json_node_get_double (node) : NAN;
  if (!(fabs (number) <= MAX_EXACT) || number != floor (number))
    return FALSE;

  *value = (gint64) number;
  return TRUE;
}

/* Returns: (transfer full): JSON of the reference, or NULL if it is none */
static char *
make_ref (JsonObject *object)
{
  g_auto (DouJsonWriter) writer = { 0 };
  JsonNode *node = json_object_get_member (object, "ref");
  const char *text = get_string (object, "ref");

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return g_strdup ("null");
  if (text != NULL && strlen (text) > MAX_REF)
    return NULL;

  dou_json_writer_init (&writer, MAX_REF);
  if (text != NULL && g_utf8_validate (text, -1, NULL))
    dou_json_writer_string (&writer, text);
  else if (json_node_get_value_type (node) == G_TYPE_INT64)
    dou_json_writer_int64 (&writer, json_node_get_int (node));
  else
    return NULL;

  return dou_json_writer_steal (&writer, NULL);
}

static DouStatus
dou_websocket_command_read (DouWebsocketCommand *self, JsonObject *object)
{
  const char *type = get_string (object, "type");
  const char *content = get_string (object, "content");
  const char *request_id = get_string (object, "request_id");

  self->content = g_strdup (content != NULL ? content : "");
  self->request_id = g_strdup (request_id != NULL ? request_id : "");
  if (g_strcmp0 (type, "send") == 0)
    {
      self->verb = DOU_WEBSOCKET_SEND;
      if (!get_integer (object, "to_user_id", &self->user))
        return DOU_STATUS_BAD_PARAMETER;
    }
  else if (g_strcmp0 (type, "read") == 0)
    {
      self->verb = DOU_WEBSOCKET_READ;
      if (!get_integer (object, "user_id", &self->user)
          || !get_integer (object, "time", &self->time))
        return DOU_STATUS_BAD_PARAMETER;
    }
  else
    return DOU_STATUS_BAD_PARAMETER;

  /* An escape can stand for half a character, which cannot travel over the bus. */
  if (!g_utf8_validate (self->content, -1, NULL))
    return DOU_STATUS_BAD_TEXT;
  if (!g_utf8_validate (self->request_id, -1, NULL))
    return DOU_STATUS_BAD_PARAMETER;

  return DOU_STATUS_OK;
}

/**
 * dou_websocket_command_parse:
 * @self: (out caller-allocates): a command; to be cleared, also if there is an error. @ref is
 * always set
 * @text: from a client
 * @length: bytes of @text
 *
 * Returns: %DOU_STATUS_OK; %DOU_STATUS_BAD_REQUEST if this is no JSON object, or
 *   %DOU_STATUS_BAD_PARAMETER or %DOU_STATUS_BAD_TEXT if it does not say what it must
 */
DouStatus
dou_websocket_command_parse (DouWebsocketCommand *self, const char *text, gsize length)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  JsonObject *object;
  DouStatus status;

  memset (self, 0, sizeof *self);
  object = parse_object (parser, text, length);
  if (object != NULL)
    self->ref = make_ref (object);

  if (object == NULL)
    status = DOU_STATUS_BAD_REQUEST;
  else if (self->ref == NULL)
    status = DOU_STATUS_BAD_PARAMETER;
  else
    status = dou_websocket_command_read (self, object);

  if (self->ref == NULL)
    self->ref = g_strdup ("null");
  return status;
}

void
dou_websocket_command_clear (DouWebsocketCommand *self)
{
  g_clear_pointer (&self->ref, g_free);
  g_clear_pointer (&self->content, g_free);
  g_clear_pointer (&self->request_id, g_free);
}
