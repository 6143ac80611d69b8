/* SPDX-License-Identifier: Apache-2.0 */

/* Passwords are kept as Argon2id hashes in libsodium's own text form, which holds the parameters
 * and the salt. A hash is made to be slow and to fill memory, so:
 *
 *  - It never runs in the main loop, but in threads, one for each core at most: more would only
 *    make all of them slower and need their memory at once.
 *  - What waits is bounded. Beyond that a password is refused with DOU_STATUS_UNAVAILABLE at once,
 *    rather than answered after its client has gone.
 *  - A user who does not exist costs as much as one who does: the password is then verified against
 *    a hash that no password has. Otherwise the time of an answer would tell which names are taken.
 *  - When the parameters rise, the hash of a user is made anew the next time the password is known,
 *    which is after a login.
 *
 * Copies of passwords that are made here are wiped; those inside a D-Bus message are out of reach.
 */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include <string.h>

#include <sodium.h>

#include "common/dou-status.h"
#include "common/dou-task.h"
#include "common/dou-trace.h"
#include "user/dou-password-hasher.h"

/* The least that the OWASP Password Storage Cheat Sheet recommends for Argon2id: 19 MiB of memory,
 * two passes, parallelism 1 (which libsodium always uses). Measured: 18 ms. */
#define MEMORY ((gsize) 19 * 1024 * 1024)
#define PASSES 2

/* Passwords that each thread may have before it: about five seconds' work, less than a client's
 * patience. */
#define PENDING_PER_THREAD 256

struct _DouPasswordHasher
{
  GObject parent_instance;

  GThreadPool *pool; /* (owned) */
  guint passes;
  gsize memory;       /* bytes */
  char *unknown_hash; /* (owned) a hash that no password has */
  guint max_pending;
  guint n_pending; /* jobs that wait, run, or are on their way home */
  guint64 n_runs;  /* jobs given to the pool so far */
};

G_DEFINE_FINAL_TYPE (DouPasswordHasher, dou_password_hasher, G_TYPE_OBJECT)

typedef struct
{
  GTask *task;      /* (owned) */
  char *password;   /* (owned) wiped when freed */
  char *hash;       /* (owned) (nullable) to verify against; NULL to make one */
  char *new_hash;   /* (owned) (nullable) */
  gboolean matches; /* of a verification */
  DouTraceContext trace; /* of dou_trace_keep() */
  GError *error;    /* (owned) (nullable) */
} Job;

/**
 * dou_password_copy:
 * @password: a password
 *
 * Returns: (transfer full): a copy, to be freed with dou_password_wipe()
 */
char *
dou_password_copy (const char *password)
{
  return g_strdup (password);
}

/**
 * dou_password_wipe:
 * @password: (transfer full) (nullable): a password
 *
 * Frees @password and leaves nothing of it in memory.
 */
void
dou_password_wipe (char *password)
{
  if (password == NULL)
    return;

  sodium_memzero (password, strlen (password));
  g_free (password);
}

static void
job_free (Job *job)
{
  g_clear_object (&job->task);
  g_clear_pointer (&job->password, dou_password_wipe);
  g_clear_error (&job->error);
  g_free (job->hash);
  g_free (job->new_hash);
  g_free (job);
}

/* A hash is the result of one task and part of that of another; the job is the result of both. */
static gboolean
job_return_cb (gpointer user_data)
{
  Job *job = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&job->task);
  const DouTraceContext trace = job->trace;
  const DouTraceContext *former = dou_trace_enter_kept (&trace);

  DOU_PASSWORD_HASHER (g_task_get_source_object (task))->n_pending--;
  if (job->error != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&job->error));
      job_free (job);
    }
  else
    g_task_return_pointer (task, job, (GDestroyNotify) job_free);

  dou_trace_enter (former);
  return G_SOURCE_REMOVE;
}

static void
job_hash (Job *job, DouPasswordHasher *hasher)
{
  char hash[crypto_pwhash_STRBYTES];

  if (crypto_pwhash_str (hash, job->password, strlen (job->password), hasher->passes,
                         hasher->memory)
      == 0)
    job->new_hash = g_strdup (hash);
  else
    g_set_error (&job->error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, "No memory to hash a password");
}

static void
job_verify (Job *job, DouPasswordHasher *hasher)
{
  job->matches = crypto_pwhash_str_verify (job->hash, job->password, strlen (job->password)) == 0;
  if (!job->matches
      || crypto_pwhash_str_needs_rehash (job->hash, hasher->passes, hasher->memory) == 0)
    return;

  /* The login is good whether or not there is a new hash. */
  job_hash (job, hasher);
  g_clear_error (&job->error);
}

static void
run_job (gpointer data, gpointer user_data)
{
  Job *job = data;
  DouPasswordHasher *hasher = user_data;

  if (!g_cancellable_set_error_if_cancelled (g_task_get_cancellable (job->task), &job->error))
    {
      if (job->hash != NULL)
        job_verify (job, hasher);
      else
        job_hash (job, hasher);
    }

  dou_task_invoke (job->task, job_return_cb, job, NULL);
}

static void
dou_password_hasher_finalize (GObject *object)
{
  DouPasswordHasher *self = DOU_PASSWORD_HASHER (object);

  /* Every job's task holds a reference to the hasher, so the pool is idle. */
  g_thread_pool_free (self->pool, FALSE, TRUE);
  g_free (self->unknown_hash);

  G_OBJECT_CLASS (dou_password_hasher_parent_class)->finalize (object);
}

static void
dou_password_hasher_class_init (DouPasswordHasherClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dou_password_hasher_finalize;
}

static void
dou_password_hasher_init (DouPasswordHasher *self)
{
  if (sodium_init () < 0)
    g_error ("libsodium does not find a source of randomness");

  self->pool = g_thread_pool_new (run_job, self, (int) g_get_num_processors (), FALSE, NULL);
}

static char *
encode (gsize length)
{
  g_autofree guchar *bytes = g_malloc (length);
  gsize size = sodium_base64_encoded_len (length, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  char *text = g_malloc (size);

  randombytes_buf (bytes, length);
  return sodium_bin2base64 (text, size, bytes, length, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

/* A random salt and a random result: to find a password for it is as hard as to guess 32 bytes. The
 * form is that of the Argon2 reference code, and libsodium's: memory in KiB, lengths as it writes
 * them. */
static char *
make_unknown_hash (guint passes, gsize memory)
{
  g_autofree char *salt = encode (crypto_pwhash_SALTBYTES);
  g_autofree char *result = encode (32);

  return g_strdup_printf ("$argon2id$v=19$m=%" G_GSIZE_FORMAT ",t=%u,p=1$%s$%s", memory / 1024,
                          passes, salt, result);
}

/**
 * dou_password_hasher_new:
 *
 * Returns: (transfer full): a hasher with the cost that is in use
 */
DouPasswordHasher *
dou_password_hasher_new (void)
{
  return dou_password_hasher_new_with_cost (PASSES, MEMORY,
                                            PENDING_PER_THREAD * g_get_num_processors ());
}

/**
 * dou_password_hasher_new_with_cost:
 * @passes: passes over the memory, at least 1
 * @memory: bytes of memory, at least 8 KiB
 * @max_pending: passwords that may wait or be hashed at one time
 *
 * For tests, which would be slow with the real cost.
 *
 * Returns: (transfer full): a hasher
 */
DouPasswordHasher *
dou_password_hasher_new_with_cost (guint passes, gsize memory, guint max_pending)
{
  DouPasswordHasher *self;

  g_return_val_if_fail (passes >= crypto_pwhash_OPSLIMIT_MIN, NULL);
  g_return_val_if_fail (memory >= crypto_pwhash_MEMLIMIT_MIN, NULL);

  self = g_object_new (DOU_TYPE_PASSWORD_HASHER, NULL);
  self->passes = passes;
  self->memory = memory;
  self->max_pending = max_pending;
  self->unknown_hash = make_unknown_hash (passes, memory);
  return self;
}

static void
dou_password_hasher_push (DouPasswordHasher *self, GTask *task, const char *password,
                          const char *hash)
{
  Job *job;

  if (self->n_pending >= self->max_pending)
    {
      g_task_return_new_error (task, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
                               "Too many passwords are waiting to be hashed");
      g_object_unref (task);
      return;
    }

  job = g_new0 (Job, 1);
  job->task = task;
  job->password = dou_password_copy (password);
  job->hash = g_strdup (hash);
  dou_trace_keep (&job->trace);
  self->n_pending++;
  self->n_runs++;
  g_thread_pool_push (self->pool, job, NULL);
}

/**
 * dou_password_hasher_hash_async:
 * @self: a hasher
 * @password: a password
 * @cancellable: (nullable): prevents the work if it has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_password_hasher_hash_async (DouPasswordHasher *self, const char *password,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_PASSWORD_HASHER (self));
  g_return_if_fail (password != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_password_hasher_hash_async);
  dou_password_hasher_push (self, task, password, NULL);
}

/**
 * dou_password_hasher_hash_finish:
 * @self: a hasher
 * @result: of the callback
 * @error: return location
 *
 * Returns: (transfer full): the hash, in ASCII, at most 127 bytes, with its parameters; or %NULL
 *   with %DOU_STATUS_UNAVAILABLE (too many are waiting, or there is no memory) or
 *   %G_IO_ERROR_CANCELLED
 */
char *
dou_password_hasher_hash_finish (DouPasswordHasher *self, GAsyncResult *result, GError **error)
{
  Job *job;
  char *hash;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_password_hasher_hash_async), NULL);

  job = g_task_propagate_pointer (G_TASK (result), error);
  if (job == NULL)
    return NULL;

  hash = g_steal_pointer (&job->new_hash);
  job_free (job);
  return hash;
}

/**
 * dou_password_hasher_verify_async:
 * @self: a hasher
 * @password: a password
 * @hash: (nullable): the hash to compare it with; %NULL for a user who does not exist, which costs
 *   the same and never matches
 * @cancellable: (nullable): prevents the work if it has not begun
 * @callback: called in the thread-default main context of the caller
 * @user_data: passed to @callback
 */
void
dou_password_hasher_verify_async (DouPasswordHasher *self, const char *password, const char *hash,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task;

  g_return_if_fail (DOU_IS_PASSWORD_HASHER (self));
  g_return_if_fail (password != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, dou_password_hasher_verify_async);
  dou_password_hasher_push (self, task, password, hash != NULL ? hash : self->unknown_hash);
}

/**
 * dou_password_hasher_verify_finish:
 * @self: a hasher
 * @result: of the callback
 * @matches: (out): whether it is the password of that hash
 * @new_hash: (out) (transfer full) (nullable): if it is, and the hash was made with other
 *   parameters than those in use: one that should replace it
 * @error: return location
 *
 * Returns: whether the password was verified; errors as of dou_password_hasher_hash_finish()
 */
gboolean
dou_password_hasher_verify_finish (DouPasswordHasher *self, GAsyncResult *result, gboolean *matches,
                                   char **new_hash, GError **error)
{
  Job *job;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, dou_password_hasher_verify_async), FALSE);

  job = g_task_propagate_pointer (G_TASK (result), error);
  if (job == NULL)
    return FALSE;

  *matches = job->matches;
  *new_hash = g_steal_pointer (&job->new_hash);
  job_free (job);
  return TRUE;
}

/**
 * dou_password_hasher_get_n_runs:
 * @self: a hasher
 *
 * Returns: how many passwords were hashed or verified, or are going to be
 */
guint64
dou_password_hasher_get_n_runs (DouPasswordHasher *self)
{
  g_return_val_if_fail (DOU_IS_PASSWORD_HASHER (self), 0);

  return self->n_runs;
}
