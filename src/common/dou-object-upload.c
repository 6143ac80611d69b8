/* SPDX-License-Identifier: Apache-2.0 */

/* The way of a file into an object store, and how it is known that it has arrived.
 *
 *   small   PUT, HEAD
 *   large   POST ?uploads, PUT of one part after the other, POST of the list of parts, HEAD
 *
 * The file is mapped, so that memory stays flat and a part can be sent again. Its checksums are
 * computed in a thread, part by part, just before the part is sent.
 *
 * Nobody believes anybody: the SHA-256 of each body is signed with the request, so that the store refuses
 * what was changed on its way; and the store's ETag is compared, which is the MD5 of what it has stored,
 * of a large object the MD5 of those of its parts. Where it is not, with keys of the customer or a key
 * service, the first one has to do. In the end the store is asked for the size.
 *
 * Of a large object nothing is seen before the list of parts is sent. What fails earlier is aborted; if
 * that fails too, the parts stay until dou_object_upload_abort_async(), which whoever has begun the
 * upload calls later.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include "common/dou-object-upload.h"
#include "common/dou-status.h"

/* An object is never written again, so nobody need ask for it again for a year. */
#define CACHE_CONTROL "public, max-age=31536000, immutable"

#define MD5_LENGTH 16

typedef struct
{
  char *sha256; /* (owned) in hexadecimal */
  guint8 md5[MD5_LENGTH];
} Checksums;

/* A file on its way: the data of its task. */
typedef struct
{
  char *name;         /* (owned) */
  char *content_type; /* (owned) */
  GBytes *bytes;      /* (owned) the file, mapped */
  gsize part_size;
  gsize offset;         /* of the part that is being sent */
  GBytes *part;         /* (owned) (nullable) */
  Checksums *checksums; /* (owned) (nullable) of it */
  GByteArray *md5s;     /* (owned) of the parts so far */
  GString *list;        /* (owned) of the parts so far, in XML */
  char *upload_id;      /* (owned) (nullable) of a large object, once begun */
  GError *error;        /* (owned) (nullable) why it is being aborted */
} Upload;

static void
checksums_free (Checksums *checksums)
{
  g_free (checksums->sha256);
  g_free (checksums);
}

static void
upload_free (Upload *upload)
{
  g_free (upload->name);
  g_free (upload->content_type);
  g_bytes_unref (upload->bytes);
  g_clear_pointer (&upload->part, g_bytes_unref);
  g_clear_pointer (&upload->checksums, checksums_free);
  g_byte_array_unref (upload->md5s);
  g_string_free (upload->list, TRUE);
  g_free (upload->upload_id);
  g_clear_error (&upload->error);
  g_free (upload);
}

static guint
upload_get_n_parts (Upload *upload)
{
  return upload->md5s->len / MD5_LENGTH;
}

static char *
format_md5 (const guint8 md5[MD5_LENGTH])
{
  GString *text = g_string_sized_new (2 * MD5_LENGTH);

  for (gsize i = 0; i < MD5_LENGTH; i++)
    g_string_append_printf (text, "%02x", md5[i]);
  return g_string_free (text, FALSE);
}

static void
aborted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Upload *upload = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (DouObjectAnswer) answer
    = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);

  if (answer == NULL)
    g_info ("Parts of an upload are left: %s", error->message);
  g_task_return_error (task, g_steal_pointer (&upload->error));
}

/* @error: (transfer full) */
static void
fail (GTask *task, GError *error)
{
  Upload *upload = g_task_get_task_data (task);
  DouObjectRequest *request;

  if (upload->upload_id == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  upload->error = error;
  request = dou_object_request_new (SOUP_METHOD_DELETE, upload->name);
  dou_object_request_add_parameter (request, "uploadId", upload->upload_id);
  dou_object_client_send_async (g_task_get_source_object (task), request, NULL, aborted_cb,
                                g_object_ref (task));
}

static void
fail_because (GTask *task, const char *why)
{
  Upload *upload = g_task_get_task_data (task);

  fail (task, g_error_new (DOU_ERROR, DOU_STATUS_UNAVAILABLE, "The object store, %s: %s",
                           upload->name, why));
}

/* Whether the ETag of an object says nothing of its content. */
static gboolean
is_opaque (SoupMessageHeaders *headers)
{
  const char *encryption
    = soup_message_headers_get_one (headers, "x-amz-server-side-encryption");

  return (encryption != NULL && g_str_has_prefix (encryption, "aws:"))
         || soup_message_headers_get_one (headers,
                                          "x-amz-server-side-encryption-customer-algorithm")
              != NULL;
}

/* @suffix: behind the checksum, of an object in parts: `-N` */
static gboolean
is_stored_right (SoupMessageHeaders *headers, const guint8 md5[MD5_LENGTH], const char *suffix)
{
  const char *etag = soup_message_headers_get_one (headers, "ETag");
  g_autofree char *sum = format_md5 (md5);
  g_autofree char *expected = g_strdup_printf ("\"%s%s\"", sum, suffix);

  return is_opaque (headers) || g_strcmp0 (etag, expected) == 0;
}

static gboolean
is_whole_stored_right (Upload *upload, SoupMessageHeaders *headers)
{
  g_autoptr (GChecksum) checksum = NULL;
  g_autofree char *suffix = NULL;
  guint8 md5[MD5_LENGTH];
  gsize length = sizeof md5;

  if ((guint64) soup_message_headers_get_content_length (headers)
      != g_bytes_get_size (upload->bytes))
    return FALSE;
  if (upload->upload_id == NULL)
    return is_stored_right (headers, upload->checksums->md5, "");

  checksum = g_checksum_new (G_CHECKSUM_MD5);
  g_checksum_update (checksum, upload->md5s->data, upload->md5s->len);
  g_checksum_get_digest (checksum, md5, &length);
  suffix = g_strdup_printf ("-%u", upload_get_n_parts (upload));
  return is_stored_right (headers, md5, suffix);
}

static void
confirmed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Upload *upload = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DouObjectAnswer) answer
    = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);

  if (answer == NULL)
    fail (task, error);
  else if (!is_whole_stored_right (upload, answer->headers))
    fail_because (task, "it has not stored what it was sent");
  else
    g_task_return_boolean (task, TRUE);
}

static void
confirm (GTask *task)
{
  Upload *upload = g_task_get_task_data (task);

  dou_object_client_send_async (g_task_get_source_object (task),
                                dou_object_request_new (SOUP_METHOD_HEAD, upload->name),
                                g_task_get_cancellable (task), confirmed_cb, g_object_ref (task));
}

static void
hash_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Checksums *checksums = g_new0 (Checksums, 1);
  g_autoptr (GChecksum) md5 = g_checksum_new (G_CHECKSUM_MD5);
  gsize length = MD5_LENGTH;
  gsize size;
  const guint8 *bytes = g_bytes_get_data (data, &size);

  checksums->sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, data);
  g_checksum_update (md5, bytes, (gssize) size);
  g_checksum_get_digest (md5, checksums->md5, &length);
  g_task_return_pointer (task, checksums, (GDestroyNotify) checksums_free);
}

static void send_part (GTask *task);

static void
hashed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Upload *upload = g_task_get_task_data (task);

  g_clear_pointer (&upload->checksums, checksums_free);
  upload->checksums = g_task_propagate_pointer (G_TASK (result), NULL);
  send_part (task);
}

/* Goes on with the part at the offset: of a small file, all of it. */
static void
begin_part (GTask *task)
{
  Upload *upload = g_task_get_task_data (task);
  gsize size = g_bytes_get_size (upload->bytes) - upload->offset;
  g_autoptr (GTask) hashing = g_task_new (NULL, NULL, hashed_cb, g_object_ref (task));

  g_clear_pointer (&upload->part, g_bytes_unref);
  upload->part
    = g_bytes_new_from_bytes (upload->bytes, upload->offset, MIN (size, upload->part_size));
  g_task_set_task_data (hashing, g_bytes_ref (upload->part), (GDestroyNotify) g_bytes_unref);
  g_task_run_in_thread (hashing, hash_thread);
}

static void
completed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DouObjectAnswer) answer
    = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);

  /* The upload is not known any more if an answer was lost: the object will tell. And a store that
   * takes long begins its answer before it knows how that will end. */
  if (answer == NULL && !g_error_matches (error, DOU_ERROR, DOU_STATUS_NOT_FOUND))
    fail (task, g_steal_pointer (&error));
  else if (answer != NULL
           && strstr (g_bytes_get_data (answer->body, NULL), "<Error>") != NULL)
    fail_because (task, "it cannot put the parts together");
  else
    confirm (task);
}

static void
complete (GTask *task)
{
  Upload *upload = g_task_get_task_data (task);
  DouObjectRequest *request = dou_object_request_new (SOUP_METHOD_POST, upload->name);
  g_autofree char *body
    = g_strdup_printf ("<CompleteMultipartUpload "
                       "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">%s"
                       "</CompleteMultipartUpload>",
                       upload->list->str);

  dou_object_request_add_parameter (request, "uploadId", upload->upload_id);
  dou_object_request_add_header (request, "content-type", "application/xml");
  request->body = g_bytes_new (body, strlen (body));
  dou_object_client_send_async (g_task_get_source_object (task), request,
                                g_task_get_cancellable (task), completed_cb, g_object_ref (task));
}

/* A part is there, of a large object. */
static void
note_part (Upload *upload)
{
  g_autofree char *sum = format_md5 (upload->checksums->md5);

  g_byte_array_append (upload->md5s, upload->checksums->md5, MD5_LENGTH);
  upload->offset += g_bytes_get_size (upload->part);
  g_string_append_printf (upload->list,
                          "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>",
                          upload_get_n_parts (upload), sum);
}

static void
sent_part_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Upload *upload = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DouObjectAnswer) answer
    = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);

  if (answer == NULL)
    fail (task, error);
  else if (!is_stored_right (answer->headers, upload->checksums->md5, ""))
    fail_because (task, "it has not stored what it was sent");
  else if (upload->upload_id == NULL)
    confirm (task);
  else
    {
      note_part (upload);
      if (upload->offset < g_bytes_get_size (upload->bytes))
        begin_part (task);
      else
        complete (task);
    }
}

static void
describe_object (Upload *upload, DouObjectRequest *request)
{
  dou_object_request_add_header (request, "content-type", upload->content_type);
  dou_object_request_add_header (request, "cache-control", CACHE_CONTROL);
}

static void
send_part (GTask *task)
{
  Upload *upload = g_task_get_task_data (task);
  DouObjectRequest *request = dou_object_request_new (SOUP_METHOD_PUT, upload->name);
  g_autofree char *md5 = g_base64_encode (upload->checksums->md5, MD5_LENGTH);

  if (upload->upload_id == NULL)
    {
      describe_object (upload, request);
    }
  else
    {
      g_autofree char *number = g_strdup_printf ("%u", upload_get_n_parts (upload) + 1);

      dou_object_request_add_parameter (request, "partNumber", number);
      dou_object_request_add_parameter (request, "uploadId", upload->upload_id);
    }

  dou_object_request_add_header (request, "content-md5", md5);
  request->body = g_bytes_ref (upload->part);
  request->sha256 = g_strdup (upload->checksums->sha256);
  dou_object_client_send_async (g_task_get_source_object (task), request,
                                g_task_get_cancellable (task), sent_part_cb, g_object_ref (task));
}

static void
begun_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Upload *upload = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (DouObjectAnswer) answer
    = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);

  if (answer == NULL)
    {
      fail (task, error);
      return;
    }

  upload->upload_id
    = dou_object_answer_get_element (g_bytes_get_data (answer->body, NULL), "UploadId");
  if (upload->upload_id != NULL)
    begin_part (task);
  else
    fail_because (task, "it does not say how to send parts");
}

static void
begin_large (GTask *task)
{
  Upload *upload = g_task_get_task_data (task);
  DouObjectRequest *request = dou_object_request_new (SOUP_METHOD_POST, upload->name);

  dou_object_request_add_parameter (request, "uploads", "");
  describe_object (upload, request);
  dou_object_client_send_async (g_task_get_source_object (task), request,
                                g_task_get_cancellable (task), begun_cb, g_object_ref (task));
}

/**
 * dou_object_upload_async:
 * @client: knows the store
 * @name: of the object
 * @content_type: what it is
 * @path: a file that nobody changes
 * @part_size: bytes from which on it is sent in parts, and of one
 * @cancellable: (nullable): gives up
 * @callback: called once the object is there, and its size and checksum are right
 * @user_data: for @callback
 */
void
dou_object_upload_async (DouObjectClient *client, const char *name, const char *content_type,
                         const char *path, gsize part_size, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (client, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, &error);
  Upload *upload;

  g_task_set_source_tag (task, dou_object_upload_async);
  if (file == NULL)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_INTERNAL, "%s", error->message);
      return;
    }

  upload = g_new0 (Upload, 1);
  upload->name = g_strdup (name);
  upload->content_type = g_strdup (content_type);
  upload->bytes = g_mapped_file_get_bytes (file);
  upload->part_size = part_size;
  upload->md5s = g_byte_array_new ();
  upload->list = g_string_new (NULL);
  g_task_set_task_data (task, upload, (GDestroyNotify) upload_free);

  if (g_bytes_get_size (upload->bytes) > part_size)
    begin_large (task);
  else
    begin_part (task);
}

gboolean
dou_object_upload_finish (DouObjectClient *client, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, client), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_object_upload_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* What was begun and never ended: the data of a task. */
typedef struct
{
  char *stem;     /* (owned) */
  GQueue pending; /* (element-type DouObjectRequest) (owned) */
} Abortion;

static void
abortion_free (Abortion *abortion)
{
  g_free (abortion->stem);
  g_queue_clear_full (&abortion->pending, (GDestroyNotify) dou_object_request_free);
  g_free (abortion);
}

/* Not that of another id whose digits begin in the same way. */
static gboolean
is_of_stem (const char *name, const char *stem)
{
  gsize length = strlen (stem);

  return g_str_has_prefix (name, stem) && (name[length] == '.' || name[length] == '-');
}

static void
abortion_parse (Abortion *abortion, const char *text)
{
  g_auto (GStrv) uploads = g_strsplit (text, "<Upload>", -1);

  for (char **upload = uploads + 1; uploads[0] != NULL && *upload != NULL; upload++)
    {
      g_autofree char *name = dou_object_answer_get_element (*upload, "Key");
      g_autofree char *id = dou_object_answer_get_element (*upload, "UploadId");
      DouObjectRequest *request;

      if (name == NULL || id == NULL || !is_of_stem (name, abortion->stem))
        continue;

      request = dou_object_request_new (SOUP_METHOD_DELETE, name);
      dou_object_request_add_parameter (request, "uploadId", id);
      g_queue_push_tail (&abortion->pending, request);
    }
}

static void abort_next (GTask *task);

static void
aborted_one_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (DouObjectAnswer) answer
    = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);

  if (answer != NULL || g_error_matches (error, DOU_ERROR, DOU_STATUS_NOT_FOUND))
    {
      g_clear_error (&error);
      abort_next (task);
    }
  else
    g_task_return_error (task, error);
}

static void
abort_next (GTask *task)
{
  Abortion *abortion = g_task_get_task_data (task);
  DouObjectRequest *request = g_queue_pop_head (&abortion->pending);

  if (request == NULL)
    g_task_return_boolean (task, TRUE);
  else
    dou_object_client_send_async (g_task_get_source_object (task), request,
                                  g_task_get_cancellable (task), aborted_one_cb,
                                  g_object_ref (task));
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (DouObjectAnswer) answer
    = dou_object_client_send_finish (DOU_OBJECT_CLIENT (source), result, &error);

  if (answer == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  abortion_parse (g_task_get_task_data (task), g_bytes_get_data (answer->body, NULL));
  abort_next (task);
}

/**
 * dou_object_upload_abort_async:
 * @client: knows the store
 * @stem: what the names of objects begin with, up to the last dot or minus
 * @cancellable: (nullable): gives up
 * @callback: called when no parts of these objects are left
 * @user_data: for @callback
 */
void
dou_object_upload_abort_async (DouObjectClient *client, const char *stem,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (client, cancellable, callback, user_data);
  DouObjectRequest *request = dou_object_request_new (SOUP_METHOD_GET, "");
  Abortion *abortion = g_new0 (Abortion, 1);

  g_task_set_source_tag (task, dou_object_upload_abort_async);
  abortion->stem = g_strdup (stem);
  g_queue_init (&abortion->pending);
  g_task_set_task_data (task, abortion, (GDestroyNotify) abortion_free);
  dou_object_request_add_parameter (request, "uploads", "");
  dou_object_request_add_parameter (request, "prefix", stem);
  dou_object_client_send_async (client, request, cancellable, listed_cb,
                                g_steal_pointer (&task));
}

gboolean
dou_object_upload_abort_finish (DouObjectClient *client, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, client), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_object_upload_abort_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
