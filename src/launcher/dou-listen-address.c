/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "launcher/dou-listen-address.h"

/* A name that takes longer is reported instead: `doutok serve` says within 2 seconds what is wrong. */
#define RESOLVE_TIMEOUT_MS 1500

/**
 * dou_listen_address_parse:
 * @text: `ADDRESS:PORT`; an IPv6 address stands in brackets
 * @host: (out): the part before the port, without brackets
 * @port: (out): 0 to 65535
 * @error: return location for %DOU_STATUS_BAD_PARAMETER
 *
 * Not g_network_address_parse(): that takes names of services and a missing port, too.
 *
 * Returns: whether @text has that form
 */
gboolean
dou_listen_address_parse (const char *text, char **host, guint16 *port, GError **error)
{
  const char *colon = strrchr (text, ':');
  g_autofree char *part = NULL;
  guint64 number;
  gsize length;

  if (colon == NULL || colon == text
      || !g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &number, NULL))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("Cannot listen on “%s”: expected ADDRESS:PORT with a port from 0 to 65535"),
                   text);
      return FALSE;
    }

  part = g_strndup (text, (gsize) (colon - text));
  length = strlen (part);
  if (part[0] == '[' && part[length - 1] == ']')
    {
      part[length - 1] = '\0';
      memmove (part, part + 1, length - 1);
    }
  else if (strchr (part, ':') != NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("Cannot listen on “%s”: an IPv6 address stands in brackets, as in [::]:8080"),
                   text);
      return FALSE;
    }

  *host = g_steal_pointer (&part);
  *port = (guint16) number;
  return TRUE;
}

typedef struct
{
  GList *addresses; /* (owned) (nullable) (element-type GInetAddress) */
  GError *error;    /* (owned) (nullable) */
  gboolean done;
} Lookup;

static void
lookup_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Lookup *lookup = user_data;

  lookup->addresses
      = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &lookup->error);
  lookup->done = TRUE;
}

static gboolean
lookup_timeout_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

/* Blocks, with a limit; the calls of GResolver that block have none. */
static GList *
look_up (const char *host, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource) timeout = g_timeout_source_new (RESOLVE_TIMEOUT_MS);
  Lookup lookup = { 0 };

  g_main_context_push_thread_default (context);
  g_source_set_callback (timeout, lookup_timeout_cb, cancellable, NULL);
  g_source_attach (timeout, context);

  g_resolver_lookup_by_name_async (resolver, host, cancellable, lookup_cb, &lookup);
  while (!lookup.done)
    g_main_context_iteration (context, TRUE);

  g_source_destroy (timeout);
  g_main_context_pop_thread_default (context);

  if (lookup.error != NULL)
    g_propagate_error (error, lookup.error);
  return lookup.addresses;
}

/**
 * dou_listen_address_resolve:
 * @text: `ADDRESS:PORT`, where the address may be a name
 * @error: return location for %DOU_STATUS_BAD_PARAMETER
 *
 * Waits at most 1.5 seconds for the name service.
 *
 * Returns: (transfer full) (element-type GInetSocketAddress): at least one address, or %NULL
 */
GPtrArray *
dou_listen_address_resolve (const char *text, GError **error)
{
  g_autoptr (GPtrArray) result = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GSocketAddress) literal = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autofree char *host = NULL;
  GList *found;
  guint16 port;

  if (!dou_listen_address_parse (text, &host, &port, error))
    return NULL;

  literal = g_inet_socket_address_new_from_string (host, port);
  if (literal != NULL)
    {
      g_ptr_array_add (result, g_steal_pointer (&literal));
      return g_steal_pointer (&result);
    }

  found = look_up (host, &local_error);
  if (found == NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("Cannot listen on “%s”: no address of this name is known (%s)"), text,
                   local_error->message);
      return NULL;
    }

  for (GList *l = found; l != NULL; l = l->next)
    g_ptr_array_add (result, g_inet_socket_address_new (l->data, port));
  g_resolver_free_addresses (found);
  return g_steal_pointer (&result);
}
