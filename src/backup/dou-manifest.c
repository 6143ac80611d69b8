/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#include "backup/dou-manifest.h"
#include "common/dou-status.h"

/* Goes up when an older program could not restore what a newer one wrote. */
#define FORMAT 1

static void
file_free (DouManifestFile *file)
{
  g_free (file->name);
  g_free (file->sha256);
  g_free (file);
}

DouManifest *
dou_manifest_new (void)
{
  DouManifest *self = g_new0 (DouManifest, 1);

  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify) file_free);
  return self;
}

/**
 * dou_manifest_begin:
 *
 * Returns: (transfer full): one of a backup that is made now, by this program
 */
DouManifest *
dou_manifest_begin (void)
{
  DouManifest *self = dou_manifest_new ();
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *second = g_date_time_format (now, "%Y%m%dT%H%M%S");

  self->created = g_date_time_format_iso8601 (now);
  self->program = g_strdup ("doutok " DOU_VERSION);
  self->snapshot = g_strdup_printf ("%s.%06dZ", second, g_date_time_get_microsecond (now));
  return self;
}

void
dou_manifest_free (DouManifest *self)
{
  g_free (self->snapshot);
  g_free (self->created);
  g_free (self->program);
  g_ptr_array_unref (self->files);
  g_free (self);
}

void
dou_manifest_add (DouManifest *self, const char *name, guint64 size, const char *sha256)
{
  DouManifestFile *file = g_new (DouManifestFile, 1);

  *file = (DouManifestFile){ g_strdup (name), size, g_strdup (sha256) };
  g_ptr_array_add (self->files, file);
}

/**
 * dou_manifest_find:
 * @self: a manifest
 * @name: of a file
 *
 * Returns: (transfer none) (nullable): what it says of that file
 */
const DouManifestFile *
dou_manifest_find (DouManifest *self, const char *name)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      const DouManifestFile *file = g_ptr_array_index (self->files, i);

      if (g_str_equal (file->name, name))
        return file;
    }

  return NULL;
}

/* Names that lead nowhere else. */
static gboolean
is_plain (const char *name)
{
  return name != NULL && *name != '\0' && *name != '.' && strchr (name, '/') == NULL;
}

static const char *
get_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
}

static gint64
get_integer (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_int (node) : -1;
}

static gboolean
read_files (DouManifest *self, JsonNode *node)
{
  JsonArray *files;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;

  files = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (files); i++)
    {
      JsonNode *element = json_array_get_element (files, i);
      JsonObject *file = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;

      if (file == NULL || !is_plain (get_string (file, "name"))
          || get_string (file, "sha256") == NULL || get_integer (file, "size") < 0)
        return FALSE;
      dou_manifest_add (self, get_string (file, "name"), (guint64) get_integer (file, "size"),
                        get_string (file, "sha256"));
    }

  return TRUE;
}

static gboolean
read_object (DouManifest *self, JsonObject *object)
{
  if (get_integer (object, "format") != FORMAT || !is_plain (get_string (object, "snapshot"))
      || get_integer (object, "media_files") < 0 || get_integer (object, "media_size") < 0)
    return FALSE;

  self->snapshot = g_strdup (get_string (object, "snapshot"));
  self->created = g_strdup (get_string (object, "created"));
  self->program = g_strdup (get_string (object, "program"));
  self->n_media = (guint64) get_integer (object, "media_files");
  self->media_size = (guint64) get_integer (object, "media_size");
  return read_files (self, json_object_get_member (object, "files"));
}

/**
 * dou_manifest_load:
 * @directory: of a backup
 * @error: return location for %DOU_STATUS_NOT_FOUND (there is none), %DOU_STATUS_BAD_PARAMETER
 *
 * Returns: (transfer full): what the backup consists of
 */
DouManifest *
dou_manifest_load (const char *directory, GError **error)
{
  g_autofree char *path = g_build_filename (directory, DOU_MANIFEST_FILE, NULL);
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (DouManifest) self = dou_manifest_new ();
  JsonNode *root;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_NOT_FOUND,
                   _ ("There is no complete backup in %s: it has no %s"), directory,
                   DOU_MANIFEST_FILE);
      return NULL;
    }
  if (!json_parser_load_from_file (parser, path, error))
    return NULL;

  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)
      || !read_object (self, json_node_get_object (root)))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_BAD_PARAMETER,
                   _ ("%s does not describe a backup that this version understands"), path);
      return NULL;
    }

  return g_steal_pointer (&self);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_integer (JsonBuilder *builder, const char *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) value);
}

/**
 * dou_manifest_save:
 * @self: a manifest
 * @directory: of the backup
 * @error: return location
 *
 * Returns: whether it has taken the place of the former one, and stays there
 */
gboolean
dou_manifest_save (DouManifest *self, const char *directory, GError **error)
{
  g_autofree char *path = g_build_filename (directory, DOU_MANIFEST_FILE, NULL);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  add_integer (builder, "format", FORMAT);
  add_string (builder, "program", self->program);
  add_string (builder, "created", self->created);
  add_string (builder, "snapshot", self->snapshot);
  add_integer (builder, "media_files", self->n_media);
  add_integer (builder, "media_size", self->media_size);
  json_builder_set_member_name (builder, "files");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->files->len; i++)
    {
      const DouManifestFile *file = g_ptr_array_index (self->files, i);

      json_builder_begin_object (builder);
      add_string (builder, "name", file->name);
      add_integer (builder, "size", file->size);
      add_string (builder, "sha256", file->sha256);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  text = json_to_string (root, TRUE);
  return g_file_set_contents_full (path, text, -1,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                   error);
}
