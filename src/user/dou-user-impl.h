/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-service.h"
#include "dou-dbus-user.h"
#include "user/dou-user-manager.h"

G_BEGIN_DECLS

/* The most items of one call. A gateway sends as many as wait at one time, a few hundred under
 * load; the bound keeps one message from occupying the service. */
#define DOU_USER_ITEMS_MAX 4096

/**
 * DouUserImpl:
 *
 * The manager as org.doutok.User1 on the bus.
 */
#define DOU_TYPE_USER_IMPL (dou_user_impl_get_type ())
G_DECLARE_FINAL_TYPE (DouUserImpl, dou_user_impl, DOU, USER_IMPL, DouDBusUser1Skeleton)

DouUserImpl *dou_user_impl_new (DouService *service, DouUserManager *manager);

G_END_DECLS
