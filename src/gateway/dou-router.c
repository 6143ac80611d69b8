/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-router.h"

static const struct
{
  DouMethods method;
  const char *name;
} method_names[]
    = { { DOU_METHOD_GET, "GET" }, { DOU_METHOD_HEAD, "HEAD" }, { DOU_METHOD_POST, "POST" } };

typedef struct
{
  const DouRoute *route; /* (unowned) */
  gpointer user_data;    /* (unowned) */
} Entry;

struct _DouRouter
{
  GObject parent_instance;

  GHashTable *exact;  /* (owned) (element-type utf8 Entry) */
  GArray *prefixes;   /* (owned) (element-type Entry) */
  DouGate gate;       /* (nullable) */
  gpointer gate_data; /* (unowned) (nullable) */
};

G_DEFINE_FINAL_TYPE (DouRouter, dou_router, G_TYPE_OBJECT)

static void
dou_router_finalize (GObject *object)
{
  DouRouter *self = DOU_ROUTER (object);

  g_hash_table_unref (self->exact);
  g_array_unref (self->prefixes);

  G_OBJECT_CLASS (dou_router_parent_class)->finalize (object);
}

static void
dou_router_class_init (DouRouterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_router_finalize;
}

static void
dou_router_init (DouRouter *self)
{
  self->exact = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  self->prefixes = g_array_new (FALSE, FALSE, sizeof (Entry));
}

/**
 * dou_router_new:
 *
 * Returns: (transfer full): a router without routes
 */
DouRouter *
dou_router_new (void)
{
  return g_object_new (DOU_TYPE_ROUTER, NULL);
}

/**
 * dou_router_add:
 * @self: a router
 * @routes: (array length=n_routes): outlives @self. A path stands in one route only
 * @n_routes: how many
 * @user_data: for their handlers and sinks; outlives @self
 */
void
dou_router_add (DouRouter *self, const DouRoute *routes, gsize n_routes, gpointer user_data)
{
  g_return_if_fail (DOU_IS_ROUTER (self));

  for (gsize i = 0; i < n_routes; i++)
    {
      Entry entry = { &routes[i], user_data };

      g_return_if_fail (*routes[i].path == '/');

      if (g_str_has_suffix (routes[i].path, "*"))
        g_array_append_val (self->prefixes, entry);
      else if (!g_hash_table_insert (self->exact, (gpointer) routes[i].path,
                                     g_memdup2 (&entry, sizeof entry)))
        g_critical ("Two routes for %s", routes[i].path);
    }
}

static const Entry *
dou_router_look_up (DouRouter *self, const char *path)
{
  const Entry *entry = g_hash_table_lookup (self->exact, path);

  for (guint i = 0; i < self->prefixes->len && entry == NULL; i++)
    {
      const Entry *candidate = &g_array_index (self->prefixes, Entry, i);
      const char *prefix = candidate->route->path;

      if (strncmp (path, prefix, strlen (prefix) - strlen ("*")) == 0)
        entry = candidate;
    }

  return entry;
}

static DouMethods
get_method (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (method_names); i++)
    if (strcmp (name, method_names[i].name) == 0)
      return method_names[i].method;

  return 0;
}

/**
 * dou_methods_append:
 * @methods: some
 * @text: where their names go, separated by commas
 */
void
dou_methods_append (DouMethods methods, GString *text)
{
  const char *separator = "";

  for (gsize i = 0; i < G_N_ELEMENTS (method_names); i++)
    if ((methods & method_names[i].method) != 0)
      {
        g_string_append (text, separator);
        g_string_append (text, method_names[i].name);
        separator = ", ";
      }
}

/**
 * dou_router_find:
 * @self: a router
 * @method: of a request
 * @path: of a request, from dou_router_normalize_path()
 * @route: (out): the route of @path; also set when @method is not among its own
 * @user_data: (out): what was given with it
 *
 * Returns: %DOU_STATUS_OK, %DOU_STATUS_NOT_FOUND or %DOU_STATUS_METHOD_NOT_ALLOWED
 */
DouStatus
dou_router_find (DouRouter *self,
                 const char *method,
                 const char *path,
                 const DouRoute **route,
                 gpointer *user_data)
{
  const Entry *entry;

  g_return_val_if_fail (DOU_IS_ROUTER (self), DOU_STATUS_INTERNAL);

  entry = dou_router_look_up (self, path);
  *route = entry != NULL ? entry->route : NULL;
  *user_data = entry != NULL ? entry->user_data : NULL;
  if (entry == NULL)
    return DOU_STATUS_NOT_FOUND;

  return (entry->route->methods & get_method (method)) != 0 ? DOU_STATUS_OK
                                                            : DOU_STATUS_METHOD_NOT_ALLOWED;
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
add_line (GPtrArray *lines, const DouRoute *route)
{
  GString *line = g_string_new (route->path);

  g_string_append (line, ": ");
  dou_methods_append (route->methods, line);
  g_string_append_c (line, '\n');
  g_ptr_array_add (lines, g_string_free (line, FALSE));
}

/**
 * dou_router_list:
 * @self: a router
 *
 * Returns: (transfer full): all routes, one a line, sorted: `/path: GET, HEAD`
 */
char *
dou_router_list (DouRouter *self)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer entry;

  g_return_val_if_fail (DOU_IS_ROUTER (self), NULL);

  g_hash_table_iter_init (&iter, self->exact);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    add_line (lines, ((const Entry *) entry)->route);
  for (guint i = 0; i < self->prefixes->len; i++)
    add_line (lines, g_array_index (self->prefixes, Entry, i).route);

  g_ptr_array_sort (lines, compare_lines);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv (NULL, (char **) lines->pdata);
}

/**
 * dou_router_set_gate:
 * @self: a router
 * @gate: what stands before all handlers from now on
 * @gate_data: for @gate; outlives @self
 */
void
dou_router_set_gate (DouRouter *self, DouGate gate, gpointer gate_data)
{
  g_return_if_fail (DOU_IS_ROUTER (self));

  self->gate = gate;
  self->gate_data = gate_data;
}

/**
 * dou_router_call:
 * @self: a router
 * @route: of dou_router_find()
 * @user_data: what was found with it
 * @request: a complete request
 *
 * Calls the handler of @route, through the gate if there is one.
 */
void
dou_router_call (DouRouter *self, const DouRoute *route, gpointer user_data, DouRequest *request)
{
  g_return_if_fail (DOU_IS_ROUTER (self));

  if (self->gate != NULL)
    self->gate (request, route->handler, user_data, self->gate_data);
  else
    route->handler (request, user_data);
}

/* The byte at @text, unescaped; NUL if it cannot be read. */
static char
read_byte (const char **text)
{
  const char *p = *text;
  int high, low;

  if (*p != '%')
    {
      *text = p + 1;
      return *p;
    }

  high = g_ascii_xdigit_value (p[1]);
  low = high < 0 ? -1 : g_ascii_xdigit_value (p[2]);
  *text = p + 3;
  return low < 0 ? '\0' : (char) (high << 4 | low);
}

static gboolean
is_dots (const char *segment, gsize length)
{
  return (length == 1 && segment[0] == '.')
         || (length == 2 && segment[0] == '.' && segment[1] == '.');
}

/**
 * dou_router_normalize_path:
 * @path: of a request, with its escapes
 *
 * Unescapes @path first and judges it then, so that `%2f` is a slash like any other and `%2e%2e`
 * climbs no more than `..` does. Slashes that repeat collapse and one at the end is dropped: users
 * type the address of a server with and without it.
 *
 * Returns: (transfer full) (nullable): the path, in UTF-8; %NULL if it cannot be read or contains
 * `.` or
 *   `..`, which no client leaves in
 */
char *
dou_router_normalize_path (const char *path)
{
  g_autofree char *result = g_malloc (strlen (path) + 2);
  char *segment = result + 1;
  char *to = segment;

  if (*path != '/')
    return NULL;

  *result = '/';
  while (*path != '\0')
    {
      char c = read_byte (&path);

      if (c == '\0')
        return NULL;
      if (c != '/')
        {
          *to++ = c;
          continue;
        }
      if (is_dots (segment, (gsize) (to - segment)))
        return NULL;
      if (to > segment)
        {
          *to++ = '/';
          segment = to;
        }
    }

  if (is_dots (segment, (gsize) (to - segment)))
    return NULL;
  if (to == segment && to > result + 1)
    to--;
  *to = '\0';

  return g_utf8_validate (result, to - result, NULL) ? g_steal_pointer (&result) : NULL;
}
