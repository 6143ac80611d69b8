/* SPDX-License-Identifier: Apache-2.0 */

/* The path of a request. What comes out must not climb, nor be spelt in two ways. */

#include "config.h"

#include <string.h>

#include "fuzz/fuzz.h"
#include "gateway/dou-router.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *path = dou_router_normalize_path (text);

  if (path == NULL)
    return 0;

  g_assert_true (g_utf8_validate (path, -1, NULL));
  g_assert_cmpint (path[0], ==, '/');
  g_assert_null (strstr (path, "//"));
  g_assert_null (strstr (path, "/../"));
  g_assert_null (strstr (path, "/./"));
  g_assert_false (g_str_has_suffix (path, "/..") || g_str_has_suffix (path, "/."));
  g_assert_false (strlen (path) > 1 && g_str_has_suffix (path, "/"));
  return 0;
}
