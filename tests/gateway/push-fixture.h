/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "chat/dou-chat-impl.h"
#include "gateway/dou-push.h"
#include "gateway/dou-server.h"
#include "gateway/dou-test-users.h"
#include "lib/dou-test-websocket.h"
#include "social/dou-social-impl.h"

G_BEGIN_DECLS

#define ANN 1
#define BOB 2
#define EVE 3

#define N_GATEWAYS 2

/* A gateway, with what a real one needs for push. */
typedef struct
{
  GDBusConnection *connection; /* (owned) */
  DouContext context;          /* (owned) its members */
  DouPush *push;               /* (owned) */
  DouRouter *router;           /* (owned) */
  DouServer *server;           /* (owned) */
  guint16 port;
} Gateway;

/* Two gateways, and the real services of users, of follows and of messages, each with a connection of its own to
 * a real bus. */
typedef struct
{
  DouTestUsers users;
  DouService *chat_service;     /* (owned) */
  DouChatStore *chat_store;     /* (owned) */
  DouChatImpl *chat_impl;       /* (owned) */
  DouService *social_service;   /* (owned) */
  DouSocialStore *social_store; /* (owned) */
  DouSocialImpl *social_impl;   /* (owned) */
  Gateway gateways[N_GATEWAYS];
} PushFixture;

void push_fixture_start_chat (PushFixture *fixture);
void push_fixture_stop_chat (PushFixture *fixture);
void push_fixture_set_up (PushFixture *fixture, gconstpointer data);
void push_fixture_tear_down (PushFixture *fixture, gconstpointer data);
char *push_fixture_make_token (PushFixture *fixture, gint64 user, gint64 generation);
DouTestWebsocket *push_client_new (PushFixture *fixture, guint gateway, gint64 user);
void push_client_say (DouTestWebsocket *client, const char *format, ...);
char *push_client_hear (DouTestWebsocket *client, gint64 *id);
gint64 push_client_assert_heard (DouTestWebsocket *client, const char *expected);

G_END_DECLS
