/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-multipart-parser.h"
#include "gateway/dou-spool-file.h"
#include "gateway/dou-upload.h"

struct _DouUpload
{
  DouRequest *request;        /* (unowned): it owns this */
  DouMultipartParser *parser; /* (owned) */
  char *directory;            /* (owned) */
  DouUploadFile files[DOU_UPLOAD_MAX_FILES];
  DouSpoolFile *spooled[DOU_UPLOAD_MAX_FILES]; /* (owned) (nullable) what came of each */
  guint n_files;
  guint arriving;             /* which file the part that arrives is, if it has no field_name */
  char *field_name;           /* (owned) (nullable) of the part that arrives; none for a file */
  GString *field_value;       /* (owned) */
  guint n_fields;
};

/* A part with the name of a file is one, even if the client gives it no file name. In a form of a
 * single file that is what any part with a file name is. Returns n_files if it is none. */
static guint
dou_upload_find_file (DouUpload *self, const char *name, const char *filename)
{
  for (guint i = 0; i < self->n_files; i++)
    if (g_str_equal (name, self->files[i].name))
      return i;

  return filename != NULL && self->n_files == 1 ? 0 : self->n_files;
}

static DouStatus
begin_part (const char *name, const char *filename, gpointer user_data)
{
  DouUpload *self = user_data;
  DouStatus status = DOU_STATUS_OK;
  guint file = dou_upload_find_file (self, name, filename);

  if (file == self->n_files && filename == NULL)
    {
      if (++self->n_fields > DOU_UPLOAD_MAX_FIELDS)
        return DOU_STATUS_BAD_REQUEST;
      self->field_name = g_strdup (name);
      return DOU_STATUS_OK;
    }

  if (file == self->n_files || self->spooled[file] != NULL)
    return DOU_STATUS_BAD_REQUEST;

  self->arriving = file;
  self->spooled[file]
      = dou_spool_file_new (self->directory, self->files[file].max_size, &status);
  return status;
}

static DouStatus
write_part (const guint8 *data, gsize length, gpointer user_data)
{
  DouUpload *self = user_data;

  if (self->field_name == NULL)
    return dou_spool_file_write (self->spooled[self->arriving], data, length);

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
    return dou_spool_file_finish (self->spooled[self->arriving]);

  status = dou_request_add_parameter (self->request, name, self->field_value->str);
  g_string_truncate (self->field_value, 0);
  return status;
}

static const DouMultipartHandler part_handler = { begin_part, write_part, end_part };

/**
 * dou_upload_new:
 * @request: whose body is going to arrive
 * @context: has the configuration
 * @files: (array length=n_files): what there may be beside fields
 * @n_files: 1 to %DOU_UPLOAD_MAX_FILES
 * @status: (out): why there is none
 *
 * Returns: (transfer full) (nullable): an upload, or %NULL if the body is not multipart/form-data
 */
DouUpload *
dou_upload_new (DouRequest *request, DouContext *context, const DouUploadFile *files, guint n_files,
                DouStatus *status)
{
  SoupMessageHeaders *headers
      = dou_request_get_headers (request);
  g_autofree DouUpload *self = g_new0 (DouUpload, 1);

  g_return_val_if_fail (n_files >= 1 && n_files <= DOU_UPLOAD_MAX_FILES, NULL);

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
  memcpy (self->files, files, n_files * sizeof *files);
  self->n_files = n_files;
  self->field_value = g_string_new (NULL);
  return g_steal_pointer (&self);
}

static gpointer
open_data (DouRequest *request, gpointer user_data, DouStatus *status)
{
  DouContext *context = user_data;
  const DouUploadFile file
      = { "data", (guint64) dou_config_get_int64 (context->config, DOU_CONFIG_MAX_UPLOAD) };

  return dou_upload_new (request, context, &file, 1, status);
}

DouStatus
dou_upload_write (gpointer sink, const guint8 *data, gsize length)
{
  DouUpload *self = sink;

  return dou_multipart_parser_feed (self->parser, data, length);
}

DouStatus
dou_upload_close (gpointer sink)
{
  DouUpload *self = sink;

  return dou_multipart_parser_finish (self->parser);
}

void
dou_upload_free (gpointer sink)
{
  DouUpload *self = sink;

  dou_multipart_parser_free (self->parser);
  for (guint i = 0; i < self->n_files; i++)
    g_clear_pointer (&self->spooled[i], dou_spool_file_free);
  g_free (self->directory);
  g_free (self->field_name);
  g_string_free (self->field_value, TRUE);
  g_free (self);
}

const DouBodySinkClass dou_upload_sink_class = {
  .open = open_data,
  .write = dou_upload_write,
  .close = dou_upload_close,
  .free = dou_upload_free,
};

/**
 * dou_upload_get_fd:
 * @self: a complete upload
 * @file: which of its files, from 0
 *
 * Returns: the file, which @self owns and which has no name; -1 if none was sent, or an empty one
 */
int
dou_upload_get_fd (DouUpload *self, guint file)
{
  return dou_upload_get_size (self, file) > 0 ? dou_spool_file_get_fd (self->spooled[file]) : -1;
}

/**
 * dou_upload_get_size:
 * @self: an upload
 * @file: which of its files, from 0
 *
 * Returns: bytes of the file so far; 0 if there is none
 */
guint64
dou_upload_get_size (DouUpload *self, guint file)
{
  g_return_val_if_fail (file < self->n_files, 0);

  return self->spooled[file] != NULL ? dou_spool_file_get_size (self->spooled[file]) : 0;
}
