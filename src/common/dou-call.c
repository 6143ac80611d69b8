/* SPDX-License-Identifier: Apache-2.0 */

/* A call over the bus, at the end that is called, from its arrival to its reply.
 *
 * Methods are alike: an array of items in, one value out. So all that stands around the work of a handler
 * stands here: that too many items are refused, that an orderly end waits for the reply, what may be
 * answered from memory, who calls, and how an error leaves the process.
 *
 * Replies do not go through the generated functions, of which there is one a method: GDBus compares the
 * type of a value with the description of the interface anyway.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-call-requests.h"
#include "common/dou-call-span.h"
#include "common/dou-call.h"
#include "common/dou-log.h"
#include "common/dou-status.h"

/* Arrays of either are sent as they are. */
G_STATIC_ASSERT (sizeof (DouStatus) == sizeof (gint32));

/**
 * dou_call_begin:
 * @service: (transfer none): held until the reply; outlives @object
 * @object: whose method is called
 * @invocation: (transfer full): the call
 * @argument: (nullable): its items
 * @max: the most items
 *
 * Returns: (transfer full) (nullable): a call; or %NULL if there are more items, which was answered
 */
DouCall *
dou_call_begin (DouService *service, gpointer object, GDBusMethodInvocation *invocation,
                GVariant *argument, gsize max)
{
  DouCall *self;

  if (argument != NULL && g_variant_n_children (argument) > max)
    {
      g_dbus_method_invocation_return_error (invocation, DOU_ERROR, DOU_STATUS_TOO_LARGE,
                                             "More than %" G_GSIZE_FORMAT " items", max);
      return NULL;
    }

  self = g_new0 (DouCall, 1);
  self->service = service;
  self->object = g_object_ref (object);
  self->invocation = invocation;
  self->argument = argument != NULL ? g_variant_ref (argument) : NULL;
  dou_service_hold (service);
  return self;
}

/**
 * dou_call_recall:
 * @self: a call whose argument is ids
 * @cache: of its method
 * @type: of the value that it is answered with
 *
 * Leaves in the argument what has to be asked for; what is remembered joins the reply.
 *
 * Returns: whether that was all, and the call has been answered
 */
gboolean
dou_call_recall (DouCall *self, DouReplyCache *cache, const char *type)
{
  GVariant *missing;

  self->fetch = dou_reply_cache_begin (cache, self->argument);
  missing = g_variant_ref (dou_reply_fetch_get_missing (self->fetch));
  g_variant_unref (self->argument);
  self->argument = missing;
  if (g_variant_n_children (missing) > 0)
    return FALSE;

  dou_call_reply (
      self, g_variant_new_array (g_variant_type_element (G_VARIANT_TYPE (type)), NULL, 0), NULL);
  return TRUE;
}

static void
identified_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DouCall) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouCaller) caller = dou_caller_identify_finish (result, &error);
  DouCallActFunc act = self->act;

  if (caller != NULL)
    act (g_steal_pointer (&self), caller);
  else
    dou_call_reply (self, NULL, error);
}

/**
 * dou_call_identify:
 * @self: (transfer full): a call
 * @act: what is to be done when it is known who calls
 */
void
dou_call_identify (DouCall *self, DouCallActFunc act)
{
  self->act = act;
  dou_caller_identify_async (self->invocation, identified_cb, self);
}

/**
 * dou_call_free:
 * @self: a call that was answered
 */
void
dou_call_free (DouCall *self)
{
  g_assert (self->invocation == NULL);

  dou_service_release (self->service);
  g_clear_pointer (&self->fetch, dou_reply_fetch_free);
  g_clear_pointer (&self->argument, g_variant_unref);
  g_object_unref (self->object);
  g_free (self);
}

/* Only DOU_ERROR leaves the process. */
static void
dou_call_fail (DouCall *self, const GError *error)
{
  DouStatus status = dou_status_from_error (error);

  dou_call_span_fail (self->invocation, error->message);
  if (status == DOU_STATUS_INTERNAL)
    {
      dou_log_name_requests (dou_call_requests_get (self->invocation));
      g_warning ("%s: %s", g_dbus_method_invocation_get_method_name (self->invocation),
                 error->message);
      dou_log_name_requests (NULL);
    }

  g_dbus_method_invocation_return_error_literal (g_steal_pointer (&self->invocation), DOU_ERROR,
                                                 (gint) status, error->message);
}

/**
 * dou_call_reply:
 * @self: a call that was not answered
 * @value: (nullable): what it is answered with, floating or not
 * @error: (nullable): what it is answered with if there is no value
 */
void
dou_call_reply (DouCall *self, GVariant *value, const GError *error)
{
  if (value == NULL)
    {
      dou_call_fail (self, error);
      return;
    }

  if (self->fetch != NULL)
    value = dou_reply_fetch_end (self->fetch, value);
  g_dbus_method_invocation_return_value (g_steal_pointer (&self->invocation),
                                         g_variant_new_tuple (&value, 1));
}

/**
 * dou_call_reply_statuses:
 * @self: a call that was not answered
 * @statuses: (nullable) (element-type DouStatus): what it is answered with
 * @error: (nullable): what it is answered with if there are none
 */
void
dou_call_reply_statuses (DouCall *self, GArray *statuses, const GError *error)
{
  dou_call_reply (self,
                  statuses != NULL
                      ? g_variant_new_fixed_array (G_VARIANT_TYPE_INT32, statuses->data,
                                                   statuses->len, sizeof (gint32))
                      : NULL,
                  error);
}

/**
 * dou_call_reply_numbers:
 * @self: a call that was not answered
 * @numbers: (nullable) (element-type gint64): what it is answered with
 * @error: (nullable): what it is answered with if there are none
 */
void
dou_call_reply_numbers (DouCall *self, GArray *numbers, const GError *error)
{
  dou_call_reply (self,
                  numbers != NULL
                      ? g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, numbers->data,
                                                   numbers->len, sizeof (gint64))
                      : NULL,
                  error);
}

/**
 * dou_call_get_fd:
 * @files: (nullable): the descriptors that came with a call
 * @handle: an index into them, or not: both are the caller's, and may not fit
 *
 * Returns: a descriptor of @files; or -1
 */
int
dou_call_get_fd (GUnixFDList *files, gint32 handle)
{
  int n_fds = 0;
  const int *fds = files != NULL ? g_unix_fd_list_peek_fds (files, &n_fds) : NULL;

  return handle >= 0 && handle < n_fds ? fds[handle] : -1;
}
