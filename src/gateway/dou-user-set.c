/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-user-set.h"

struct _DouUserSet
{
  DouContext *context; /* (unowned) */
  gint64 viewer;       /* who reads it; 0 for a guest */
  gsize n_users;
  gint64 *ids;         /* (owned) (array length=n_users) */
  DouRecord **records; /* (owned) (array length=n_users) */
  guint8 *follows;     /* (owned) (array length=n_users) whether the viewer follows each */
  gint64 reader;       /* from whom users are apart who are left out; 0 for nobody */
  guint8 *apart;       /* (owned) (array length=n_users) whether each is left out */

  guint n_pending; /* loads under way */
  GError *error;   /* (owned) (nullable) of the first that failed */
  DouCacheFunc func;
  gpointer user_data;
};

/**
 * dou_user_set_new:
 * @context: what the handlers work with
 * @viewer: who reads it; 0 for a guest
 * @ids: (array length=n_ids): who; may repeat, and need not exist
 * @n_ids: how many
 *
 * Returns: (transfer full): a set that is not loaded
 */
DouUserSet *
dou_user_set_new (DouContext *context, gint64 viewer, const gint64 *ids, gsize n_ids)
{
  DouUserSet *self = g_new0 (DouUserSet, 1);

  self->context = context;
  self->viewer = viewer;
  self->n_users = n_ids;
  self->ids = g_memdup2 (ids, n_ids * sizeof *ids);
  self->records = g_new (DouRecord *, n_ids);
  self->follows = g_new0 (guint8, n_ids);
  self->apart = g_new0 (guint8, n_ids);
  for (gsize i = 0; i < n_ids; i++)
    self->records[i] = dou_cache_get_user (context->cache, ids[i]);
  return self;
}

/**
 * dou_user_set_free:
 * @self: (transfer full): a set that is not being loaded
 */
void
dou_user_set_free (DouUserSet *self)
{
  g_assert (self->n_pending == 0);

  for (gsize i = 0; i < self->n_users; i++)
    dou_record_unref (self->records[i]);
  g_free (self->ids);
  g_free (self->records);
  g_free (self->follows);
  g_free (self->apart);
  g_clear_error (&self->error);
  g_free (self);
}

/**
 * dou_user_set_hide_from:
 * @self: a set that is not loaded
 * @reader: a user
 *
 * Who blocks @reader or is blocked by @reader is as good as one who does not exist.
 */
void
dou_user_set_hide_from (DouUserSet *self, gint64 reader)
{
  self->reader = reader;
}

static void
loaded_cb (const GError *error, gpointer user_data)
{
  DouUserSet *self = user_data;

  if (error != NULL && self->error == NULL)
    self->error = g_error_copy (error);
  if (--self->n_pending == 0)
    self->func (self->error, self->user_data);
}

/**
 * dou_user_set_load:
 * @self: a set that is not loaded
 * @func: called when it is, or cannot be
 * @user_data: for @func
 *
 * Returns: whether it is loaded already: then @func is not called
 */
gboolean
dou_user_set_load (DouUserSet *self, DouCacheFunc func, gpointer user_data)
{
  self->func = func;
  self->user_data = user_data;

  if (!dou_cache_load (self->context->cache, self->records, self->n_users, DOU_FACTS_OF_USER,
                       loaded_cb, self))
    self->n_pending++;
  if (self->viewer != 0
      && !dou_flags_load (self->context->flags, DOU_FLAG_FOLLOW, self->viewer, self->ids,
                          self->n_users, self->follows, loaded_cb, self))
    self->n_pending++;
  if (self->reader != 0
      && !dou_flags_load (self->context->flags, DOU_FLAG_APART, self->reader, self->ids,
                          self->n_users, self->apart, loaded_cb, self))
    self->n_pending++;

  return self->n_pending == 0;
}

/**
 * dou_user_set_exists:
 * @self: a set that is loaded
 * @index: of a user, from 0
 *
 * Returns: whether the user exists, and is not hidden
 */
gboolean
dou_user_set_exists (DouUserSet *self, gsize index)
{
  return self->records[index]->status == DOU_STATUS_OK && !self->apart[index];
}

/**
 * dou_user_set_write_members:
 * @self: a set that is loaded
 * @index: of a user that exists
 * @origin: what links begin with, from dou_context_get_origin()
 * @writer: inside an object, before its first member; takes the members of a User
 */
void
dou_user_set_write_members (DouUserSet *self, gsize index, const char *origin,
                            DouJsonWriter *writer)
{
  /* Oneself is never followed and never counted. */
  dou_record_write_user (self->records[index], origin, NULL,
                         self->follows[index] != 0 && self->ids[index] != self->viewer, writer);
}

/**
 * dou_user_set_write:
 * @self: a set that is loaded
 * @index: of a user that exists
 * @origin: what links begin with, from dou_context_get_origin()
 * @writer: takes one User object
 */
void
dou_user_set_write (DouUserSet *self, gsize index, const char *origin, DouJsonWriter *writer)
{
  dou_json_writer_begin_object (writer);
  dou_user_set_write_members (self, index, origin, writer);
  dou_json_writer_end_object (writer);
}

/**
 * dou_user_set_write_sheet:
 * @self: a set that is loaded
 * @index: of a user that exists
 * @origin: what links begin with, from dou_context_get_origin()
 * @writer: takes one User object, as a guest sees it
 * @sheet: takes where the flag stands
 */
void
dou_user_set_write_sheet (DouUserSet *self, gsize index, const char *origin, DouJsonWriter *writer,
                          DouSheet *sheet)
{
  gsize is_follow;

  dou_json_writer_begin_object (writer);
  dou_record_write_user (self->records[index], origin, &is_follow, FALSE, writer);
  dou_json_writer_end_object (writer);
  dou_sheet_add_user (sheet, is_follow, self->ids[index]);
}

/**
 * dou_user_set_add_to_ready:
 * @self: a set that is loaded
 * @ready: learns what the set is made of
 */
void
dou_user_set_add_to_ready (DouUserSet *self, DouReady *ready)
{
  dou_ready_add_records (ready, self->records, self->n_users, DOU_FACTS_OF_USER);
}
