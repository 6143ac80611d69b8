/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-service.h"
#include "dou-dbus-user.h"
#include "user/dou-user-manager.h"

G_BEGIN_DECLS

/**
 * DouUserAdminImpl:
 *
 * The manager as org.doutok.User1.Admin on the bus.
 */
#define DOU_TYPE_USER_ADMIN_IMPL (dou_user_admin_impl_get_type ())
G_DECLARE_FINAL_TYPE (DouUserAdminImpl, dou_user_admin_impl, DOU, USER_ADMIN_IMPL,
                      DouDBusUser1AdminSkeleton)

DouUserAdminImpl *dou_user_admin_impl_new (DouService *service, DouUserManager *manager);

G_END_DECLS
