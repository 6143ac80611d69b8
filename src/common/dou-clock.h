/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * DouClock:
 *
 * The time of day, as an interface so that tests can stop it, set it back and let it stand on a tie.
 * The real one is dou_system_clock_new(); the test library has one that is set by hand.
 */
#define DOU_TYPE_CLOCK (dou_clock_get_type ())
G_DECLARE_INTERFACE (DouClock, dou_clock, DOU, CLOCK, GObject)

struct _DouClockInterface
{
  GTypeInterface parent_iface;

  gint64 (*get_real_time) (DouClock *self);
};

gint64 dou_clock_get_real_time (DouClock *self);

#define DOU_TYPE_SYSTEM_CLOCK (dou_system_clock_get_type ())
G_DECLARE_FINAL_TYPE (DouSystemClock, dou_system_clock, DOU, SYSTEM_CLOCK, GObject)

DouClock *dou_system_clock_new (void);

G_END_DECLS
