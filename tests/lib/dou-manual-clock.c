/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-manual-clock.h"

struct _DouManualClock
{
  GObject parent_instance;

  gint64 real_time;
};

static gint64
dou_manual_clock_get_real_time (DouClock *clock)
{
  return DOU_MANUAL_CLOCK (clock)->real_time;
}

static void
dou_manual_clock_clock_init (DouClockInterface *iface)
{
  iface->get_real_time = dou_manual_clock_get_real_time;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (DouManualClock,
                               dou_manual_clock,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (DOU_TYPE_CLOCK, dou_manual_clock_clock_init))

static void
dou_manual_clock_class_init (DouManualClockClass *klass)
{
}

static void
dou_manual_clock_init (DouManualClock *self)
{
}

/**
 * dou_manual_clock_new:
 * @real_time: milliseconds since 1970-01-01 UTC
 *
 * Returns: (transfer full): a clock that shows @real_time
 */
DouManualClock *
dou_manual_clock_new (gint64 real_time)
{
  DouManualClock *self = g_object_new (DOU_TYPE_MANUAL_CLOCK, NULL);

  self->real_time = real_time;
  return self;
}

void
dou_manual_clock_set (DouManualClock *self, gint64 real_time)
{
  g_return_if_fail (DOU_IS_MANUAL_CLOCK (self));

  self->real_time = real_time;
}
