/* SPDX-License-Identifier: Apache-2.0 */

/* The parts of an export that are lists: of each page what there is is asked for at once, with whatever else
 * belongs to it. Who is banned or gone by now has an id and no name, and so has a video no title. */

#include "config.h"

#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "export/dou-export-private.h"

#define MEDIA "media/"

/**
 * dou_export_get_users:
 * @self: an export
 * @ids: (transfer floating): `ax`, users, known or not
 * @error: return location
 *
 * Returns: (transfer full) (nullable): `a(ixssss)`, as GetUsers of org.doutok.User1
 */
GVariant *
dou_export_get_users (DouExport *self, GVariant *ids, GError **error)
{
  return dou_export_call (self, "User", "User1", "GetUsers", ids, "a(ixssss)", error);
}

/**
 * dou_export_load_account:
 * @self: an export
 * @error: return location for %DOU_STATUS_USER_NOT_FOUND
 *
 * Of the administration it is written down here that it exports the user.
 *
 * Returns: whether the user is known now
 */
gboolean
dou_export_load_account (DouExport *self, GError **error)
{
  const DouExportRequest *request = self->request;
  g_autoptr (GVariant) accounts = NULL;
  g_autoptr (GVariant) account = NULL;
  gint32 status = DOU_STATUS_SERVICE;

  if (request->why != NULL)
    {
      GVariant *item = g_variant_new ("(xs)", request->user, request->why);

      accounts = dou_export_call (self, "User", "User1.Admin", "ExportAccounts",
                                  g_variant_new_array (NULL, &item, 1), "a(ixssssx)", error);
    }
  else
    accounts = dou_export_get_users (
        self, g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, &request->user, 1, sizeof (gint64)),
        error);
  if (accounts == NULL)
    return FALSE;

  if (g_variant_n_children (accounts) == 1)
    {
      account = g_variant_get_child_value (accounts, 0);
      g_variant_get_child (account, 0, "i", &status);
    }
  if (status != DOU_STATUS_OK)
    {
      g_set_error_literal (error, DOU_ERROR, status, dou_status_get_info ((DouStatus) status)->message);
      return FALSE;
    }

  if (request->why != NULL)
    self->account = g_steal_pointer (&account);
  else
    {
      gint64 id;
      const char *name, *avatar, *background, *signature;

      g_variant_get (account, "(ix&s&s&s&s)", NULL, &id, &name, &avatar, &background, &signature);
      self->account
          = g_variant_ref_sink (g_variant_new ("(ixssssx)", (gint32) DOU_STATUS_OK, id, name, avatar,
                                               background, signature, (gint64) 0));
    }
  return TRUE;
}

/* A file, named as it is in the archive, which it is put on the list for. */
static void
write_file (DouExport *self, const char *member, gint64 video, gboolean is_cover, const char *name)
{
  g_autofree char *path = *name != '\0' ? g_strconcat (MEDIA, name, NULL) : NULL;
  const DouExportFile file = { video, is_cover, g_strdup (name) };

  dou_export_json_string (&self->json, member, path);
  if (path != NULL)
    g_array_append_val (self->files, file);
  else
    g_free (file.name);
}

static gboolean
write_counts (DouExport *self, gint64 id, GError **error)
{
  DouExportJson *json = &self->json;
  g_autoptr (GVariant) works = NULL;
  g_autoptr (GVariant) counts = NULL;
  gint64 n_works, follows, followers, favorited, favorites;

  works = dou_export_call (self, "Video", "Video1", "GetWorkCounts",
                           g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, &id, 1, sizeof id), "ax",
                           error);
  if (works == NULL)
    return FALSE;
  counts = dou_export_call (self, "Social", "Social1", "GetUserCounts",
                            g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, &id, 1, sizeof id),
                            "a(xxxx)", error);
  if (counts == NULL)
    return FALSE;

  g_variant_get_child (works, 0, "x", &n_works);
  g_variant_get_child (counts, 0, "(xxxx)", &follows, &followers, &favorited, &favorites);
  dou_export_json_number (json, "videos", n_works);
  dou_export_json_number (json, "likes_received", favorited);
  dou_export_json_number (json, "likes_given", favorites);
  dou_export_json_number (json, "following", follows);
  dou_export_json_number (json, "followers", followers);
  return TRUE;
}

gboolean
dou_export_profile (DouExport *self, GError **error)
{
  DouExportJson *json = &self->json;
  const char *name, *avatar, *background, *signature;
  gint64 id, banned;

  g_variant_get (self->account, "(ix&s&s&s&sx)", NULL, &id, &name, &avatar, &background, &signature,
                 &banned);
  dou_export_json_begin (json, NULL, '{');
  dou_export_json_number (json, "id", id);
  dou_export_json_string (json, "name", name);
  dou_export_json_string (json, "signature", signature);
  /* The time is part of the id. */
  dou_export_json_time (json, "registered_at", dou_id_get_time (id));
  dou_export_json_time (json, "banned_since", banned);
  write_file (self, "avatar", 0, FALSE, avatar);
  write_file (self, "background_image", 0, FALSE, background);
  if (!write_counts (self, id, error))
    return FALSE;
  dou_export_json_end (json, '}');
  self->n_records = 1;
  return TRUE;
}

/* @video: of ListVideosOf; @counts: of the same page */
static void
write_video (DouExport *self, GVariant *video, GVariant *counts, gsize place)
{
  DouExportJson *json = &self->json;
  const char *title, *file, *cover;
  gint64 id, time, hidden, likes, comments;

  g_variant_get (video, "(x&s&s&sxx)", &id, &title, &file, &cover, &time, &hidden);
  g_variant_get_child (counts, place, "(xx)", &likes, &comments);
  dou_export_json_begin (json, NULL, '{');
  dou_export_json_number (json, "id", id);
  dou_export_json_string (json, "title", title);
  dou_export_json_time (json, "published_at", time);
  dou_export_json_time (json, "hidden_since", hidden);
  dou_export_json_number (json, "likes", likes);
  dou_export_json_number (json, "comments", comments);
  write_file (self, "file", id, FALSE, file);
  write_file (self, "cover", id, TRUE, cover);
  dou_export_json_end (json, '}');
}

/* One page of the lists of what belongs to a user; NULL if it could not be had.
 * Returns: (transfer full): its records */
static GVariant *
get_records (DouExport *self, const char *service, const char *method, gint64 before,
             const char *type, GError **error)
{
  g_autofree char *interface = g_strconcat (service, "1.Admin", NULL);
  g_autoptr (GVariant) pages
      = dou_export_call (self, service, interface, method,
                         dou_export_make_page (self->request->user, before, DOU_EXPORT_PAGE), type,
                         error);

  return pages != NULL ? g_variant_get_child_value (pages, 0) : NULL;
}

gboolean
dou_export_videos (DouExport *self, GError **error)
{
  gint64 before = 0;
  gsize n;

  dou_export_json_begin (&self->json, NULL, '[');
  do
    {
      g_autoptr (GVariant) videos
          = get_records (self, "Video", "ListVideosOf", before, "aa(xsssxx)", error);
      g_autoptr (GVariant) counts = NULL;

      if (videos != NULL)
        counts = dou_export_call (self, "Social", "Social1", "GetVideoCounts",
                                  dou_export_make_ids (videos, 0), "a(xx)", error);
      if (counts == NULL)
        return FALSE;

      n = g_variant_n_children (videos);
      for (gsize i = 0; i < n; i++)
        {
          g_autoptr (GVariant) video = g_variant_get_child_value (videos, i);

          write_video (self, video, counts, i);
          g_variant_get_child (video, 4, "x", &before);
        }
      self->n_records += n;
      if (!dou_export_end_page (self, error))
        return FALSE;
    }
  while (n == DOU_EXPORT_PAGE);
  dou_export_json_end (&self->json, ']');
  return TRUE;
}

/* The lists of org.doutok.Social1 that have ids and a cursor. Each page is written by @write_page. */
static gboolean
write_id_list (DouExport *self, const char *method,
               gboolean (*write_page) (DouExport *self, GVariant *ids, GError **error),
               GError **error)
{
  gint64 cursor = 0;

  dou_export_json_begin (&self->json, NULL, '[');
  do
    {
      g_autoptr (GVariant) pages = dou_export_call (
          self, "Social", "Social1", method,
          dou_export_make_page (self->request->user, cursor, DOU_EXPORT_PAGE), "a(xax)", error);
      g_autoptr (GVariant) ids = NULL;

      if (pages == NULL)
        return FALSE;

      g_variant_get_child (pages, 0, "(x@ax)", &cursor, &ids);
      if (!write_page (self, ids, error) || !dou_export_end_page (self, error))
        return FALSE;
      self->n_records += g_variant_n_children (ids);
    }
  while (cursor != 0);
  dou_export_json_end (&self->json, ']');
  return TRUE;
}

static gboolean
write_user_page (DouExport *self, GVariant *ids, GError **error)
{
  g_autoptr (GVariant) users = dou_export_get_users (self, ids, error);

  if (users == NULL)
    return FALSE;

  for (gsize i = 0; i < g_variant_n_children (ids); i++)
    {
      const char *name;
      gint64 id;

      g_variant_get_child (ids, i, "x", &id);
      g_variant_get_child (users, i, "(ix&s&s&s&s)", NULL, NULL, &name, NULL, NULL, NULL);
      dou_export_write_user (self, NULL, id, name);
    }
  return TRUE;
}

gboolean
dou_export_following (DouExport *self, GError **error)
{
  return write_id_list (self, "GetFollows", write_user_page, error);
}

gboolean
dou_export_followers (DouExport *self, GError **error)
{
  return write_id_list (self, "GetFollowers", write_user_page, error);
}

gboolean
dou_export_blocked (DouExport *self, GError **error)
{
  return write_id_list (self, "GetBlocks", write_user_page, error);
}

/* What everybody may know of a video: title and author. */
static gboolean
write_like_page (DouExport *self, GVariant *ids, GError **error)
{
  DouExportJson *json = &self->json;
  g_autoptr (GVariant) videos
      = dou_export_call (self, "Video", "Video1", "GetVideos", ids, "a(ixxsssx)", error);
  g_autoptr (GVariant) authors = NULL;

  if (videos != NULL)
    authors = dou_export_get_users (self, dou_export_make_ids (videos, 2), error);
  if (authors == NULL)
    return FALSE;

  for (gsize i = 0; i < g_variant_n_children (ids); i++)
    {
      const char *title, *name;
      gint64 id, author;
      gint32 status;

      g_variant_get_child (ids, i, "x", &id);
      g_variant_get_child (videos, i, "(ixx&s&s&sx)", &status, NULL, &author, &title, NULL, NULL,
                           NULL);
      g_variant_get_child (authors, i, "(ix&s&s&s&s)", NULL, NULL, &name, NULL, NULL, NULL);
      dou_export_json_begin (json, NULL, '{');
      dou_export_json_number (json, "video", id);
      dou_export_json_string (json, "title", status == DOU_STATUS_OK ? title : NULL);
      if (status == DOU_STATUS_OK)
        dou_export_write_user (self, "author", author, name);
      dou_export_json_end (json, '}');
    }
  return TRUE;
}

gboolean
dou_export_likes (DouExport *self, GError **error)
{
  return write_id_list (self, "GetFavorites", write_like_page, error);
}

/* The lists of org.doutok.Social1.Admin. @write writes one record, and returns its id. */
static gboolean
write_record_list (DouExport *self, const char *method, const char *type,
                   gint64 (*write) (DouExport *self, GVariant *record), GError **error)
{
  gint64 before = 0;
  gsize n;

  dou_export_json_begin (&self->json, NULL, '[');
  do
    {
      g_autoptr (GVariant) records = get_records (self, "Social", method, before, type, error);

      if (records == NULL)
        return FALSE;

      n = g_variant_n_children (records);
      for (gsize i = 0; i < n; i++)
        {
          g_autoptr (GVariant) record = g_variant_get_child_value (records, i);

          before = write (self, record);
        }
      self->n_records += n;
      if (!dou_export_end_page (self, error))
        return FALSE;
    }
  while (n == DOU_EXPORT_PAGE);
  dou_export_json_end (&self->json, ']');
  return TRUE;
}

static gint64
write_comment (DouExport *self, GVariant *record)
{
  DouExportJson *json = &self->json;
  gint64 id, video, time, likes, dislikes;
  const char *text;

  g_variant_get (record, "(xx&sxxx)", &id, &video, &text, &time, &likes, &dislikes);
  dou_export_json_begin (json, NULL, '{');
  dou_export_json_number (json, "id", id);
  dou_export_json_number (json, "video", video);
  dou_export_json_string (json, "text", text);
  dou_export_json_time (json, "written_at", time);
  dou_export_json_number (json, "likes", likes);
  dou_export_json_number (json, "dislikes", dislikes);
  dou_export_json_end (json, '}');
  return id;
}

gboolean
dou_export_comments (DouExport *self, GError **error)
{
  return write_record_list (self, "ListCommentsOf", "aa(xxsxxx)", write_comment, error);
}

static gint64
write_feeling (DouExport *self, GVariant *record)
{
  DouExportJson *json = &self->json;
  gint64 comment;
  gint32 feeling;

  g_variant_get (record, "(xi)", &comment, &feeling);
  dou_export_json_begin (json, NULL, '{');
  dou_export_json_number (json, "comment", comment);
  dou_export_json_string (json, "feeling", feeling == 1 ? "like" : "dislike");
  dou_export_json_end (json, '}');
  return comment;
}

gboolean
dou_export_feelings (DouExport *self, GError **error)
{
  return write_record_list (self, "ListFeelingsOf", "aa(xi)", write_feeling, error);
}

static gint64
write_report (DouExport *self, GVariant *record)
{
  static const char *const kinds[] = { "video", "comment", "user" };
  DouExportJson *json = &self->json;
  gint64 id, target, time, resolved;
  const char *reason;
  gint32 kind;

  g_variant_get (record, "(xix&sxx)", &id, &kind, &target, &reason, &time, &resolved);
  dou_export_json_begin (json, NULL, '{');
  dou_export_json_number (json, "id", id);
  dou_export_json_string (json, "about", kinds[CLAMP (kind, 1, (gint32) G_N_ELEMENTS (kinds)) - 1]);
  dou_export_json_number (json, "target", target);
  dou_export_json_string (json, "reason", reason);
  dou_export_json_time (json, "reported_at", time);
  dou_export_json_time (json, "resolved_at", resolved);
  dou_export_json_end (json, '}');
  return id;
}

gboolean
dou_export_reports (DouExport *self, GError **error)
{
  return write_record_list (self, "ListReportsOf", "aa(xixsxx)", write_report, error);
}
