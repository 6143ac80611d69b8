/* SPDX-License-Identifier: Apache-2.0 */

/* All that is kept of one user, in one zip: what they have told, made and said, in JSON, and their files.
 *
 * It is gathered from the services, which know it, over the bus, page by page; so it is the same for the user,
 * who asks the gateway, and for the operator, who asks with doutok(1), on any database, and works while
 * others write: each list is what it was while it was read. It needs a thread that may wait. Rejected: a
 * service of its own for it, which would have to be watched, limited and asked like the others and still do
 * just this; and to have each service write its part, which would teach four of them about archives.
 *
 * Never in it: the hash of the password, tokens, and what others have written, but messages to the user.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/dou-status.h"
#include "export/dou-export-media.h"
#include "export/dou-export-private.h"

/* Of one call, in ms: longer than a service may take to start. */
#define TIMEOUT 30000
/* All that is called may be called again. */
#define MAX_TRIES 3

/* The version of what is in the archive: raised when a reader of the former one could be misled. */
#define FORMAT 1

static const struct
{
  const char *name;
  const char *what; /* for who opens it */
  gboolean (*write) (DouExport *self, GError **error);
} parts[] = {
  { "profile.json", "who the user is, and how much there is of everything", dou_export_profile },
  { "videos.json", "videos that the user has published, the newest first", dou_export_videos },
  { "likes.json", "videos that the user likes, the one liked last first", dou_export_likes },
  { "comments.json", "comments that the user has written, the newest first", dou_export_comments },
  { "feelings.json", "comments that the user likes or dislikes", dou_export_feelings },
  { "following.json", "whom the user follows, the one followed last first", dou_export_following },
  { "followers.json", "who follows the user, the newest first", dou_export_followers },
  { "blocked.json", "whom the user blocks, the one blocked last first", dou_export_blocked },
  { "reports.json", "what the user has reported, the newest first", dou_export_reports },
  { "messages.json", "conversations, in both directions, each from its beginning",
    dou_export_messages },
};

static void
file_clear (gpointer data)
{
  g_free (((DouExportFile *) data)->name);
}

static void
export_clear (DouExport *self)
{
  g_clear_pointer (&self->zip, dou_zip_free);
  g_clear_pointer (&self->account, g_variant_unref);
  dou_export_json_clear (&self->json);
  g_clear_pointer (&self->files, g_array_unref);
  g_clear_pointer (&self->missing, g_ptr_array_unref);
  g_clear_pointer (&self->renamed, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DouExport, export_clear)

/* A service that dies is started again by the next call. */
static gboolean
is_lost_service (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

/**
 * dou_export_call:
 * @self: an export
 * @service: such as `User`
 * @interface: what comes after `org.doutok.`, such as `User1.Admin`
 * @method: its method
 * @items: (transfer floating): its only argument
 * @reply: the type of its only result
 * @error: return location for %DOU_ERROR, %G_IO_ERROR_CANCELLED
 *
 * Returns: (transfer full) (nullable): the result
 */
GVariant *
dou_export_call (DouExport *self, const char *service, const char *interface, const char *method,
                 GVariant *items, const char *reply, GError **error)
{
  g_autofree char *name = g_strconcat ("org.doutok.", service, NULL);
  g_autofree char *path = g_strconcat ("/org/doutok/", service, NULL);
  g_autofree char *full_interface = g_strconcat ("org.doutok.", interface, NULL);
  g_autofree char *type = g_strconcat ("(", reply, ")", NULL);
  g_autoptr (GVariant) arguments = g_variant_ref_sink (g_variant_new_tuple (&items, 1));
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) local_error = NULL;

  for (guint i = 0; answer == NULL && i < MAX_TRIES; i++)
    {
      g_clear_error (&local_error);
      answer = g_dbus_connection_call_sync (self->request->connection, name, path, full_interface,
                                            method, arguments, G_VARIANT_TYPE (type),
                                            G_DBUS_CALL_FLAGS_NONE, TIMEOUT, self->cancellable,
                                            &local_error);
      if (answer == NULL && !is_lost_service (local_error))
        break;
    }
  if (answer != NULL)
    return g_variant_get_child_value (answer, 0);

  if (local_error->domain == DOU_ERROR
      || g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_dbus_error_strip_remote_error (local_error);
  else
    {
      g_autoptr (GError) cause = g_steal_pointer (&local_error);

      local_error = g_error_new_literal (DOU_ERROR, DOU_STATUS_UNAVAILABLE, cause->message);
    }
  g_propagate_prefixed_error (error, g_steal_pointer (&local_error), "%s: ", method);
  return NULL;
}

/**
 * dou_export_make_page:
 * @user: whose list
 * @before: what the page begins below, or a cursor; 0 for the newest
 * @count: the most records
 *
 * Returns: (transfer floating): what methods take that answer with pages of a list
 */
GVariant *
dou_export_make_page (gint64 user, gint64 before, guint count)
{
  GVariant *page = g_variant_new ("(xxu)", user, before, count);

  return g_variant_new_array (NULL, &page, 1);
}

/**
 * dou_export_make_ids:
 * @page: an array of tuples
 * @member: which of their members is an id
 *
 * Returns: (transfer floating): these ids
 */
GVariant *
dou_export_make_ids (GVariant *page, gsize member)
{
  gsize n = g_variant_n_children (page);
  g_autofree gint64 *ids = g_new (gint64, n);

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) record = g_variant_get_child_value (page, i);

      g_variant_get_child (record, member, "x", &ids[i]);
    }

  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, ids, n, sizeof *ids);
}

/**
 * dou_export_write_user:
 * @self: an export
 * @name: (nullable): of a member
 * @id: of a user
 * @user_name: what they are called; empty if that is not known any more
 */
void
dou_export_write_user (DouExport *self, const char *name, gint64 id, const char *user_name)
{
  dou_export_json_begin (&self->json, name, '{');
  dou_export_json_number (&self->json, "id", id);
  dou_export_json_string (&self->json, "name", *user_name != '\0' ? user_name : NULL);
  dou_export_json_end (&self->json, '}');
}

/**
 * dou_export_end_page:
 * @self: an export
 * @error: return location for %G_IO_ERROR_CANCELLED, %DOU_STATUS_DISK_FULL
 *
 * Returns: whether it may go on
 */
gboolean
dou_export_end_page (DouExport *self, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (self->cancellable, error)
      || !dou_export_json_flush (&self->json, error))
    return FALSE;
  if (dou_zip_get_size (self->zip) <= self->request->max_size)
    return TRUE;

  g_set_error_literal (error, DOU_ERROR, DOU_STATUS_DISK_FULL, "There is not enough space");
  return FALSE;
}

static void
tell (DouExport *self, const char *what, guint64 done, guint64 total)
{
  if (self->request->progress != NULL)
    self->request->progress (what, done, total, self->request->user_data);
}

/* From then on JSON goes into an entry of this name. */
static gboolean
begin_part (DouExport *self, const char *name, GError **error)
{
  if (!dou_zip_begin_text (self->zip, name, error))
    return FALSE;

  dou_export_json_clear (&self->json);
  dou_export_json_init (&self->json, self->zip);
  self->n_records = 0;
  return TRUE;
}

static gboolean
write_parts (DouExport *self, guint64 *counts, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      tell (self, parts[i].name, i, G_N_ELEMENTS (parts));
      if (!begin_part (self, parts[i].name, error) || !parts[i].write (self, error)
          || !dou_export_json_finish (&self->json, error))
        return FALSE;
      counts[i] = self->n_records;
    }

  return TRUE;
}

/* The transcoder may have given it another name meanwhile. Returns: (transfer full) (nullable): that */
static char *
find_new_name (DouExport *self, const DouExportFile *file)
{
  g_autoptr (GVariant) records = NULL;
  char *name = NULL;

  if (file->video == 0)
    return NULL;

  records = dou_export_call (self, "Video", "Video1.Admin", "GetRecords",
                             g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, &file->video, 1,
                                                        sizeof file->video),
                             "a(ixxsssxx)", NULL);
  if (records != NULL && file->is_cover)
    g_variant_get_child (records, 0, "(ixxsssxx)", NULL, NULL, NULL, NULL, NULL, &name, NULL, NULL);
  else if (records != NULL)
    g_variant_get_child (records, 0, "(ixxsssxx)", NULL, NULL, NULL, NULL, &name, NULL, NULL, NULL);
  if (name != NULL && (*name == '\0' || g_str_equal (name, file->name)))
    g_clear_pointer (&name, g_free);
  return name;
}

static gboolean
add_file (DouExport *self, DouExportMedia *media, const DouExportFile *file, GError **error)
{
  guint64 max_size = self->request->max_size;
  g_autoptr (GError) local_error = NULL;
  g_autofree char *new_name = NULL;

  if (dou_export_media_add (media, file->name, self->zip, max_size, &local_error))
    return TRUE;

  if (g_error_matches (local_error, DOU_ERROR, DOU_STATUS_NOT_FOUND))
    {
      g_clear_error (&local_error);
      new_name = find_new_name (self, file);
      if (new_name != NULL
          && dou_export_media_add (media, new_name, self->zip, max_size, &local_error))
        {
          g_hash_table_insert (self->renamed, g_strdup (file->name), g_steal_pointer (&new_name));
          return TRUE;
        }
      if (local_error == NULL || g_error_matches (local_error, DOU_ERROR, DOU_STATUS_NOT_FOUND))
        {
          g_ptr_array_add (self->missing, g_strdup (file->name));
          return TRUE;
        }
    }

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
write_media (DouExport *self, GError **error)
{
  g_autoptr (DouExportMedia) media = dou_export_media_new (
      self->request->media_dir, self->request->objects, self->cancellable, error);

  if (media == NULL)
    return FALSE;

  for (guint i = 0; i < self->files->len; i++)
    {
      tell (self, "media", i, self->files->len);
      if (!add_file (self, media, &g_array_index (self->files, DouExportFile, i), error))
        return FALSE;
    }

  return TRUE;
}

static void
write_renamed (DouExport *self)
{
  GHashTableIter iter;
  gpointer from, to;

  dou_export_json_begin (&self->json, "renamed", '[');
  g_hash_table_iter_init (&iter, self->renamed);
  while (g_hash_table_iter_next (&iter, &from, &to))
    {
      dou_export_json_begin (&self->json, NULL, '{');
      dou_export_json_string (&self->json, "from", from);
      dou_export_json_string (&self->json, "to", to);
      dou_export_json_end (&self->json, '}');
    }
  dou_export_json_end (&self->json, ']');
}

/* The last entry, since it tells of the others. */
static gboolean
write_index (DouExport *self, const guint64 *counts, GError **error)
{
  DouExportJson *json = &self->json;
  const char *name;
  gint64 id;

  if (!begin_part (self, "index.json", error))
    return FALSE;

  g_variant_get (self->account, "(ix&s&s&s&sx)", NULL, &id, &name, NULL, NULL, NULL, NULL);
  dou_export_json_begin (json, NULL, '{');
  dou_export_json_number (json, "format", FORMAT);
  dou_export_json_string (json, "made_by", "DouTok " DOU_VERSION);
  dou_export_json_time (json, "made_at", g_get_real_time () / 1000);
  dou_export_write_user (self, "user", id, name);
  dou_export_json_begin (json, "files", '[');
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      dou_export_json_begin (json, NULL, '{');
      dou_export_json_string (json, "name", parts[i].name);
      dou_export_json_string (json, "what", parts[i].what);
      dou_export_json_number (json, "records", (gint64) counts[i]);
      dou_export_json_end (json, '}');
    }
  dou_export_json_begin (json, NULL, '{');
  dou_export_json_string (json, "name", "media/");
  dou_export_json_string (json, "what", "files that the others name");
  dou_export_json_number (json, "records", self->files->len - self->missing->len);
  dou_export_json_end (json, '}');
  dou_export_json_end (json, ']');
  dou_export_json_begin (json, "missing", '[');
  for (guint i = 0; i < self->missing->len; i++)
    dou_export_json_string (json, NULL, g_ptr_array_index (self->missing, i));
  dou_export_json_end (json, ']');
  write_renamed (self);
  dou_export_json_end (json, '}');
  return dou_export_json_finish (json, error);
}

/**
 * dou_export_write:
 * @request: what is wanted
 * @fd: an empty file, open for writing
 * @cancellable: (nullable): ends it
 * @result: (out): what is in it
 * @error: return location for %DOU_STATUS_USER_NOT_FOUND, %DOU_STATUS_DISK_FULL, %DOU_STATUS_UNAVAILABLE,
 *   %DOU_STATUS_INTERNAL, %G_IO_ERROR_CANCELLED
 *
 * Blocks until it is done.
 *
 * Returns: whether the archive is complete
 */
gboolean
dou_export_write (const DouExportRequest *request, int fd, GCancellable *cancellable,
                  DouExportResult *result, GError **error)
{
  g_auto (DouExport) self = { .request = request, .cancellable = cancellable };
  guint64 counts[G_N_ELEMENTS (parts)] = { 0 };

  self.files = g_array_new (FALSE, FALSE, sizeof (DouExportFile));
  g_array_set_clear_func (self.files, file_clear);
  self.missing = g_ptr_array_new_with_free_func (g_free);
  self.renamed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (!dou_export_load_account (&self, error))
    return FALSE;

  self.zip = dou_zip_new (fd, error);
  if (self.zip == NULL || !write_parts (&self, counts, error) || !write_media (&self, error)
      || !write_index (&self, counts, error) || !dou_zip_finish (self.zip, error))
    return FALSE;

  *result = (DouExportResult){ .n_media = self.files->len - self.missing->len,
                               .n_missing = self.missing->len,
                               .size = dou_zip_get_size (self.zip) };
  return TRUE;
}

/**
 * dou_export_open_unnamed:
 * @directory: where the file is to lie
 * @error: return location for %DOU_STATUS_DISK_FULL, %DOU_STATUS_UNAVAILABLE
 *
 * A file without a name is gone with its last descriptor, however that goes.
 *
 * Returns: an empty file that only its owner may read, or -1
 */
int
dou_export_open_unnamed (const char *directory, GError **error)
{
  int fd = open (directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

  /* Some file systems (overlayfs before Linux 6.1, NFS) know no such files. */
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
    {
      g_autofree char *path = g_build_filename (directory, ".export-XXXXXX", NULL);

      fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
      if (fd >= 0)
        unlink (path);
    }
  if (fd < 0)
    g_set_error (error, DOU_ERROR,
                 errno == ENOSPC || errno == EDQUOT ? DOU_STATUS_DISK_FULL
                                                    : DOU_STATUS_UNAVAILABLE,
                 "%s: %s", directory, g_strerror (errno));

  return fd;
}
