/* SPDX-License-Identifier: Apache-2.0 */

/* A rate of the configuration, as 30/min burst 60. What is accepted can be counted with. */

#include "config.h"

#include "common/dou-config.h"
#include "fuzz/fuzz.h"

#define MAX_INTERVAL (G_GINT64_CONSTANT (86400) * G_USEC_PER_SEC)
#define MAX_BURST G_GINT64_CONSTANT (1000000)

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (DouConfig) config = dou_config_new ();
  DouRate before = dou_config_get_rate (config, DOU_CONFIG_RATE_LOGIN);
  gboolean accepted = dou_config_set (config, DOU_CONFIG_RATE_LOGIN, text, NULL);
  DouRate rate = dou_config_get_rate (config, DOU_CONFIG_RATE_LOGIN);

  if (!accepted)
    {
      g_assert_cmpint (rate.interval, ==, before.interval);
      g_assert_cmpint (rate.burst, ==, before.burst);
    }
  else if (rate.interval != 0)
    {
      g_assert_cmpint (rate.interval, >=, 1);
      g_assert_cmpint (rate.interval, <=, MAX_INTERVAL);
      g_assert_cmpint (rate.burst, >=, 1);
      g_assert_cmpint (rate.burst, <=, MAX_BURST);
    }
  else
    g_assert_cmpstr (text, ==, "off");

  return 0;
}
