/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-store.h"
#include "video/dou-video-store-pictures.h"

G_BEGIN_DECLS

/* Milliseconds that a picture is kept without a profile that names it, and one that was replaced.
 * The gateway needs at most two minutes from taking a picture in to naming it: one change of the
 * password and one of the profile, each tried twice. The rest is for clients that still show what
 * they were told before. */
#define DOU_PICTURE_KEEPER_DELAY (10 * 60 * 1000)

#define DOU_TYPE_PICTURE_KEEPER (dou_picture_keeper_get_type ())
G_DECLARE_FINAL_TYPE (DouPictureKeeper, dou_picture_keeper, DOU, PICTURE_KEEPER, GObject)

DouPictureKeeper *dou_picture_keeper_new (DouVideoStore *store, DouMediaStore *media, guint delay);
void dou_picture_keeper_recover (DouPictureKeeper *self);
gboolean dou_picture_keeper_hold (DouPictureKeeper *self, gint64 id);
gboolean dou_picture_keeper_is_held (DouPictureKeeper *self, gint64 id);
void dou_picture_keeper_watch (DouPictureKeeper *self, const DouPicture *picture);
void dou_picture_keeper_answer (DouPictureKeeper *self, GHashTable *named);
guint dou_picture_keeper_get_n_watched (DouPictureKeeper *self);

G_END_DECLS
