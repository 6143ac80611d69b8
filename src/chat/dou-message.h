/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouMessage:
 *
 * What one user wrote to another. Counted references; not changed any more once it has its time.
 */
typedef struct
{
  gint64 id;
  gint64 sender;
  gint64 receiver;
  gint64 time;      /* milliseconds since 1970-01-01 UTC; 0 until it is stored */
  char *text;       /* (owned) as it came */
  char *request_id; /* (owned) (nullable) what the client of the sender calls it; not read back */
} DouMessage;

DouMessage *dou_message_new (gint64 id, gint64 sender, gint64 receiver, const char *text);
DouMessage *dou_message_ref (DouMessage *self);
void dou_message_unref (DouMessage *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouMessage, dou_message_unref)

G_END_DECLS
