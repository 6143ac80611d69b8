/* SPDX-License-Identifier: Apache-2.0 */

/* POST /douyin/user/export/: all that is kept of the caller, as a zip (src/export).
 *
 * It is the one answer that has everything, all messages among it, so a token is not enough: tokens live long,
 * lie in browsers and, as a part of addresses, in the logs of proxies. The password is asked for again, and guesses
 * count as those of a login. It is a POST so that no link, picture or prefetching browser can begin it.
 *
 * The archive is gathered by a thread, which may wait for the services and the object store, into a file
 * without a name; then it is sent like a video. So what goes wrong is said with a status, the length is known,
 * a slow client holds up nothing but its own next export, and what is interrupted, also by kill -9, leaves
 * nothing on the disk. Rejected: to send it while it is gathered, which saves the file, but can only break off
 * when something goes wrong.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "export/dou-export.h"
#include "gateway/dou-action.h"
#include "gateway/dou-export-lock.h"
#include "gateway/dou-export-routes.h"
#include "gateway/dou-password-guard.h"

/* Seconds after which who was refused may try again: an everyday export takes less. */
#define RETRY_AFTER 10
/* The share of the free disk space that one export may take, as a divisor. */
#define SPACE_DIVISOR 4

struct _DouExportRoutes
{
  GObject parent_instance;

  DouContext *context;         /* (unowned) */
  GDBusConnection *connection; /* (owned) */
  DouObjectAddress *objects;   /* (owned) (nullable) */
  char *media_dir;             /* (owned) */
  char *lock_path;             /* (owned) */
};

G_DEFINE_FINAL_TYPE (DouExportRoutes, dou_export_routes, G_TYPE_OBJECT)

/* One export, from the request until the last byte of it was sent. */
typedef struct
{
  DouExportRoutes *routes; /* (owned) */
  DouRequest *request;     /* (owned) (nullable) until it is answered */
  gint64 user;
  DouExportLock *lock; /* (owned) (nullable) */
  int fd;              /* (owned) the archive, or -1 */
  guint64 max_size;
  DouExportResult result;
  GBytes *bytes; /* (owned) (nullable) the archive, once it is sent */
} Job;

static void
job_free (Job *job)
{
  g_clear_pointer (&job->bytes, g_bytes_unref);
  if (job->fd >= 0)
    close (job->fd);
  g_clear_pointer (&job->lock, dou_export_lock_free);
  g_clear_object (&job->request);
  g_object_unref (job->routes);
  g_free (job);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, job_free)

static void
dou_export_routes_finalize (GObject *object)
{
  DouExportRoutes *self = DOU_EXPORT_ROUTES (object);

  g_clear_object (&self->connection);
  g_clear_pointer (&self->objects, dou_object_address_free);
  g_free (self->media_dir);
  g_free (self->lock_path);

  G_OBJECT_CLASS (dou_export_routes_parent_class)->finalize (object);
}

static void
dou_export_routes_class_init (DouExportRoutesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_export_routes_finalize;
}

static void
dou_export_routes_init (DouExportRoutes *self)
{
}

/**
 * dou_export_routes_new:
 * @context: what the handler works with; outlives the object
 * @connection: the private bus
 * @objects: (transfer full) (nullable): where files are that are not here
 *
 * Returns: (transfer full): the route of exports
 */
DouExportRoutes *
dou_export_routes_new (DouContext *context, GDBusConnection *connection, DouObjectAddress *objects)
{
  DouExportRoutes *self = g_object_new (DOU_TYPE_EXPORT_ROUTES, NULL);
  const char *state_dir = dou_config_get_string (context->config, DOU_CONFIG_STATE_DIR);

  self->context = context;
  self->connection = g_object_ref (connection);
  self->objects = objects;
  self->media_dir = g_build_filename (state_dir, "media", NULL);
  self->lock_path = g_build_filename (state_dir, "exports", NULL);
  return self;
}

static void
job_fail (Job *job, DouStatus status)
{
  if (status == DOU_STATUS_RATE_LIMITED || status == DOU_STATUS_UNAVAILABLE)
    dou_request_delay (job->request, RETRY_AFTER);
  dou_request_reply_status (job->request, status);
}

/* @job: (transfer full): it goes with the last byte */
static void
job_send (Job *job)
{
  const DouFilePart part = { job->fd, 0 };
  g_autoptr (DouRequest) request = g_steal_pointer (&job->request);
  SoupMessageHeaders *headers
      = dou_request_get_answer_headers (request);
  g_autofree char *disposition = g_strdup_printf (
      "attachment; filename=\"doutok-%" G_GINT64_FORMAT ".zip\"", job->user);
  g_autoptr (GBytes) body = NULL;
  gconstpointer data;
  gsize size;

  soup_message_headers_replace (headers, "Content-Disposition", disposition);
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  data = g_bytes_get_data (job->bytes, &size);
  body = g_bytes_new_with_free_func (data, size, (GDestroyNotify) job_free, job);
  dou_request_reply_file (request, SOUP_STATUS_OK, "application/zip", body, &part);
}

/* What the client is told, and the operator if there is something to be done. */
static DouStatus
job_judge (const GError *error)
{
  DouStatus status = dou_status_from_error (error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return DOU_STATUS_UNAVAILABLE;

  g_log (G_LOG_DOMAIN, status == DOU_STATUS_UNAVAILABLE ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
         "user/export: %s", error->message);
  return status;
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Job) job = user_data;
  g_autoptr (GMappedFile) mapping = NULL;
  g_autoptr (GError) error = NULL;

  dou_export_lock_end_work (job->lock);
  if (g_task_propagate_boolean (G_TASK (result), &error))
    mapping = g_mapped_file_new_from_fd (job->fd, FALSE, &error);
  if (mapping == NULL)
    {
      job_fail (job, job_judge (error));
      return;
    }

  g_info ("User %" G_GINT64_FORMAT " takes %u files, %" G_GUINT64_FORMAT " bytes; %u were not there",
          job->user, job->result.n_media, job->result.size, job->result.n_missing);
  job->bytes = g_mapped_file_get_bytes (mapping);
  job_send (g_steal_pointer (&job));
}

/* In a thread of its own. */
static void
write_func (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Job *job = task_data;
  const DouExportRequest request = {
    .connection = job->routes->connection,
    .user = job->user,
    .media_dir = job->routes->media_dir,
    .objects = job->routes->objects,
    .max_size = job->max_size,
  };
  GError *error = NULL;

  if (dou_export_write (&request, job->fd, cancellable, &job->result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static DouStatus
job_prepare (Job *job)
{
  DouExportRoutes *routes = job->routes;
  g_autoptr (GError) error = NULL;
  struct statvfs space;
  DouStatus status;

  job->lock = dou_export_lock_take (routes->lock_path, job->user, &status);
  if (job->lock == NULL)
    return status;

  if (statvfs (routes->media_dir, &space) != 0)
    {
      g_warning ("%s: %s", routes->media_dir, g_strerror (errno));
      return DOU_STATUS_UNAVAILABLE;
    }
  job->max_size = (guint64) space.f_bavail * space.f_frsize / SPACE_DIVISOR;

  job->fd = dou_export_open_unnamed (routes->media_dir, &error);
  if (job->fd < 0)
    g_warning ("user/export: %s", error->message);
  return dou_status_from_error (error);
}

/* @job: (transfer full): of who has said the password */
static void
job_start (Job *job)
{
  g_autoptr (Job) owned = job;
  g_autoptr (GTask) task = NULL;
  DouStatus status = job_prepare (job);

  if (status != DOU_STATUS_OK)
    {
      job_fail (job, status);
      return;
    }

  task = g_task_new (job->routes, dou_request_get_cancellable (job->request), written_cb,
                     g_steal_pointer (&owned));
  g_task_set_source_tag (task, job_start);
  g_task_set_task_data (task, job, NULL);
  g_task_run_in_thread (task, write_func);
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Job) job = user_data;
  g_autoptr (GVariant) own = NULL;
  DouStatus status = dou_action_receive (DOU_BATCHER (source), result, &own);

  /* What cannot be a password is none. */
  if (status == DOU_STATUS_BAD_PASSWORD)
    status = DOU_STATUS_BAD_CREDENTIALS;
  dou_password_guard_end (job->routes->context, job->request, job->user, status);
  if (status == DOU_STATUS_OK)
    job_start (g_steal_pointer (&job));
  else
    dou_request_reply_status (job->request, status);
}

/* A change of a password to itself changes nothing, and asks for it.
 * @job: (transfer full) */
static void
job_check_password (Job *job, const char *password)
{
  DouContext *context = job->routes->context;
  GVariant *item = g_variant_new ("(xss)", job->user, password, password);

  dou_batcher_submit_async (dou_backend_get_batcher (context->backend, DOU_BACKEND_CHANGE_PASSWORDS),
                            &item, 1, NULL, checked_cb, job);
}

static DouStatus
job_admit (Job *job, const char **password)
{
  DouContext *context = job->routes->context;
  DouStatus status = dou_context_require_user (context, job->request, &job->user);

  if (status != DOU_STATUS_OK)
    return status;

  *password = dou_request_get_parameter (job->request, "password");
  if (*password == NULL || **password == '\0')
    return DOU_STATUS_BAD_PARAMETER;
  if (!g_utf8_validate (*password, -1, NULL))
    return DOU_STATUS_BAD_CREDENTIALS;

  return dou_password_guard_begin (context, job->request, job->user);
}

static void
export_handler (DouRequest *request, gpointer user_data)
{
  g_autoptr (Job) job = g_new0 (Job, 1);
  const char *password = NULL;
  DouStatus status;

  job->routes = g_object_ref (DOU_EXPORT_ROUTES (user_data));
  job->request = g_object_ref (request);
  job->fd = -1;
  status = job_admit (job, &password);
  if (status == DOU_STATUS_OK)
    job_check_password (g_steal_pointer (&job), password);
  else
    dou_request_reply_status (request, status);
}

/**
 * dou_export_routes_add:
 * @self: the route of exports; outlives @router
 * @router: takes it
 */
void
dou_export_routes_add (DouExportRoutes *self, DouRouter *router)
{
  static const DouRoute routes[] = {
    { "/douyin/user/export", DOU_METHOD_POST, export_handler, NULL, DOU_RATE_EXPORT },
  };

  dou_router_add (router, routes, G_N_ELEMENTS (routes), self);
}
