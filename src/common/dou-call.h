/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gunixfdlist.h>

#include "common/dou-caller.h"
#include "common/dou-reply-cache.h"
#include "common/dou-service.h"

G_BEGIN_DECLS

typedef struct _DouCall DouCall;

/**
 * DouCallActFunc:
 * @call: (transfer full): a call
 * @caller: who made it
 *
 * Does what a call is about.
 */
typedef void (*DouCallActFunc) (DouCall *call, const DouCaller *caller);

/**
 * DouCall:
 * @object: (owned): whose method is called
 * @argument: (owned) (nullable): its items; of dou_call_recall(), those that were not remembered
 * @data: (unowned) (nullable): the handler's own, static
 *
 * What a method that was called needs until its reply.
 */
struct _DouCall
{
  gpointer object;
  GVariant *argument;
  gconstpointer data;

  /*< private >*/
  DouService *service;               /* (unowned) held; outlives what it exports */
  GDBusMethodInvocation *invocation; /* (owned) until the reply, which takes it */
  DouReplyFetch *fetch;              /* (owned) (nullable) whose rest is the argument */
  DouCallActFunc act;                /* (nullable) when it is known who calls */
};

DouCall *dou_call_begin (DouService *service, gpointer object, GDBusMethodInvocation *invocation,
                         GVariant *argument, gsize max);
gboolean dou_call_recall (DouCall *self, DouReplyCache *cache, const char *type);
void dou_call_identify (DouCall *self, DouCallActFunc act);
void dou_call_free (DouCall *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouCall, dou_call_free)

void dou_call_reply (DouCall *self, GVariant *value, const GError *error);
void dou_call_reply_statuses (DouCall *self, GArray *statuses, const GError *error);
void dou_call_reply_numbers (DouCall *self, GArray *numbers, const GError *error);

int dou_call_get_fd (GUnixFDList *files, gint32 handle);

G_END_DECLS
