/* SPDX-License-Identifier: Apache-2.0 */

/* A sheet that is kept holds the records that it was made of. It is good as long as none of them has
 * another version, which is looked at only if anything at all was told since it was last good: one
 * comparison for most requests, one a record for the first one after a like somewhere. It is made anew
 * by the first request that finds it wrong, so that a stream of likes costs one page for each request
 * at most, and none without requests. */

#include "config.h"

#include "gateway/dou-ready.h"

/* What was looked at when the sheet was written. */
typedef struct
{
  DouRecord *record; /* (owned) */
  guint facts;
  guint version;
} Source;

struct _DouReady
{
  DouSheet *sheet; /* (owned) */
  GArray *sources; /* (owned) (element-type Source) */
  guint64 moment;  /* of the cache, at which it was last good */
};

static void
source_clear (Source *source)
{
  dou_record_unref (source->record);
}

/**
 * dou_ready_new:
 * @sheet: with its text
 *
 * Returns: (transfer full): a sheet that is made of nothing yet
 */
DouReady *
dou_ready_new (DouSheet *sheet)
{
  DouReady *self = g_new (DouReady, 1);

  dou_sheet_trim (sheet);
  self->sheet = dou_sheet_ref (sheet);
  self->sources = g_array_new (FALSE, FALSE, sizeof (Source));
  g_array_set_clear_func (self->sources, (GDestroyNotify) source_clear);
  /* No moment of any cache, so that it is looked at first whether all of it is still known. */
  self->moment = G_MAXUINT64;
  return self;
}

void
dou_ready_free (DouReady *self)
{
  g_array_unref (self->sources);
  dou_sheet_unref (self->sheet);
  g_free (self);
}

/**
 * dou_ready_add_records:
 * @self: what is to be kept
 * @records: (array length=n_records): what the sheet tells about, as it is now
 * @n_records: how many
 * @facts: set of #DouFact that it tells of each
 */
void
dou_ready_add_records (DouReady *self, DouRecord *const *records, gsize n_records, guint facts)
{
  for (gsize i = 0; i < n_records; i++)
    {
      const Source source = { dou_record_ref (records[i]), facts, records[i]->version };

      g_array_append_val (self->sources, source);
    }
}

/**
 * dou_ready_is_good:
 * @self: a sheet that was kept
 * @cache: where its records come from
 *
 * Returns: whether it would be written the same now
 */
gboolean
dou_ready_is_good (DouReady *self, DouCache *cache)
{
  if (self->moment == dou_cache_get_moment (cache))
    return TRUE;

  for (guint i = 0; i < self->sources->len; i++)
    {
      const Source *source = &g_array_index (self->sources, Source, i);

      if (source->record->version != source->version
          || !dou_cache_knows (cache, source->record, source->facts))
        return FALSE;
    }

  self->moment = dou_cache_get_moment (cache);
  return TRUE;
}

/**
 * dou_ready_get_sheet:
 * @self: a sheet that is good
 *
 * Returns: (transfer none): the sheet
 */
DouSheet *
dou_ready_get_sheet (DouReady *self)
{
  return self->sheet;
}

/**
 * dou_ready_get_size:
 * @self: a sheet that was kept
 *
 * Returns: bytes that it occupies, and keeps occupied by records
 */
gsize
dou_ready_get_size (DouReady *self)
{
  gsize size = sizeof *self + dou_sheet_get_size (self->sheet);

  for (guint i = 0; i < self->sources->len; i++)
    size += sizeof (Source) + dou_record_get_size (g_array_index (self->sources, Source, i).record);
  return size;
}

/**
 * dou_ready_make_key:
 * @buffer: what is written to
 * @request: a request that is to be answered
 *
 * Returns: (transfer none): what answers to the same question differ by: the language, and the host
 *   that clients know the server by; good as long as @buffer is left alone
 */
const char *
dou_ready_make_key (GString *buffer, DouRequest *request)
{
  g_string_truncate (buffer, 0);
  g_string_append_c (buffer, (char) ('0' + dou_request_get_language (request)));
  g_string_append (buffer, dou_request_get_origin (request));
  return buffer->str;
}
