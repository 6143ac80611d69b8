/* SPDX-License-Identifier: Apache-2.0 */

/* What an answer says of a user or a video is the same for everybody, except for the host in its
 * links and for two flags. So texts are escaped when they are learnt, and are copied together with
 * these three when they are asked for. Numbers are kept as numbers: a like changes three of them, and
 * to write one costs no more than to copy it (10 ns). */

#include "config.h"

#include <string.h>

#include "gateway/dou-record.h"

/* Pieces of a user. */
#define USER_NAME 0       /* "id":1,"name":"x","follow_count": */
#define USER_AVATAR 1     /* /media/avatar/… */
#define USER_BACKGROUND 2 /* /media/background/… */
#define USER_SIGNATURE 3  /* "x" */
/* Pieces of a video. */
#define VIDEO_HEAD 0  /* {"id":1,"author":{ */
#define VIDEO_FILE 1  /* /media/video/… */
#define VIDEO_COVER 2 /* /media/cover/… */
#define VIDEO_TITLE 3 /* "x" */

/* Numbers of a user. */
#define N_FOLLOWS 0
#define N_FOLLOWERS 1
#define N_FAVORITED 2
#define N_FAVORITES 3
#define N_WORKS 4
/* Numbers of a video. */
#define N_LIKES 0
#define N_COMMENTS 1

/**
 * dou_record_new:
 * @id: of a user or a video
 *
 * Returns: (transfer full): a record of which nothing is known
 */
DouRecord *
dou_record_new (gint64 id)
{
  DouRecord *self = g_new0 (DouRecord, 1);

  self->n_refs = 1;
  self->id = id;
  self->status = DOU_STATUS_INTERNAL;
  return self;
}

DouRecord *
dou_record_ref (DouRecord *self)
{
  self->n_refs++;
  return self;
}

void
dou_record_unref (DouRecord *self)
{
  if (--self->n_refs > 0)
    return;

  g_free (self->text);
  g_free (self);
}

/**
 * dou_record_drop:
 * @self: (transfer full): a record that leaves its table
 *
 * Whoever still has it sees that it is no longer kept right.
 */
void
dou_record_drop (DouRecord *self)
{
  self->is_dropped = TRUE;
  self->version++;
  dou_record_unref (self);
}

/**
 * dou_record_get_slot:
 * @self: a record
 * @fact: one that such a record has
 *
 * Returns: (transfer none): its slot
 */
DouRecordSlot *
dou_record_get_slot (DouRecord *self, DouFact fact)
{
  return &self->slots[fact < DOU_FACT_VIDEO ? fact : fact - DOU_FACT_VIDEO];
}

/**
 * dou_record_get_size:
 * @self: a record
 *
 * Returns: bytes that it occupies
 */
gsize
dou_record_get_size (DouRecord *self)
{
  return sizeof *self + self->ends[DOU_RECORD_N_PIECES - 1];
}

/**
 * dou_fact_get_method:
 * @fact: a fact
 *
 * Returns: what tells it; takes an id
 */
DouBackendMethod
dou_fact_get_method (DouFact fact)
{
  static const DouBackendMethod methods[] = {
    [DOU_FACT_PROFILE] = DOU_BACKEND_GET_USERS,
    [DOU_FACT_WORK_COUNT] = DOU_BACKEND_GET_WORK_COUNTS,
    [DOU_FACT_USER_COUNTS] = DOU_BACKEND_GET_USER_COUNTS,
    [DOU_FACT_VIDEO] = DOU_BACKEND_GET_VIDEOS,
    [DOU_FACT_VIDEO_COUNTS] = DOU_BACKEND_GET_VIDEO_COUNTS,
  };

  return methods[fact];
}

/* Text as it stands between the quotes of a JSON string. */
static void
append_escaped (GString *buffer, const char *text)
{
  DouJsonWriter writer = { buffer, FALSE };
  gsize start = buffer->len;

  dou_json_writer_string (&writer, text);
  g_string_truncate (buffer, buffer->len - 1);
  g_string_erase (buffer, (gssize) start, 1);
}

/**
 * dou_record_escape:
 * @text: valid UTF-8
 *
 * Returns: (transfer full): @text as it stands between the quotes of a JSON string
 */
char *
dou_record_escape (const char *text)
{
  GString *buffer = g_string_new (NULL);

  append_escaped (buffer, text);
  return g_string_free (buffer, FALSE);
}

static void
dou_record_take_text (DouRecord *self, GString *text)
{
  g_free (self->text);
  self->text = g_memdup2 (text->str, text->len);
}

/* A picture that the user chose, else the one that is drawn from the id. */
static void
append_picture (GString *text, const char *chosen, const char *kind, gint64 id)
{
  g_string_append (text, "/media/");
  if (*chosen != '\0')
    append_escaped (text, chosen);
  else
    g_string_append_printf (text, "%s/default/%" G_GINT64_FORMAT ".png", kind, id);
}

/* (ixssss) */
static void
dou_record_learn_profile (DouRecord *self, GVariant *result)
{
  g_autoptr (GString) text = g_string_sized_new (512);
  const char *name, *avatar, *background, *signature;

  g_variant_get (result, "(ix&s&s&s&s)", &self->status, NULL, &name, &avatar, &background,
                 &signature);

  g_string_append_printf (text, "\"id\":%" G_GINT64_FORMAT ",\"name\":\"", self->id);
  append_escaped (text, name);
  g_string_append (text, "\",\"follow_count\":");
  self->ends[USER_NAME] = (guint32) text->len;
  append_picture (text, avatar, "avatar", self->id);
  self->ends[USER_AVATAR] = (guint32) text->len;
  append_picture (text, background, "background", self->id);
  self->ends[USER_BACKGROUND] = (guint32) text->len;
  g_string_append_c (text, '"');
  append_escaped (text, signature);
  g_string_append_c (text, '"');
  self->ends[USER_SIGNATURE] = (guint32) text->len;
  dou_record_take_text (self, text);
}

/* (ixxsssx) */
static void
dou_record_learn_video (DouRecord *self, GVariant *result)
{
  g_autoptr (GString) text = g_string_sized_new (512);
  const char *title, *file, *cover;

  g_variant_get (result, "(ixx&s&s&sx)", &self->status, NULL, &self->author, &title, &file, &cover,
                 &self->time);

  g_string_append_printf (text, "{\"id\":%" G_GINT64_FORMAT ",\"author\":{", self->id);
  self->ends[VIDEO_HEAD] = (guint32) text->len;
  g_string_append (text, "/media/");
  append_escaped (text, file);
  self->ends[VIDEO_FILE] = (guint32) text->len;
  g_string_append (text, "/media/");
  append_escaped (text, cover);
  self->ends[VIDEO_COVER] = (guint32) text->len;
  g_string_append_c (text, '"');
  append_escaped (text, title);
  g_string_append_c (text, '"');
  self->ends[VIDEO_TITLE] = (guint32) text->len;
  dou_record_take_text (self, text);
}

/* To others, who is banned does not exist: that the account has been banned, its owner is told. */
static gboolean
dou_record_keep_profile (DouRecord *self)
{
  if (self->status != DOU_STATUS_USER_BANNED)
    return self->status == DOU_STATUS_OK;

  self->status = DOU_STATUS_USER_NOT_FOUND;
  return TRUE;
}

/**
 * dou_record_learn:
 * @self: a record
 * @fact: what it learns
 * @result: from the method of @fact
 *
 * Returns: whether that may be kept. That something does not exist may not: nobody tells when it comes
 *   into being; but when a ban ends, that is told
 */
gboolean
dou_record_learn (DouRecord *self, DouFact fact, GVariant *result)
{
  gint64 *counts = self->counts;

  switch (fact)
    {
    case DOU_FACT_PROFILE:
      dou_record_learn_profile (self, result);
      return dou_record_keep_profile (self);
    case DOU_FACT_WORK_COUNT:
      counts[N_WORKS] = g_variant_get_int64 (result);
      return TRUE;
    case DOU_FACT_USER_COUNTS:
      g_variant_get (result, "(xxxx)", &counts[N_FOLLOWS], &counts[N_FOLLOWERS],
                     &counts[N_FAVORITED], &counts[N_FAVORITES]);
      return TRUE;
    case DOU_FACT_VIDEO:
      dou_record_learn_video (self, result);
      return self->status == DOU_STATUS_OK;
    case DOU_FACT_VIDEO_COUNTS:
      g_variant_get (result, "(xx)", &counts[N_LIKES], &counts[N_COMMENTS]);
      return TRUE;
    case DOU_N_FACTS:
    default:
      g_assert_not_reached ();
    }
}

/* Writing goes straight into the buffer, where the writer's commas are of no use. */

static void
append_piece (GString *buffer, const DouRecord *self, guint piece)
{
  guint32 start = piece > 0 ? self->ends[piece - 1] : 0;

  g_string_append_len (buffer, self->text + start, self->ends[piece] - start);
}

#define append_literal(buffer, text) g_string_append_len (buffer, text, sizeof (text) - 1)

static void
append_number (GString *buffer, gint64 value)
{
  DouJsonWriter writer = { buffer, FALSE };

  dou_json_writer_int64 (&writer, value);
}

static void
append_flag (GString *buffer, gboolean value, gsize *offset)
{
  if (offset != NULL)
    *offset = buffer->len;
  if (value)
    append_literal (buffer, "true");
  else
    append_literal (buffer, "false");
}

static void
append_user (const DouRecord *self, const char *origin, gsize origin_length,
             gsize *is_follow_offset, gboolean is_follow, GString *buffer)
{
  append_piece (buffer, self, USER_NAME);
  append_number (buffer, self->counts[N_FOLLOWS]);
  append_literal (buffer, ",\"follower_count\":");
  append_number (buffer, self->counts[N_FOLLOWERS]);
  append_literal (buffer, ",\"is_follow\":");
  append_flag (buffer, is_follow, is_follow_offset);
  append_literal (buffer, ",\"avatar\":\"");
  g_string_append_len (buffer, origin, (gssize) origin_length);
  append_piece (buffer, self, USER_AVATAR);
  append_literal (buffer, "\",\"background_image\":\"");
  g_string_append_len (buffer, origin, (gssize) origin_length);
  append_piece (buffer, self, USER_BACKGROUND);
  append_literal (buffer, "\",\"signature\":");
  append_piece (buffer, self, USER_SIGNATURE);
  append_literal (buffer, ",\"total_favorited\":");
  append_number (buffer, self->counts[N_FAVORITED]);
  append_literal (buffer, ",\"work_count\":");
  append_number (buffer, self->counts[N_WORKS]);
  append_literal (buffer, ",\"favorite_count\":");
  append_number (buffer, self->counts[N_FAVORITES]);
}

/**
 * dou_record_write_user:
 * @self: a user that exists, of whom all facts are known
 * @origin: scheme, host and port that links begin with, from dou_record_escape()
 * @is_follow_offset: (out) (optional): where in the text the flag stands
 * @is_follow: the flag
 * @writer: inside an object, before its first member; takes the members of a User
 */
void
dou_record_write_user (DouRecord *self, const char *origin, gsize *is_follow_offset,
                       gboolean is_follow, DouJsonWriter *writer)
{
  append_user (self, origin, strlen (origin), is_follow_offset, is_follow, writer->buffer);
  writer->need_comma = TRUE;
}

/**
 * dou_record_write_video:
 * @self: a video that exists, of which all facts are known
 * @author: a user, as for dou_record_write_user()
 * @origin: scheme, host and port that links begin with, from dou_record_escape()
 * @is_follow_offset: (out): where in the text the flag of @author stands
 * @is_favorite_offset: (out): where the other flag stands
 * @writer: takes one Video object, with both flags false
 */
void
dou_record_write_video (DouRecord *self, DouRecord *author, const char *origin,
                        gsize *is_follow_offset, gsize *is_favorite_offset, DouJsonWriter *writer)
{
  GString *buffer = writer->buffer;
  gsize length = strlen (origin);

  if (writer->need_comma)
    g_string_append_c (buffer, ',');

  append_piece (buffer, self, VIDEO_HEAD);
  append_user (author, origin, length, is_follow_offset, FALSE, buffer);
  append_literal (buffer, "},\"play_url\":\"");
  g_string_append_len (buffer, origin, (gssize) length);
  append_piece (buffer, self, VIDEO_FILE);
  append_literal (buffer, "\",\"cover_url\":\"");
  g_string_append_len (buffer, origin, (gssize) length);
  append_piece (buffer, self, VIDEO_COVER);
  append_literal (buffer, "\",\"favorite_count\":");
  append_number (buffer, self->counts[N_LIKES]);
  append_literal (buffer, ",\"comment_count\":");
  append_number (buffer, self->counts[N_COMMENTS]);
  append_literal (buffer, ",\"is_favorite\":");
  append_flag (buffer, FALSE, is_favorite_offset);
  append_literal (buffer, ",\"title\":");
  append_piece (buffer, self, VIDEO_TITLE);
  g_string_append_c (buffer, '}');
  writer->need_comma = TRUE;
}
