/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In the Exif of all pictures that have one. */
#define DOU_TEST_PICTURE_SECRET "N 31 12 E 121 30"

GBytes *dou_test_picture_make (const char *format, guint width, guint height);
GBytes *dou_test_picture_add_exif (GBytes *picture, guint orientation);
GBytes *dou_test_picture_make_bomb (guint width, guint height);
GBytes *dou_test_picture_measure (const char *path);

G_END_DECLS
