/* SPDX-License-Identifier: Apache-2.0 */

/* A page differs from reader to reader in two words a video, or one a user, and a digit a comment. So it
 * is written once, with “false” in all these places, or the digit for no feeling, and is a guest's answer
 * as it is. For somebody who is logged in it is copied with “true” where that is so, or another digit. */

#include "config.h"

#include <string.h>

#include "gateway/dou-responder.h"
#include "gateway/dou-sheet.h"

/* What stands for each value of a flag; the first is what a guest reads. */
static const char *const words[DOU_N_FLAGS][3] = {
  [DOU_FLAG_FAVORITE] = { "false", "true" },
  [DOU_FLAG_FOLLOW] = { "false", "true" },
  [DOU_FLAG_FEELING] = { "3", "1", "2" },
};

/* Where a flag stands. */
typedef struct
{
  gsize offset;
  DouFlagKind kind;
  guint target; /* position in the targets of its kind */
  gboolean own; /* what it is for whom the target itself is */
} Slot;

struct _DouSheet
{
  GBytes *text;                 /* (owned) (nullable) */
  GArray *slots;                /* (owned) (element-type Slot) in the order of the text */
  GArray *targets[DOU_N_FLAGS]; /* (owned) (element-type gint64) */
};

/* A reader whose flags are looked up. */
typedef struct
{
  DouSheet *sheet;     /* (owned) */
  DouRequest *request; /* (owned) */
  gint64 viewer;
  guint8 *values[DOU_N_FLAGS]; /* (owned) one for each target */
  guint n_pending;
  DouStatus status;
} Reader;

static void
sheet_clear (DouSheet *self)
{
  g_clear_pointer (&self->text, g_bytes_unref);
  g_array_unref (self->slots);
  for (guint kind = 0; kind < DOU_N_FLAGS; kind++)
    g_array_unref (self->targets[kind]);
}

/**
 * dou_sheet_new:
 *
 * Returns: (transfer full): an empty sheet
 */
DouSheet *
dou_sheet_new (void)
{
  DouSheet *self = g_rc_box_new0 (DouSheet);

  self->slots = g_array_new (FALSE, FALSE, sizeof (Slot));
  for (guint kind = 0; kind < DOU_N_FLAGS; kind++)
    self->targets[kind] = g_array_new (FALSE, FALSE, sizeof (gint64));
  return self;
}

DouSheet *
dou_sheet_ref (DouSheet *self)
{
  return g_rc_box_acquire (self);
}

void
dou_sheet_unref (DouSheet *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) sheet_clear);
}

static void
dou_sheet_add (DouSheet *self, gsize offset, DouFlagKind kind, gint64 target, gboolean own)
{
  const Slot slot = { offset, kind, self->targets[kind]->len, own };

  g_array_append_val (self->targets[kind], target);
  g_array_append_val (self->slots, slot);
}

/**
 * dou_sheet_add_author:
 * @self: a sheet without a text
 * @offset: where in the text stands whether the reader follows @author; behind all others
 * @author: of a video; counts as followed for oneself, since the app draws a button to follow otherwise
 */
void
dou_sheet_add_author (DouSheet *self, gsize offset, gint64 author)
{
  dou_sheet_add (self, offset, DOU_FLAG_FOLLOW, author, TRUE);
}

/**
 * dou_sheet_add_user:
 * @self: a sheet without a text
 * @offset: where in the text stands whether the reader follows @user; behind all others
 * @user: anyone
 */
void
dou_sheet_add_user (DouSheet *self, gsize offset, gint64 user)
{
  dou_sheet_add (self, offset, DOU_FLAG_FOLLOW, user, FALSE);
}

/**
 * dou_sheet_add_favorite:
 * @self: a sheet without a text
 * @offset: where in the text stands whether the reader likes @video; behind all others
 * @video: a video
 */
void
dou_sheet_add_favorite (DouSheet *self, gsize offset, gint64 video)
{
  dou_sheet_add (self, offset, DOU_FLAG_FAVORITE, video, FALSE);
}

/**
 * dou_sheet_add_feeling:
 * @self: a sheet without a text
 * @offset: where in the text stands what the reader feels about @comment; behind all others
 * @comment: a comment
 */
void
dou_sheet_add_feeling (DouSheet *self, gsize offset, gint64 comment)
{
  dou_sheet_add (self, offset, DOU_FLAG_FEELING, comment, FALSE);
}

/**
 * dou_sheet_take_text:
 * @self: a sheet without a text
 * @writer: has the whole answer, of status 0, as a guest reads it; cleared
 */
void
dou_sheet_take_text (DouSheet *self, DouJsonWriter *writer)
{
  char *text;
  gsize length;

  g_return_if_fail (self->text == NULL);

  text = dou_json_writer_steal (writer, &length);
  self->text = g_bytes_new_take (text, length);
}

/**
 * dou_sheet_trim:
 * @self: a sheet with its text, which is to stay for long
 *
 * Lets go of memory that the text had to grow into, which is up to a half.
 */
void
dou_sheet_trim (DouSheet *self)
{
  GBytes *text = g_bytes_new (g_bytes_get_data (self->text, NULL), g_bytes_get_size (self->text));

  g_bytes_unref (self->text);
  self->text = text;
}

static void
reader_free (Reader *reader)
{
  for (guint kind = 0; kind < DOU_N_FLAGS; kind++)
    g_free (reader->values[kind]);
  g_object_unref (reader->request);
  dou_sheet_unref (reader->sheet);
  g_free (reader);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reader, reader_free)

/* Returns: what stands there for this reader; as long as, or shorter than, what a guest reads */
static const char *
reader_get_word (Reader *reader, const Slot *slot)
{
  const GArray *targets = reader->sheet->targets[slot->kind];

  if (slot->kind == DOU_FLAG_FOLLOW
      && g_array_index (targets, gint64, slot->target) == reader->viewer)
    return words[slot->kind][slot->own ? 1 : 0];

  return words[slot->kind][reader->values[slot->kind][slot->target]];
}

static void
reader_reply (Reader *reader)
{
  DouSheet *sheet = reader->sheet;
  gsize length;
  const char *from = g_bytes_get_data (sheet->text, &length);
  const char *end = from + length;
  const char *start = from;
  g_autoptr (GBytes) body = NULL;
  char *text = g_malloc (length);
  char *to = text;

  for (guint i = 0; i < sheet->slots->len; i++)
    {
      const Slot *slot = &g_array_index (sheet->slots, Slot, i);
      const char *flag = start + slot->offset;
      const char *guests = words[slot->kind][0];
      const char *word = reader_get_word (reader, slot);

      if (word == guests)
        continue;

      memcpy (to, from, (gsize) (flag - from));
      to += flag - from;
      memcpy (to, word, strlen (word));
      to += strlen (word);
      from = flag + strlen (guests);
    }

  memcpy (to, from, (gsize) (end - from));
  to += end - from;
  body = g_bytes_new_take (text, (gsize) (to - text));
  dou_request_reply_bytes (reader->request, SOUP_STATUS_OK, DOU_RESPONDER_JSON, body);
}

static void
reader_finish (Reader *reader)
{
  if (reader->status != DOU_STATUS_OK)
    dou_request_reply_status (reader->request, reader->status);
  else
    reader_reply (reader);
}

static void
flags_cb (const GError *error, gpointer user_data)
{
  Reader *reader = user_data;

  if (error != NULL)
    reader->status = dou_status_from_error (error);
  if (--reader->n_pending > 0)
    return;

  reader_finish (reader);
  reader_free (reader);
}

static void
reader_load (Reader *reader, DouContext *context, DouFlagKind kind)
{
  GArray *targets = reader->sheet->targets[kind];

  if (targets->len == 0)
    return;

  reader->values[kind] = g_new (guint8, targets->len);
  if (!dou_flags_load (context->flags, kind, reader->viewer,
                       (const gint64 *) (gpointer) targets->data, targets->len,
                       reader->values[kind], flags_cb, reader))
    reader->n_pending++;
}

/**
 * dou_sheet_reply:
 * @self: a sheet with its text
 * @context: what the handlers work with
 * @request: what is answered with it
 * @viewer: who reads it; 0 for a guest
 */
void
dou_sheet_reply (DouSheet *self, DouContext *context, DouRequest *request, gint64 viewer)
{
  g_autoptr (Reader) reader = NULL;

  if (viewer == 0 || self->slots->len == 0)
    {
      dou_request_reply_bytes (request, SOUP_STATUS_OK, DOU_RESPONDER_JSON, self->text);
      return;
    }

  reader = g_new0 (Reader, 1);
  reader->sheet = dou_sheet_ref (self);
  reader->request = g_object_ref (request);
  reader->viewer = viewer;
  reader->status = DOU_STATUS_OK;
  for (guint kind = 0; kind < DOU_N_FLAGS; kind++)
    reader_load (reader, context, (DouFlagKind) kind);

  if (reader->n_pending == 0)
    reader_finish (reader);
  else
    g_steal_pointer (&reader);
}

/**
 * dou_sheet_get_size:
 * @self: a sheet with its text
 *
 * Returns: bytes that it occupies
 */
gsize
dou_sheet_get_size (DouSheet *self)
{
  return g_bytes_get_size (self->text) + self->slots->len * (sizeof (Slot) + sizeof (gint64));
}
