/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"
#include "gateway/dou-connection.h"
#include "gateway/dou-origin.h"
#include "gateway/dou-rate-limiter.h"
#include "gateway/dou-responder.h"
#include "gateway/dou-router.h"

G_BEGIN_DECLS

/**
 * DouIntake:
 *
 * Takes requests in: from the bytes of a connection to the call of a handler.
 */
#define DOU_TYPE_INTAKE (dou_intake_get_type ())
G_DECLARE_FINAL_TYPE (DouIntake, dou_intake, DOU, INTAKE, GObject)

DouIntake *dou_intake_new (DouConfig *config,
                           DouRouter *router,
                           DouRateLimiter *limiter,
                           DouOrigin *origin,
                           DouResponder *responder);
void dou_intake_read (DouIntake *self, DouConnection *connection);
void dou_intake_expire (DouIntake *self, DouConnection *connection);

G_END_DECLS
