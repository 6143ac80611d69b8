/* SPDX-License-Identifier: Apache-2.0 */

/* A path below /media/. What is let through must not lead anywhere else, nor must its successor. */

#include "config.h"

#include <string.h>

#include "fuzz/fuzz.h"
#include "gateway/dou-media-file.h"

static void
check_name (const char *name)
{
  g_assert_null (strstr (name, ".."));
  g_assert_null (strstr (name, "//"));
  g_assert_true (g_str_has_prefix (name, "video/") || g_str_has_prefix (name, "cover/")
                 || g_str_has_prefix (name, "avatar/") || g_str_has_prefix (name, "background/"));
  g_assert_cmpuint (strspn (name, G_CSET_DIGITS G_CSET_a_2_z "/.-"), ==, strlen (name));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *name = g_strndup ((const char *) data, size);
  g_autofree char *successor = dou_media_file_get_successor (name, 0);

  if (dou_media_file_get_content_type (name) != NULL)
    check_name (name);
  if (successor != NULL)
    {
      g_assert_nonnull (dou_media_file_get_content_type (successor));
      check_name (successor);
    }

  return 0;
}
