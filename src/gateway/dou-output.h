/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouFilePart:
 * @file: a descriptor, open for as long as the bytes exist
 * @offset: where in the file they begin
 *
 * Where the bytes of a body lie, so that the kernel can send them without a copy.
 */
typedef struct
{
  int file;
  guint64 offset;
} DouFilePart;

/**
 * DouOutput:
 * @head: what of the head is left to be sent
 * @body: the body, until all of it was sent
 * @part: where @body lies, if @has_part
 * @has_part: whether @body is part of a file
 * @body_offset: bytes of @body that were sent
 * @is_full: there was no room for all that was offered last
 *
 * An answer on its way to a socket.
 */
typedef struct
{
  GBytes *head; /* (owned) (nullable) */
  GBytes *body; /* (owned) (nullable) */
  DouFilePart part;
  gboolean has_part;
  gsize body_offset;
  gboolean is_full;
} DouOutput;

gssize dou_output_begin (DouOutput *self, int fd, const char *head, gsize length, GBytes *body,
                         const DouFilePart *part);
gssize dou_output_go_on (DouOutput *self, int fd);
gboolean dou_output_is_empty (DouOutput *self);
void dou_output_clear (DouOutput *self);

G_END_DECLS
