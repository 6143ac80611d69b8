/* SPDX-License-Identifier: Apache-2.0 */

/* A call over the bus, in its trace.
 *
 * The end that calls has a span of its own, and sends its place along (dou-call-requests.c). At the end that
 * is called, the handlers of a skeleton run in the name of the requests that a call is for, and at the call's
 * place in its trace. The span of a call that is to be seen hangs on its invocation, and ends with that, when
 * the reply has been given to the bus.
 *
 * The generated skeletons call their handlers by a signal, which has nothing before and after it, so
 * this stands in front of their table of functions.
 */

#include "config.h"

#include "common/dou-call-requests.h"
#include "common/dou-call-span.h"
#include "common/dou-log.h"
#include "common/dou-trace.h"

static G_DEFINE_QUARK (dou-call-span, dou_call_span)

/* The generated class above the one of the object. */
static const GDBusInterfaceVTable *
get_generated (gpointer skeleton)
{
  GDBusInterfaceSkeletonClass *parent
      = g_type_class_peek_parent (G_OBJECT_GET_CLASS (G_OBJECT (skeleton)));

  return parent->get_vtable (skeleton);
}

static DouSpan *
begin_end (const DouTraceContext *parent, DouSpanKind kind, const char *interface,
           const char *method, gsize n_items)
{
  DouSpan *span = dou_trace_begin (parent, kind, NULL);

  if (span == NULL)
    return NULL;

  dou_span_take_name (span, g_strconcat (interface, "/", method, NULL));
  dou_span_add_text (span, "rpc.system", "dbus");
  dou_span_add_text (span, "rpc.service", interface);
  dou_span_add_text (span, "rpc.method", method);
  dou_span_add_number (span, "doutok.batch.items", (gint64) n_items);
  return span;
}

/**
 * dou_call_span_begin:
 * @parent: (nullable): for what it is called; %NULL if nobody wants to see it
 * @interface: of @method
 * @method: that is called
 * @n_items: how many it is called with
 *
 * Returns: (transfer full) (nullable): the span of the end that calls
 */
DouSpan *
dou_call_span_begin (const DouTraceContext *parent, const char *interface, const char *method,
                     gsize n_items)
{
  return begin_end (parent, DOU_SPAN_CLIENT, interface, method, n_items);
}

static DouSpan *
begin_span (GDBusMethodInvocation *invocation)
{
  const DouTraceContext *trace = dou_call_requests_get_trace (invocation);
  DouSpan *span;

  if (trace == NULL)
    return NULL;

  span = begin_end (trace, DOU_SPAN_SERVER, g_dbus_method_invocation_get_interface_name (invocation),
                    g_dbus_method_invocation_get_method_name (invocation), trace->n_items);
  if (span != NULL)
    g_object_set_qdata_full (G_OBJECT (invocation), dou_call_span_quark (), span,
                             (GDestroyNotify) dou_trace_end);
  return span;
}

static void
method_call_cb (GDBusConnection *connection, const char *sender, const char *object_path,
                const char *interface, const char *method, GVariant *parameters,
                GDBusMethodInvocation *invocation, gpointer user_data)
{
  /* The handler may reply at once, and with the reply all that hangs on the invocation goes. */
  g_autoptr (GDBusMethodInvocation) held = g_object_ref (invocation);
  const char *requests = dou_log_name_requests (dou_call_requests_get (invocation));
  const DouTraceContext *trace = dou_trace_enter (dou_span_get_context (begin_span (invocation)));

  get_generated (user_data)->method_call (connection, sender, object_path, interface, method,
                                          parameters, invocation, user_data);
  dou_trace_enter (trace);
  dou_log_name_requests (requests);
}

static GVariant *
get_property_cb (GDBusConnection *connection, const char *sender, const char *object_path,
                 const char *interface, const char *property, GError **error, gpointer user_data)
{
  return get_generated (user_data)->get_property (connection, sender, object_path, interface,
                                                  property, error, user_data);
}

static gboolean
set_property_cb (GDBusConnection *connection, const char *sender, const char *object_path,
                 const char *interface, const char *property, GVariant *value, GError **error,
                 gpointer user_data)
{
  return get_generated (user_data)->set_property (connection, sender, object_path, interface,
                                                  property, value, error, user_data);
}

static GDBusInterfaceVTable *
get_vtable (GDBusInterfaceSkeleton *skeleton)
{
  static GDBusInterfaceVTable vtable = { method_call_cb, get_property_cb, set_property_cb };

  return &vtable;
}

/**
 * dou_call_span_install:
 * @klass: derived from a generated skeleton, and the parent of no other
 *
 * To be called when the class is made.
 */
void
dou_call_span_install (GDBusInterfaceSkeletonClass *klass)
{
  klass->get_vtable = get_vtable;
}

/**
 * dou_call_span_fail:
 * @invocation: a call that is answered with an error
 * @complaint: why
 */
void
dou_call_span_fail (GDBusMethodInvocation *invocation, const char *complaint)
{
  dou_span_fail (g_object_get_qdata (G_OBJECT (invocation), dou_call_span_quark ()), complaint);
}
