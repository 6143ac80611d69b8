/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

/**
 * DouUserPageKind:
 * @DOU_USER_PAGE_PLAIN: users as they come
 * @DOU_USER_PAGE_FRIENDS: with the latest message between each and the viewer, if it is the viewer's own
 *   list; the most recent conversation first
 * @DOU_USER_PAGE_BLOCKS: whom the viewer blocks, who are on no other page
 */
typedef enum
{
  DOU_USER_PAGE_PLAIN,
  DOU_USER_PAGE_FRIENDS,
  DOU_USER_PAGE_BLOCKS,
} DouUserPageKind;

void dou_user_page_reply (DouContext *context, DouRequest *request, DouUserPageKind kind,
                          DouBackendMethod method);

G_END_DECLS
