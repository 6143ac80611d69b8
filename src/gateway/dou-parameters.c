/* SPDX-License-Identifier: Apache-2.0 */

/* Parameters, from all the places where clients of this family put them. One that cannot be read is
 * an error of the request as a whole: guessing would make `user_id=%zz` mean "no user_id", which is
 * the caller itself. */

#include "config.h"

#include <string.h>

#include "gateway/dou-multipart-parser.h"
#include "gateway/dou-parameters.h"

#define FORM_TYPE "application/x-www-form-urlencoded"
#define MULTIPART_TYPE "multipart/form-data"

void
dou_parameters_init (DouParameters *self)
{
  self->n_items = 0;
  self->texts = NULL;
}

void
dou_parameters_clear (DouParameters *self)
{
  g_slist_free_full (g_steal_pointer (&self->texts), g_free);
  self->n_items = 0;
}

/* Both texts belong to `texts` already. A nameless value is nothing that anyone could ask for. */
static DouStatus
dou_parameters_append (DouParameters *self, const char *name, const char *value)
{
  if (*name == '\0')
    return DOU_STATUS_OK;
  if (self->n_items == DOU_PARAMETERS_MAX || !g_utf8_validate (name, -1, NULL)
      || !g_utf8_validate (value, -1, NULL))
    return DOU_STATUS_BAD_PARAMETER;

  self->items[self->n_items].name = name;
  self->items[self->n_items].value = value;
  self->n_items++;
  return DOU_STATUS_OK;
}

/**
 * dou_parameters_add:
 * @self: parameters
 * @name: copied
 * @value: copied
 *
 * Returns: %DOU_STATUS_BAD_PARAMETER if there are too many, or one is not UTF-8
 */
DouStatus
dou_parameters_add (DouParameters *self, const char *name, const char *value)
{
  char *own_name = g_strdup (name);
  char *own_value = g_strdup (value);

  self->texts = g_slist_prepend (self->texts, own_name);
  self->texts = g_slist_prepend (self->texts, own_value);
  return dou_parameters_append (self, own_name, own_value);
}

/* In place; it only ever gets shorter. */
static gboolean
unescape (char *text)
{
  char *to = text;

  for (const char *from = text; *from != '\0'; from++, to++)
    if (*from == '+')
      *to = ' ';
    else if (*from != '%')
      *to = *from;
    else
      {
        int high = g_ascii_xdigit_value (from[1]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value (from[2]);

        if (low < 0 || (high == 0 && low == 0))
          return FALSE;
        *to = (char) (high << 4 | low);
        from += 2;
      }

  *to = '\0';
  return TRUE;
}

/**
 * dou_parameters_add_form:
 * @self: parameters
 * @form: `name=value&name=value`, escaped as in a query; need not end in NUL
 * @length: bytes of @form
 *
 * Returns: %DOU_STATUS_BAD_PARAMETER if there are too many, or one is badly escaped or not UTF-8
 */
DouStatus
dou_parameters_add_form (DouParameters *self, const char *form, gsize length)
{
  char *rest;

  if (memchr (form, '\0', length) != NULL)
    return DOU_STATUS_BAD_PARAMETER;

  rest = g_strndup (form, length);
  self->texts = g_slist_prepend (self->texts, rest);
  while (rest != NULL)
    {
      char *name = strsep (&rest, "&");
      char *value = name;
      DouStatus status;

      strsep (&value, "=");
      if (!unescape (name) || (value != NULL && !unescape (value)))
        return DOU_STATUS_BAD_PARAMETER;

      status = dou_parameters_append (self, name, value != NULL ? value : "");
      if (status != DOU_STATUS_OK)
        return status;
    }

  return DOU_STATUS_OK;
}

/* A field of a multipart body on its way in. */
typedef struct
{
  DouParameters *parameters; /* (unowned) */
  char *name;                /* (owned) (nullable) NULL in a file, which is skipped */
  GString *value;            /* (owned) */
} Field;

static DouStatus
begin_cb (const char *name, const char *filename, gpointer user_data)
{
  Field *field = user_data;

  field->name = filename == NULL ? g_strdup (name) : NULL;
  g_string_truncate (field->value, 0);
  return DOU_STATUS_OK;
}

static DouStatus
data_cb (const guint8 *data, gsize length, gpointer user_data)
{
  Field *field = user_data;

  if (field->name != NULL)
    g_string_append_len (field->value, (const char *) data, length);
  return DOU_STATUS_OK;
}

static DouStatus
end_cb (gpointer user_data)
{
  Field *field = user_data;
  g_autofree char *name = g_steal_pointer (&field->name);

  if (name == NULL)
    return DOU_STATUS_OK;
  if (memchr (field->value->str, '\0', field->value->len) != NULL)
    return DOU_STATUS_BAD_PARAMETER;

  return dou_parameters_add (field->parameters, name, field->value->str);
}

static DouStatus
dou_parameters_add_multipart (DouParameters *self,
                              const char *content_type,
                              const guint8 *body,
                              gsize length)
{
  static const DouMultipartHandler handler = { begin_cb, data_cb, end_cb };
  g_autoptr (GString) value = g_string_new (NULL);
  Field field = { self, NULL, value };
  g_autoptr (DouMultipartParser) parser = dou_multipart_parser_new (content_type, &handler, &field);
  DouStatus status = DOU_STATUS_BAD_REQUEST;

  if (parser != NULL)
    status = dou_multipart_parser_feed (parser, body, length);
  if (status == DOU_STATUS_OK)
    status = dou_multipart_parser_finish (parser);

  g_free (field.name);
  return status;
}

static gboolean
has_media_type (const char *content_type, const char *media_type)
{
  gsize length = strlen (media_type);

  return g_ascii_strncasecmp (content_type, media_type, length) == 0
         && strchr ("; \t", content_type[length]) != NULL;
}

/**
 * dou_parameters_add_body:
 * @self: parameters
 * @content_type: (nullable): of the body
 * @body: the whole body
 * @length: bytes of @body
 *
 * Adds the fields of a form. A body of another type has none, and files in a form are passed over.
 *
 * Returns: %DOU_STATUS_BAD_REQUEST for a malformed multipart body, %DOU_STATUS_BAD_PARAMETER as the
 *   other functions here
 */
DouStatus
dou_parameters_add_body (DouParameters *self,
                         const char *content_type,
                         const guint8 *body,
                         gsize length)
{
  if (content_type == NULL)
    return DOU_STATUS_OK;
  if (has_media_type (content_type, FORM_TYPE))
    return dou_parameters_add_form (self, (const char *) body, length);
  if (has_media_type (content_type, MULTIPART_TYPE))
    return dou_parameters_add_multipart (self, content_type, body, length);

  return DOU_STATUS_OK;
}

/**
 * dou_parameters_get:
 * @self: parameters
 * @name: of one
 *
 * Returns: (transfer none) (nullable): its value, or %NULL if it was not sent
 */
const char *
dou_parameters_get (const DouParameters *self, const char *name)
{
  for (guint i = 0; i < self->n_items; i++)
    if (strcmp (self->items[i].name, name) == 0)
      return self->items[i].value;

  return NULL;
}
