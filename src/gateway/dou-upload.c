/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-context.h"
#include "gateway/dou-multipart-parser.h"
#include "gateway/dou-spool-file.h"
#include "gateway/dou-upload.h"

/* The part that is the file even if the client gives it no file name. */
#define FILE_PART "data"

struct _DouUpload
{
  DouRequest *request;        /* (unowned): it owns this */
  DouMultipartParser *parser; /* (owned) */
  char *directory;            /* (owned) */
  guint64 max_size;           /* bytes of the file */
  DouSpoolFile *file;         /* (owned) (nullable) */
  char *field_name;           /* (owned) (nullable) of the part that arrives; none for the file */
  GString *field_value;       /* (owned) */
  guint n_fields;
};

static DouStatus
begin_part (const char *name, const char *filename, gpointer user_data)
{
  DouUpload *self = user_data;
  DouStatus status = DOU_STATUS_OK;

  if (filename == NULL && !g_str_equal (name, FILE_PART))
    {
      if (++self->n_fields > DOU_UPLOAD_MAX_FIELDS)
        return DOU_STATUS_BAD_REQUEST;
      self->field_name = g_strdup (name);
      return DOU_STATUS_OK;
    }

  if (self->file != NULL)
    return DOU_STATUS_BAD_REQUEST;

  self->file = dou_spool_file_new (self->directory, self->max_size, &status);
  return status;
}

static DouStatus
write_part (const guint8 *data, gsize length, gpointer user_data)
{
  DouUpload *self = user_data;

  if (self->field_name == NULL)
    return dou_spool_file_write (self->file, data, length);

  if (length > DOU_UPLOAD_MAX_FIELD_LENGTH - self->field_value->len)
    return DOU_STATUS_TOO_LARGE;
  /* A parameter is a C string: a NUL would cut it off where nobody sees. */
  if (memchr (data, '\0', length) != NULL)
    return DOU_STATUS_BAD_REQUEST;

  g_string_append_len (self->field_value, (const char *) data, length);
  return DOU_STATUS_OK;
}

static DouStatus
end_part (gpointer user_data)
{
  DouUpload *self = user_data;
  g_autofree char *name = g_steal_pointer (&self->field_name);
  DouStatus status;

  if (name == NULL)
    return dou_spool_file_finish (self->file);

  status = dou_request_add_parameter (self->request, name, self->field_value->str);
  g_string_truncate (self->field_value, 0);
  return status;
}

static const DouMultipartHandler part_handler = { begin_part, write_part, end_part };

static gpointer
dou_upload_open (DouRequest *request, gpointer user_data, DouStatus *status)
{
  DouContext *context = user_data;
  SoupMessageHeaders *headers
      = soup_server_message_get_request_headers (dou_request_get_message (request));
  g_autofree DouUpload *self = g_new0 (DouUpload, 1);

  self->parser = dou_multipart_parser_new (soup_message_headers_get_one (headers, "Content-Type"),
                                           &part_handler, self);
  if (self->parser == NULL)
    {
      *status = DOU_STATUS_BAD_REQUEST;
      return NULL;
    }

  self->request = request;
  self->directory = g_build_filename (dou_config_get_string (context->config, DOU_CONFIG_STATE_DIR),
                                      "media", NULL);
  self->max_size = (guint64) dou_config_get_int64 (context->config, DOU_CONFIG_MAX_UPLOAD);
  self->field_value = g_string_new (NULL);
  return g_steal_pointer (&self);
}

static DouStatus
dou_upload_write (gpointer sink, const guint8 *data, gsize length)
{
  DouUpload *self = sink;

  return dou_multipart_parser_feed (self->parser, data, length);
}

static DouStatus
dou_upload_close (gpointer sink)
{
  DouUpload *self = sink;

  return dou_multipart_parser_finish (self->parser);
}

static void
dou_upload_free (gpointer sink)
{
  DouUpload *self = sink;

  dou_multipart_parser_free (self->parser);
  g_clear_pointer (&self->file, dou_spool_file_free);
  g_free (self->directory);
  g_free (self->field_name);
  g_string_free (self->field_value, TRUE);
  g_free (self);
}

const DouBodySinkClass dou_upload_sink_class = {
  .open = dou_upload_open,
  .write = dou_upload_write,
  .close = dou_upload_close,
  .free = dou_upload_free,
};

/**
 * dou_upload_get_fd:
 * @self: a complete upload
 *
 * Returns: the file, which @self owns and which has no name; -1 if none was sent, or an empty one
 */
int
dou_upload_get_fd (DouUpload *self)
{
  return dou_upload_get_size (self) > 0 ? dou_spool_file_get_fd (self->file) : -1;
}

/**
 * dou_upload_get_size:
 * @self: an upload
 *
 * Returns: bytes of the file so far; 0 if there is none
 */
guint64
dou_upload_get_size (DouUpload *self)
{
  return self->file != NULL ? dou_spool_file_get_size (self->file) : 0;
}
