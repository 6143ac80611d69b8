/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-body-sink.h"

G_BEGIN_DECLS

/* Form fields beside the file: the contract has two. */
#define DOU_UPLOAD_MAX_FIELDS 16
/* Bytes of one field: a title of 200 characters has at most 800, a token less than 1,000. */
#define DOU_UPLOAD_MAX_FIELD_LENGTH 4096

/**
 * DouUpload:
 *
 * A body of multipart/form-data with one file in it. The file goes to an unnamed one on disk as it
 * arrives, in the media directory; the other fields become parameters of the request.
 */
typedef struct _DouUpload DouUpload;

/* The body sink of a route whose user data is the #DouContext. */
extern const DouBodySinkClass dou_upload_sink_class;

int dou_upload_get_fd (DouUpload *self);
guint64 dou_upload_get_size (DouUpload *self);

G_END_DECLS
