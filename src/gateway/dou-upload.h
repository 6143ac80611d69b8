/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-body-sink.h"
#include "gateway/dou-context.h"

G_BEGIN_DECLS

/* Form fields beside the file: the contract has two. */
#define DOU_UPLOAD_MAX_FIELDS 16
/* Bytes of one field: a title of 200 characters has at most 800, a token less than 1,000. */
#define DOU_UPLOAD_MAX_FIELD_LENGTH 4096

/* Files in one form. */
#define DOU_UPLOAD_MAX_FILES 2

/**
 * DouUploadFile:
 * @name: of the form's field
 * @max_size: bytes
 *
 * A file that may be in a form.
 */
typedef struct
{
  const char *name; /* (unowned) static */
  guint64 max_size;
} DouUploadFile;

/**
 * DouUpload:
 *
 * A body of multipart/form-data with files in it. Each goes to an unnamed one on disk as it arrives,
 * in the media directory; the other fields become parameters of the request.
 */
typedef struct _DouUpload DouUpload;

/* The body sink of a route whose user data is the #DouContext: one file, “data” or whatever it is
 * called, up to max-upload. */
extern const DouBodySinkClass dou_upload_sink_class;

/* What other body sinks are made of. */
DouUpload *dou_upload_new (DouRequest *request, DouContext *context, const DouUploadFile *files,
                           guint n_files, DouStatus *status);
DouStatus dou_upload_write (gpointer sink, const guint8 *data, gsize length);
DouStatus dou_upload_close (gpointer sink);
void dou_upload_free (gpointer sink);

int dou_upload_get_fd (DouUpload *self, guint file);
guint64 dou_upload_get_size (DouUpload *self, guint file);

G_END_DECLS
