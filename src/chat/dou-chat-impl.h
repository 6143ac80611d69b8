/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "chat/dou-chat-manager.h"
#include "common/dou-service.h"
#include "dou-dbus-chat.h"

G_BEGIN_DECLS

/* The most items of one call. A gateway sends as many as wait at one time, a few hundred under load;
 * the bound keeps one message from occupying the service. As many messages of the greatest length,
 * 4040 bytes each, still fit into the 16 MiB of one message on the private bus. */
#define DOU_CHAT_ITEMS_MAX 4096

/**
 * DouChatImpl:
 *
 * The manager as org.doutok.Chat1 on the bus.
 */
#define DOU_TYPE_CHAT_IMPL (dou_chat_impl_get_type ())
G_DECLARE_FINAL_TYPE (DouChatImpl, dou_chat_impl, DOU, CHAT_IMPL, DouDBusChat1Skeleton)

DouChatImpl *dou_chat_impl_new (DouService *service, DouChatManager *manager);

G_END_DECLS
