/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "chat/dou-message.h"

/**
 * dou_message_new:
 * @id: made by the caller, unique
 * @sender: a user
 * @receiver: another user
 * @text: what was written
 *
 * Returns: (transfer full): a message without time and request id
 */
DouMessage *
dou_message_new (gint64 id, gint64 sender, gint64 receiver, const char *text)
{
  DouMessage *self = g_atomic_rc_box_new0 (DouMessage);

  self->id = id;
  self->sender = sender;
  self->receiver = receiver;
  self->text = g_strdup (text);
  return self;
}

DouMessage *
dou_message_ref (DouMessage *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DouMessage *self = data;

  g_free (self->text);
  g_free (self->request_id);
}

/**
 * dou_message_unref:
 * @self: (transfer full) (nullable): a message
 */
void
dou_message_unref (DouMessage *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, clear);
}
