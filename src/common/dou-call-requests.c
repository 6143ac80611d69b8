/* SPDX-License-Identifier: Apache-2.0 */

/* Which requests of clients a D-Bus call is for.
 *
 * A batch has many parents, so no method could say in its own arguments whose it is, and 29 of them would
 * have to. Instead every call may carry one more argument behind its array: a dictionary, a{sv}, in which
 * “requests” is an array of ids, as, and “traceparent” the call's place in a trace, s, if it is to be seen. A
 * filter of the receiving connection takes it off before GDBus compares the arguments with the interface, so
 * that neither the interfaces nor the handlers know of it; a call without it, as from busctl, is as good.
 *
 * Rejected: header fields of messages, which dbus-daemon removes if it does not know them; a second message
 * ahead of each call, which costs as much as the call.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-call-requests.h"
#include "common/dou-log.h"
#include "common/dou-trace.h"

#define INTERFACE_PREFIX "org.doutok."
#define KEY_REQUESTS "requests"
#define KEY_TRACE DOU_TRACE_PARENT

static G_DEFINE_QUARK (dou-call-requests, dou_call_requests)
static G_DEFINE_QUARK (dou-call-trace-context, dou_call_trace_context)

/**
 * dou_call_requests_pack:
 * @items: the argument of a method; a floating one is taken
 * @ids: (array length=n_ids): ids of requests
 * @n_ids: how many
 * @trace: (nullable): the call's place in a trace, if it is to be seen
 *
 * Without an id and a trace there is no second argument.
 *
 * Returns: (transfer floating): the arguments of the call
 */
GVariant *
dou_call_requests_pack (GVariant *items, const char *const *ids, gsize n_ids,
                        const DouTraceContext *trace)
{
  GVariantDict context;
  char parent[DOU_TRACE_PARENT_LENGTH + 1];

  if (n_ids == 0 && trace == NULL)
    return g_variant_new ("(@*)", items);

  g_variant_dict_init (&context, NULL);
  if (n_ids > 0)
    g_variant_dict_insert_value (
        &context, KEY_REQUESTS, g_variant_new_strv (ids, (gssize) MIN (n_ids, DOU_CALL_REQUESTS_MAX)));
  if (trace != NULL)
    {
      dou_trace_context_format (trace, parent);
      g_variant_dict_insert (&context, KEY_TRACE, "s", parent);
    }
  return g_variant_new ("(@*@a{sv})", items, g_variant_dict_end (&context));
}

/**
 * dou_call_requests_pack_own:
 * @items: the argument of a method; a floating one is taken
 * @trace: (nullable): the call's place in a trace, if it is to be seen
 *
 * As dou_call_requests_pack(), for the requests that this thread works for.
 *
 * Returns: (transfer floating): the arguments of the call
 */
GVariant *
dou_call_requests_pack_own (GVariant *items, const DouTraceContext *trace)
{
  const char *requests = dou_log_get_requests ();
  g_auto (GStrv) ids = requests != NULL ? g_strsplit (requests, ",", DOU_CALL_REQUESTS_MAX) : NULL;

  return dou_call_requests_pack (items, (const char *const *) ids, ids != NULL ? g_strv_length (ids) : 0,
                                 trace);
}

/* (transfer full) (nullable): what @context says, separated by commas */
static char *
read_requests (GVariant *context)
{
  g_autoptr (GVariant) ids
      = g_variant_lookup_value (context, KEY_REQUESTS, G_VARIANT_TYPE_STRING_ARRAY);
  g_autofree const char **words = ids != NULL ? g_variant_get_strv (ids, NULL) : NULL;

  return words != NULL ? g_strjoinv (",", (char **) words) : NULL;
}

/* @n_items: of the call */
static void
take_trace (GDBusMessage *call, GVariant *context, gsize n_items)
{
  const char *parent = NULL;
  DouTraceContext trace;

  if (!dou_trace_is_on () || !g_variant_lookup (context, KEY_TRACE, "&s", &parent)
      || !dou_trace_context_parse (parent, &trace) || !trace.is_sampled)
    return;

  trace.n_items = (guint) n_items;
  g_object_set_qdata_full (G_OBJECT (call), dou_call_trace_context_quark (),
                           g_memdup2 (&trace, sizeof trace), g_free);
}

/* Runs in the thread of GDBus. */
static GDBusMessage *
filter_cb (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user_data)
{
  const char *interface = g_dbus_message_get_interface (message);
  GVariant *body = g_dbus_message_get_body (message);
  g_autoptr (GDBusMessage) whole = message;
  g_autoptr (GDBusMessage) call = NULL;
  g_autoptr (GVariant) items = NULL;
  g_autoptr (GVariant) context = NULL;
  char *requests;
  gsize n_items;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL
      || interface == NULL || !g_str_has_prefix (interface, INTERFACE_PREFIX) || body == NULL
      || g_variant_n_children (body) != 2)
    return g_steal_pointer (&whole);

  items = g_variant_get_child_value (body, 0);
  context = g_variant_get_child_value (body, 1);
  if (!g_variant_is_of_type (context, G_VARIANT_TYPE_VARDICT))
    return g_steal_pointer (&whole);

  /* The one that came is locked. */
  call = g_dbus_message_copy (message, NULL);
  if (call == NULL)
    return g_steal_pointer (&whole);

  requests = read_requests (context);
  g_dbus_message_set_body (call, g_variant_new ("(@*)", items));
  g_object_set_qdata_full (G_OBJECT (call), dou_call_requests_quark (), requests, g_free);
  n_items = g_variant_is_container (items) ? g_variant_n_children (items) : 1;
  take_trace (call, context, n_items);
  if (dou_log_get_level () == DOU_LOG_DEBUG)
    {
      dou_log_name_requests (requests);
      g_debug ("%s of %" G_GSIZE_FORMAT " items", g_dbus_message_get_member (message), n_items);
      dou_log_name_requests (NULL);
    }

  return g_steal_pointer (&call);
}

/**
 * dou_call_requests_listen:
 * @connection: where calls arrive
 *
 * From now on calls may say which requests they are for.
 *
 * Returns: the id of the filter
 */
guint
dou_call_requests_listen (GDBusConnection *connection)
{
  return g_dbus_connection_add_filter (connection, filter_cb, NULL, NULL);
}

/**
 * dou_call_requests_get:
 * @invocation: a call that arrived
 *
 * Returns: (transfer none) (nullable): ids of requests that it is for, separated by commas
 */
const char *
dou_call_requests_get (GDBusMethodInvocation *invocation)
{
  return g_object_get_qdata (G_OBJECT (g_dbus_method_invocation_get_message (invocation)),
                             dou_call_requests_quark ());
}

/**
 * dou_call_requests_get_trace:
 * @invocation: a call that arrived
 *
 * Returns: (transfer none) (nullable): its place in a trace, if it is to be seen
 */
const DouTraceContext *
dou_call_requests_get_trace (GDBusMethodInvocation *invocation)
{
  return g_object_get_qdata (G_OBJECT (g_dbus_method_invocation_get_message (invocation)),
                             dou_call_trace_context_quark ());
}
