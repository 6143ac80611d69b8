/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <png.h>

#include "gateway/dou-picture.h"

static void
assert_png (GBytes *bytes, guint width, guint height)
{
  png_image image = { .version = PNG_IMAGE_VERSION };
  g_autofree guint8 *pixels = NULL;

  g_assert_cmpuint (g_bytes_get_size (bytes), <, 8192);
  g_assert_true (png_image_begin_read_from_memory (&image, g_bytes_get_data (bytes, NULL),
                                                   g_bytes_get_size (bytes)));
  g_assert_cmpuint (image.width, ==, width);
  g_assert_cmpuint (image.height, ==, height);
  image.format = PNG_FORMAT_RGB;
  pixels = g_malloc (PNG_IMAGE_SIZE (image));
  g_assert_true (png_image_finish_read (&image, NULL, pixels, 0, NULL));
}

/* Test that libpng reads what was drawn, that a user's picture is always the same, and that those of
 * neighbours differ. */
static void
test_drawn (void)
{
  for (gint64 id = 1; id < 50; id++)
    {
      g_autoptr (GBytes) avatar = dou_picture_draw_avatar (id);
      g_autoptr (GBytes) again = dou_picture_draw_avatar (id);
      g_autoptr (GBytes) neighbour = dou_picture_draw_avatar (id + 1);
      g_autoptr (GBytes) background = dou_picture_draw_background (id);

      assert_png (avatar, 168, 168);
      assert_png (background, 720, 405);
      g_assert_true (g_bytes_equal (avatar, again));
      g_assert_false (g_bytes_equal (avatar, neighbour));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/picture/drawn", test_drawn);

  return g_test_run ();
}
