/* SPDX-License-Identifier: Apache-2.0 */

/* The pictures of users who have chosen none: drawn from the id alone, so that they need no room, are the
 * same on every node, and tell users apart at a glance. PNG rather than SVG, since the image loaders of
 * Android clients do not read SVG. Few colours keep a picture below 2 KiB and its drawing below a
 * millisecond. */

#include "config.h"

#include <png.h>

#include "gateway/dou-picture.h"

/* An avatar is a grid of 7 × 7 cells, its outer ring empty and its left half mirrored. */
#define GRID 7
#define CELL 24
#define AVATAR_SIZE (GRID * CELL)

#define BACKGROUND_WIDTH 720
#define BACKGROUND_HEIGHT 405
/* Shades of the background, and so the most colours of any picture. */
#define N_SHADES 32

typedef struct
{
  guint8 red, green, blue;
} Colour;

/* SplitMix64's mixing step (Steele, Lea, Flood 2014): neighbouring ids look nothing alike. */
static guint64
mix (gint64 id)
{
  guint64 z = (guint64) id + G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* A hue of 0 to 359 at a given saturation and value, both 0 to 255. */
static Colour
from_hue (guint hue, guint saturation, guint value)
{
  guint floor = value * (255 - saturation) / 255;
  guint rising = floor + (value - floor) * (hue % 60) / 60;
  guint falling = value - (value - floor) * (hue % 60) / 60;
  const guint8 v = (guint8) value, f = (guint8) floor, r = (guint8) rising, d = (guint8) falling;

  switch (hue / 60 % 6)
    {
    case 0:
      return (Colour){ v, r, f };
    case 1:
      return (Colour){ d, v, f };
    case 2:
      return (Colour){ f, v, r };
    case 3:
      return (Colour){ f, d, v };
    case 4:
      return (Colour){ r, f, v };
    default:
      return (Colour){ v, f, d };
    }
}

static GBytes *
encode (const guint8 *pixels, guint width, guint height, const Colour *colours, guint n_colours)
{
  png_image image = { .version = PNG_IMAGE_VERSION,
                      .width = width,
                      .height = height,
                      .format = PNG_FORMAT_RGB_COLORMAP,
                      .colormap_entries = n_colours };
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX (image);
  g_autofree guint8 *memory = g_malloc (size);

  /* Memory was the only thing that could be short. */
  if (!png_image_write_to_memory (&image, memory, &size, FALSE, pixels, (png_int_32) width,
                                  colours))
    g_error ("libpng: %s", image.message);

  return g_bytes_new (memory, size);
}

/**
 * dou_picture_draw_avatar:
 * @id: of a user
 *
 * Returns: (transfer full): a square PNG
 */
GBytes *
dou_picture_draw_avatar (gint64 id)
{
  g_autofree guint8 *pixels = g_malloc (AVATAR_SIZE * AVATAR_SIZE);
  guint64 bits = mix (id);
  guint hue = (guint) (bits >> 48) % 360;
  const Colour colours[] = { from_hue (hue, 40, 250), from_hue ((hue + 20) % 360, 170, 200) };

  for (guint y = 0; y < AVATAR_SIZE; y++)
    for (guint x = 0; x < AVATAR_SIZE; x++)
      {
        guint row = y / CELL;
        guint column = MIN (x / CELL, GRID - 1 - x / CELL);
        gboolean in_ring = row == 0 || row == GRID - 1 || column == 0;

        pixels[y * AVATAR_SIZE + x] = !in_ring && (bits >> (row * (GRID / 2 + 1) + column) & 1);
      }

  return encode (pixels, AVATAR_SIZE, AVATAR_SIZE, colours, G_N_ELEMENTS (colours));
}

/**
 * dou_picture_draw_background:
 * @id: of a user
 *
 * Returns: (transfer full): a wide PNG, shaded from one corner to the other
 */
GBytes *
dou_picture_draw_background (gint64 id)
{
  g_autofree guint8 *pixels = g_malloc (BACKGROUND_WIDTH * BACKGROUND_HEIGHT);
  Colour colours[N_SHADES];
  guint64 bits = mix (id);
  guint hue = (guint) (bits >> 48) % 360;

  for (guint i = 0; i < N_SHADES; i++)
    colours[i] = from_hue ((hue + i * 2) % 360, 120 + i * 2, 110 + i * 3);

  for (guint y = 0; y < BACKGROUND_HEIGHT; y++)
    for (guint x = 0; x < BACKGROUND_WIDTH; x++)
      pixels[y * BACKGROUND_WIDTH + x]
          = (guint8) ((x + y) * N_SHADES / (BACKGROUND_WIDTH + BACKGROUND_HEIGHT));

  return encode (pixels, BACKGROUND_WIDTH, BACKGROUND_HEIGHT, colours, N_SHADES);
}
