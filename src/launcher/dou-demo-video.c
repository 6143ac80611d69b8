/* SPDX-License-Identifier: Apache-2.0 */

/* The demo's videos, made on the spot by ffmpeg's own sources: upright like those of a phone, 5 to 8
 * seconds, H.264 and AAC, so that the server takes them as they are. Making one takes a second or two.
 * There are DOU_DEMO_VIDEO_KINDS of them; further ones repeat these in other colours.
 *
 * No writing in the pictures: ffmpeg's drawtext needs a font, and a bare Debian has none.
 */

#include "config.h"

#include <glib/gi18n.h>

#include "common/dou-status.h"
#include "launcher/dou-demo-video.h"
#include "launcher/dou-wait.h"

/* Degrees of hue by which a repetition differs. */
#define HUE_STEP 47

typedef struct
{
  const char *title;
  const char *picture; /* a graph of ffmpeg's filters that ends in 540×960 */
  const char *sound;
  guint seconds;
} Kind;

/* The speed of these was tried: all are made faster than they play. */
static const Kind kinds[] = {
  { "飞进曼德博集合", "mandelbrot=size=540x960:rate=24:maxiter=1500:end_pts=600",
    "aevalsrc=0.2*sin(2*PI*t*(110+40*t))|0.2*sin(2*PI*t*(112+40*t))", 8 },
  { "Game of Life, first generation to last",
    "life=size=135x240:rate=12:ratio=0.3:seed=7:mold=12:life_color=#3ddc84"
    ":death_color=#20304a:mold_color=#101828,scale=540:960:flags=neighbor",
    "aevalsrc=0.25*sin(2*PI*(220+110*floor(mod(t*4\\,5)))*t)", 8 },
  { "流动的渐变色 🌈",
    "gradients=size=540x960:rate=25:seed=3:nb_colors=5:speed=0.02"
    ":c0=#ff0050:c1=#00f2ea:c2=#25f4ee:c3=#fe2c55:c4=#161823",
    "aevalsrc=0.15*sin(2*PI*261.6*t)+0.15*sin(2*PI*329.6*t)+0.15*sin(2*PI*392*t)", 7 },
  { "Rule 110, one line at a time",
    "cellauto=rule=110:size=135x240:rate=24:seed=5,scale=540:960:flags=neighbor",
    "anoisesrc=color=brown:amplitude=0.4:seed=2", 6 },
  { "谢尔宾斯基地毯上的散步", "sierpinski=size=540x960:rate=25:seed=11:type=carpet",
    "aevalsrc=0.25*sin(2*PI*t*(300+200*sin(2*PI*t/3)))", 6 },
  { "Round the colour wheel in five seconds", "colorspectrum=size=540x960:rate=25,hue=H=2*PI*t/5",
    "sine=frequency=330:beep_factor=2", 5 },
  { "测试画面，但是会动", "testsrc2=size=540x960:rate=30", "sine=frequency=440:beep_factor=4", 6 },
  { "Nothing on tonight (colour bars)", "smptehdbars=size=540x960:rate=25", "sine=frequency=1000",
    5 },
  { "倒计时开始！", "testsrc=size=540x960:rate=30:decimals=2,hue=s=2",
    "anoisesrc=color=pink:amplitude=0.3:seed=4", 7 },
};

G_STATIC_ASSERT (G_N_ELEMENTS (kinds) == DOU_DEMO_VIDEO_KINDS);

/**
 * dou_demo_video_get_title:
 * @index: number of the video, from 0
 *
 * Returns: (transfer full): its title, different for each number
 */
char *
dou_demo_video_get_title (guint index)
{
  const char *title = kinds[index % G_N_ELEMENTS (kinds)].title;
  const guint round = index / G_N_ELEMENTS (kinds);

  return round == 0 ? g_strdup (title) : g_strdup_printf ("%s (%u)", title, round + 1);
}

/**
 * dou_demo_video_make:
 * @index: number of the video, from 0
 * @path: the MP4 file to write
 * @cancellable: (nullable): stops ffmpeg
 * @error: return location for %DOU_STATUS_UNAVAILABLE or %G_IO_ERROR_CANCELLED
 *
 * Returns: whether the file is there
 */
gboolean
dou_demo_video_make (guint index, const char *path, GCancellable *cancellable, GError **error)
{
  const Kind *kind = &kinds[index % G_N_ELEMENTS (kinds)];
  const guint hue = index / G_N_ELEMENTS (kinds) * HUE_STEP % 360;
  g_autofree char *picture = g_strdup_printf ("%s,hue=h=%u", kind->picture, hue);
  g_autofree char *seconds = g_strdup_printf ("%u", kind->seconds);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autofree char *output = NULL;
  g_autoptr (GError) local_error = NULL;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
                              &local_error, "ffmpeg", "-v", "error", "-nostdin", "-y", "-f",
                              "lavfi", "-i", hue == 0 ? kind->picture : picture, "-f", "lavfi",
                              "-i", kind->sound, "-t", seconds, "-c:v", "libx264", "-preset",
                              "veryfast", "-crf", "27", "-pix_fmt", "yuv420p", "-c:a", "aac",
                              "-b:a", "96k", "-movflags", "+faststart", path, NULL);
  if (process == NULL)
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Cannot start ffmpeg: %s"),
                   local_error->message);
      return FALSE;
    }

  g_subprocess_communicate_utf8_async (process, NULL, cancellable, dou_wait_result_cb, &result);
  if (!g_subprocess_communicate_utf8_finish (process, dou_wait_for_result (&result), NULL, &output,
                                             error))
    {
      g_subprocess_force_exit (process);
      g_subprocess_wait (process, NULL, NULL);
      return FALSE;
    }
  if (!g_subprocess_get_successful (process))
    {
      g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("ffmpeg cannot make “%s”: %s"),
                   kind->title, g_strstrip (output));
      return FALSE;
    }

  return TRUE;
}
