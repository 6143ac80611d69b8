/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-service.h"
#include "social/dou-social-manager.h"

#include "dou-dbus-social.h"

G_BEGIN_DECLS

/**
 * DouSocialAdminImpl:
 *
 * The interface of the administration, beside that of everybody else, at the same object.
 */
#define DOU_TYPE_SOCIAL_ADMIN_IMPL (dou_social_admin_impl_get_type ())
G_DECLARE_FINAL_TYPE (DouSocialAdminImpl, dou_social_admin_impl, DOU, SOCIAL_ADMIN_IMPL,
                      DouDBusSocial1AdminSkeleton)

DouSocialAdminImpl *dou_social_admin_impl_new (DouService *service, DouSocialManager *manager);

G_END_DECLS
