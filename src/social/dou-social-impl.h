/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-service.h"
#include "dou-dbus-social.h"
#include "social/dou-social-manager.h"

G_BEGIN_DECLS

/* The most items of one call, and of one that asks for lists, each of which answers with up to a
 * thousand items of its own. A gateway sends as many as wait at one time, a few hundred under load;
 * the bounds keep one message from occupying the service, and replies within what the bus takes. */
#define DOU_SOCIAL_ITEMS_MAX 8192
#define DOU_SOCIAL_LISTS_MAX 1024

/**
 * DouSocialImpl:
 *
 * The manager as org.doutok.Social1 on the bus.
 */
#define DOU_TYPE_SOCIAL_IMPL (dou_social_impl_get_type ())
G_DECLARE_FINAL_TYPE (DouSocialImpl, dou_social_impl, DOU, SOCIAL_IMPL, DouDBusSocial1Skeleton)

DouSocialImpl *dou_social_impl_new (DouService *service, DouSocialManager *manager);

G_END_DECLS
