/* SPDX-License-Identifier: Apache-2.0 */

/* The first byte tells whether the rest is a query or a multipart body. What is read must be text
 * that can travel over the bus. */

#include "config.h"

#include <glib.h>

#include "fuzz/fuzz.h"
#include "gateway/dou-parameters.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_auto (DouParameters) parameters;

  dou_parameters_init (&parameters);
  if (size < 1)
    return 0;

  if (data[0] == 'm')
    dou_parameters_add_body (&parameters, "multipart/form-data; boundary=b", data + 1, size - 1);
  else
    dou_parameters_add_form (&parameters, (const char *) data + 1, size - 1);

  g_assert_cmpuint (parameters.n_items, <=, DOU_PARAMETERS_MAX);
  for (guint i = 0; i < parameters.n_items; i++)
    {
      g_assert_true (g_utf8_validate (parameters.items[i].name, -1, NULL));
      g_assert_true (g_utf8_validate (parameters.items[i].value, -1, NULL));
      g_assert_nonnull (dou_parameters_get (&parameters, parameters.items[i].name));
    }

  return 0;
}
