/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouPictureKind:
 * @DOU_PICTURE_AVATAR: a square
 * @DOU_PICTURE_BACKGROUND: in the proportions that it came in
 *
 * What a picture of a user is for. The numbers are in the database.
 */
typedef enum
{
  DOU_PICTURE_AVATAR = 0,
  DOU_PICTURE_BACKGROUND = 1,
} DouPictureKind;

/**
 * DouPicture:
 * @id: of the picture
 * @owner: id of a user
 * @kind: what it is for
 *
 * A picture of a user.
 */
typedef struct
{
  gint64 id;
  gint64 owner;
  DouPictureKind kind;
} DouPicture;

gboolean dou_picture_kind_parse (DouPictureKind *kind, const char *text);
char *dou_picture_get_name (const DouPicture *picture);

G_END_DECLS
