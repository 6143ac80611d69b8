/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-clock.h"

G_BEGIN_DECLS

/**
 * DouManualClock:
 *
 * A clock that stands still until a test sets it.
 */
#define DOU_TYPE_MANUAL_CLOCK (dou_manual_clock_get_type ())
G_DECLARE_FINAL_TYPE (DouManualClock, dou_manual_clock, DOU, MANUAL_CLOCK, GObject)

DouManualClock *dou_manual_clock_new (gint64 real_time);
void dou_manual_clock_set (DouManualClock *self, gint64 real_time);

G_END_DECLS
