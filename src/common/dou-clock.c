/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-clock.h"

G_DEFINE_INTERFACE (DouClock, dou_clock, G_TYPE_OBJECT)

static void
dou_clock_default_init (DouClockInterface *iface)
{
}

/**
 * dou_clock_get_real_time:
 * @self: a clock
 *
 * Returns: the time of day in milliseconds since 1970-01-01 UTC
 */
gint64
dou_clock_get_real_time (DouClock *self)
{
  g_return_val_if_fail (DOU_IS_CLOCK (self), 0);

  return DOU_CLOCK_GET_IFACE (self)->get_real_time (self);
}

struct _DouSystemClock
{
  GObject parent_instance;
};

static gint64
dou_system_clock_get_real_time (DouClock *clock)
{
  return g_get_real_time () / G_TIME_SPAN_MILLISECOND;
}

static void
dou_system_clock_clock_init (DouClockInterface *iface)
{
  iface->get_real_time = dou_system_clock_get_real_time;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (DouSystemClock,
                               dou_system_clock,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DOU_TYPE_CLOCK, dou_system_clock_clock_init))

static void
dou_system_clock_class_init (DouSystemClockClass *klass)
{
}

static void
dou_system_clock_init (DouSystemClock *self)
{
}

/**
 * dou_system_clock_new:
 *
 * Returns: (transfer full): the machine's own clock
 */
DouClock *
dou_system_clock_new (void)
{
  return g_object_new (DOU_TYPE_SYSTEM_CLOCK, NULL);
}
