/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "video/dou-media-store.h"
#include "video/dou-picture.h"

/* As they are called on the bus, and their directories below media/. */
static const char *const kinds[] = {
  [DOU_PICTURE_AVATAR] = "avatar",
  [DOU_PICTURE_BACKGROUND] = "background",
};

/**
 * dou_picture_kind_parse:
 * @kind: (out): what it stands for
 * @text: `avatar` or `background`
 *
 * Returns: whether @text is one of these
 */
gboolean
dou_picture_kind_parse (DouPictureKind *kind, const char *text)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (text, kinds[i]))
      {
        *kind = (DouPictureKind) i;
        return TRUE;
      }

  return FALSE;
}

/**
 * dou_picture_get_name:
 * @picture: a picture
 *
 * Returns: (transfer full): the name of its file below media/
 */
char *
dou_picture_get_name (const DouPicture *picture)
{
  return dou_media_store_name_picture (picture->id, kinds[picture->kind]);
}
