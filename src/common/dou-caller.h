/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouCaller:
 * @uid: whose process it is that called
 * @login: (owned): name of the account that somebody logged in to the machine with, before becoming
 *   @uid; that of @uid if that is not known
 *
 * Who made a call over the private bus.
 */
typedef struct
{
  gint64 uid;
  char *login;
} DouCaller;

void dou_caller_identify_async (GDBusMethodInvocation *invocation, GAsyncReadyCallback callback,
                                gpointer user_data);
DouCaller *dou_caller_identify_finish (GAsyncResult *result, GError **error);
void dou_caller_free (DouCaller *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouCaller, dou_caller_free)

G_END_DECLS
