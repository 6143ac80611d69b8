/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "common/dou-id-minter.h"
#include "common/dou-text.h"
#include "user/dou-user-edit.h"

/* `KIND/XX/ID.jpg`. There is one right form for each id, so it is made once more and compared. */
static gboolean
is_picture (const char *path, const char *kind)
{
  const char *slash = strrchr (path, '/');
  guint64 id = slash != NULL ? g_ascii_strtoull (slash + 1, NULL, 10) : 0;
  g_autofree char *expected = NULL;

  if (*path == '\0')
    return TRUE;
  if (id == 0 || id > DOU_ID_MAX)
    return FALSE;

  expected = g_strdup_printf ("%s/%02x/%" G_GUINT64_FORMAT ".jpg", kind,
                              (guint) (dou_id_get_time ((gint64) id) & 0xff), id);
  return g_str_equal (path, expected);
}

/**
 * dou_user_edit_set:
 * @self: an edit
 * @member: `signature`, `avatar` or `background_image`
 * @value: what it is to become; outlives @self
 *
 * Anything else as @member, and a @value that cannot be one, is refused and sets the status: a
 * signature with %DOU_STATUS_BAD_SIGNATURE, all else with %DOU_STATUS_BAD_PARAMETER.
 */
void
dou_user_edit_set (DouUserEdit *self, const char *member, const char *value)
{
  if (g_str_equal (member, "signature"))
    {
      self->signature = value;
      if (!dou_text_is_signature (value))
        self->status = DOU_STATUS_BAD_SIGNATURE;
    }
  else if (g_str_equal (member, "avatar") && is_picture (value, "avatar"))
    self->avatar = value;
  else if (g_str_equal (member, "background_image") && is_picture (value, "background"))
    self->background_image = value;
  else
    self->status = DOU_STATUS_BAD_PARAMETER;
}

/**
 * dou_user_edit_merge:
 * @self: an edit
 * @later: one of the same user
 *
 * Makes of @self what both do, one after the other.
 */
void
dou_user_edit_merge (DouUserEdit *self, const DouUserEdit *later)
{
  if (later->signature != NULL)
    self->signature = later->signature;
  if (later->avatar != NULL)
    self->avatar = later->avatar;
  if (later->background_image != NULL)
    self->background_image = later->background_image;
}
