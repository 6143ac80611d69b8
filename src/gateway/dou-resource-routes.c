/* SPDX-License-Identifier: Apache-2.0 */

/* Files that belong to the program live in it (GResource) and not beside it: nothing to find, to
 * open or to keep apart from a client's `..` while running, and a page cannot be of another version
 * than the server that it talks to. All is prepared at start, also the compressed form: a few
 * hundred kilobytes in all, and a request costs a look into a table.
 *
 * Every file has an exact route, so that the router knows all there is: what is not there is a 404
 * like any other, and a path with a method that it does not take a 405. Browsers ask each time
 * whether their copy is still the newest (`no-cache` with an entity tag): names carry no version,
 * and an update of the server has to reach them. */

#include "config.h"

#include <string.h>

#include <gio/gio.h>

#include "gateway/dou-preconditions.h"
#include "gateway/dou-resource-routes.h"

/* Of a SHA-256 sum in hexadecimal digits: 64 bits tell the versions of a file apart. */
#define ETAG_DIGITS 16
/* Bytes below which a compressed form saves no packet. */
#define MIN_GZIP_SIZE 1024
#define INDEX "index.html"

typedef struct
{
  GBytes *bytes; /* (owned) (nullable) */
  char *etag;    /* (owned) (nullable) */
} Form;

typedef struct
{
  DouRoute route;
  char *path;               /* (owned) of `route` */
  const char *content_type; /* (unowned) */
  const char *policy;       /* (unowned) of the DouResourceRoutes */
  Form plain;
  Form gzip; /* without bytes if it would not be smaller */
} File;

struct _DouResourceRoutes
{
  GObject parent_instance;

  GResource *resource; /* (owned) */
  char *policy;        /* (owned) */
  GPtrArray *files;    /* (owned) (element-type File) */
};

G_DEFINE_FINAL_TYPE (DouResourceRoutes, dou_resource_routes, G_TYPE_OBJECT)

static const struct
{
  const char *extension;
  const char *content_type;
  gboolean is_text; /* so that gzip pays */
} types[] = {
  { ".html", "text/html; charset=utf-8", TRUE },
  { ".css", "text/css; charset=utf-8", TRUE },
  { ".js", "text/javascript; charset=utf-8", TRUE },
  { ".json", "application/json; charset=utf-8", TRUE },
  { ".webmanifest", "application/manifest+json; charset=utf-8", TRUE },
  { ".svg", "image/svg+xml; charset=utf-8", TRUE },
  { ".txt", "text/plain; charset=utf-8", TRUE },
  { ".png", "image/png", FALSE },
  { ".jpg", "image/jpeg", FALSE },
  { ".webp", "image/webp", FALSE },
  { ".ico", "image/vnd.microsoft.icon", FALSE },
};

static void
file_free (gpointer data)
{
  File *file = data;

  g_free (file->path);
  g_clear_pointer (&file->plain.bytes, g_bytes_unref);
  g_clear_pointer (&file->gzip.bytes, g_bytes_unref);
  g_free (file->plain.etag);
  g_free (file->gzip.etag);
  g_free (file);
}

static void
dou_resource_routes_finalize (GObject *object)
{
  DouResourceRoutes *self = DOU_RESOURCE_ROUTES (object);

  g_ptr_array_unref (self->files);
  g_free (self->policy);
  g_resource_unref (self->resource);

  G_OBJECT_CLASS (dou_resource_routes_parent_class)->finalize (object);
}

static void
dou_resource_routes_class_init (DouResourceRoutesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_resource_routes_finalize;
}

static void
dou_resource_routes_init (DouResourceRoutes *self)
{
  self->files = g_ptr_array_new_with_free_func (file_free);
}

static gboolean
has_coding (GSList *codings, const char *name)
{
  return g_slist_find_custom (codings, name, (GCompareFunc) g_ascii_strcasecmp) != NULL;
}

/* What a client says about gzip, else about everything (RFC 9110, section 12.5.3). */
static gboolean
accepts_gzip (SoupMessageHeaders *headers)
{
  const char *text = soup_message_headers_get_list (headers, "Accept-Encoding");
  GSList *refused = NULL;
  GSList *accepted;
  gboolean result;

  if (text == NULL)
    return FALSE;

  accepted = soup_header_parse_quality_list (text, &refused);
  result = has_coding (accepted, "gzip")
           || (has_coding (accepted, "*") && !has_coding (refused, "gzip"));
  soup_header_free_list (accepted);
  soup_header_free_list (refused);
  return result;
}

static void
add_headers (SoupMessageHeaders *headers, const File *file, const Form *form)
{
  soup_message_headers_replace (headers, "ETag", form->etag);
  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  if (file->gzip.bytes != NULL)
    soup_message_headers_replace (headers, "Vary", "Accept-Encoding");
  if (form == &file->gzip)
    soup_message_headers_replace (headers, "Content-Encoding", "gzip");

  soup_message_headers_replace (headers, "Content-Security-Policy", file->policy);
  soup_message_headers_replace (headers, "X-Frame-Options", "DENY");
  soup_message_headers_replace (headers, "Referrer-Policy", "no-referrer");
  soup_message_headers_replace (headers, "Cross-Origin-Opener-Policy", "same-origin");
  soup_message_headers_replace (headers, "Cross-Origin-Resource-Policy", "same-origin");
}

static void
file_handler (DouRequest *request, gpointer user_data)
{
  const File *file = user_data;
  SoupMessageHeaders *headers = dou_request_get_headers (request);
  const Form *form
      = file->gzip.bytes != NULL && accepts_gzip (headers) ? &file->gzip : &file->plain;
  const DouValidators validators = { form->etag, 0 };

  add_headers (dou_request_get_answer_headers (request), file, form);
  if (dou_preconditions_is_unmodified (soup_message_headers_get_list (headers, "If-None-Match"),
                                       NULL, &validators))
    dou_request_reply_bytes (request, SOUP_STATUS_NOT_MODIFIED, NULL, NULL);
  else
    dou_request_reply_bytes (request, SOUP_STATUS_OK, file->content_type, form->bytes);
}

static GBytes *
compress (GBytes *plain)
{
  g_autoptr (GZlibCompressor) compressor
      = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) stream
      = g_converter_output_stream_new (memory, G_CONVERTER (compressor));
  gsize size;
  gconstpointer data = g_bytes_get_data (plain, &size);

  if (!g_output_stream_write_all (stream, data, size, NULL, NULL, NULL)
      || !g_output_stream_close (stream, NULL, NULL))
    return NULL;

  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

/* An entity tag stands for the very bytes that are sent, so each form has its own. */
static void
file_set_bytes (File *file, GBytes *bytes, gboolean is_text)
{
  g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);

  file->plain.bytes = g_bytes_ref (bytes);
  file->plain.etag = g_strdup_printf ("\"%.*s\"", ETAG_DIGITS, sum);

  if (!is_text || g_bytes_get_size (bytes) < MIN_GZIP_SIZE)
    return;

  file->gzip.bytes = compress (bytes);
  if (file->gzip.bytes != NULL && g_bytes_get_size (file->gzip.bytes) >= g_bytes_get_size (bytes))
    g_clear_pointer (&file->gzip.bytes, g_bytes_unref);
  file->gzip.etag = g_strdup_printf ("\"%.*s-gzip\"", ETAG_DIGITS, sum);
}

/* “/docs/index.html” is “/docs”, and “/index.html” is “/”. */
static char *
make_path (const char *name)
{
  const char *base = strrchr (name, '/');

  if (strcmp (base + 1, INDEX) != 0)
    return g_strdup (name);

  return base == name ? g_strdup ("/") : g_strndup (name, (gsize) (base - name));
}

/* @name begins with a slash and is relative to the root. */
static void
dou_resource_routes_add_file (DouResourceRoutes *self, const char *name, GBytes *bytes)
{
  File *file = g_new0 (File, 1);
  gboolean is_text = FALSE;

  file->path = make_path (name);
  file->route = (DouRoute){ file->path, DOU_METHOD_GET | DOU_METHOD_HEAD, file_handler, NULL };
  file->policy = self->policy;
  file->content_type = "application/octet-stream";
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (name, types[i].extension))
      {
        file->content_type = types[i].content_type;
        is_text = types[i].is_text;
      }

  file_set_bytes (file, bytes, is_text);
  g_ptr_array_add (self->files, file);
}

static void
dou_resource_routes_add_folder (DouResourceRoutes *self, const char *root, const char *folder)
{
  g_autofree char *path = g_strconcat (root, folder, NULL);
  g_auto (GStrv) children
      = g_resource_enumerate_children (self->resource, path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  for (char **child = children; child != NULL && *child != NULL; child++)
    {
      g_autofree char *name = g_strconcat (folder, *child, NULL);
      g_autofree char *full = g_strconcat (root, name, NULL);
      g_autoptr (GBytes) bytes = NULL;

      if (g_str_has_suffix (name, "/"))
        dou_resource_routes_add_folder (self, root, name);
      else if ((bytes = g_resource_lookup_data (self->resource, full, G_RESOURCE_LOOKUP_FLAGS_NONE,
                                                NULL))
               != NULL)
        dou_resource_routes_add_file (self, name, bytes);
    }
}

/**
 * dou_resource_routes_new:
 * @resource: has the files
 * @root: the folder in @resource that is “/” for clients, without a slash at the end
 * @policy: the value of Content-Security-Policy
 *
 * Returns: (transfer full): routes for all files below @root. An `index.html` has the path of its
 *   folder
 */
DouResourceRoutes *
dou_resource_routes_new (GResource *resource, const char *root, const char *policy)
{
  DouResourceRoutes *self = g_object_new (DOU_TYPE_RESOURCE_ROUTES, NULL);

  self->resource = g_resource_ref (resource);
  self->policy = g_strdup (policy);
  dou_resource_routes_add_folder (self, root, "/");
  return self;
}

/**
 * dou_resource_routes_add:
 * @self: files; they outlive @router
 * @router: takes their routes
 */
void
dou_resource_routes_add (DouResourceRoutes *self, DouRouter *router)
{
  g_return_if_fail (DOU_IS_RESOURCE_ROUTES (self));

  for (guint i = 0; i < self->files->len; i++)
    {
      File *file = g_ptr_array_index (self->files, i);

      dou_router_add (router, &file->route, 1, file);
    }
}
