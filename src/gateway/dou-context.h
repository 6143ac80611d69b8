/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-clock.h"
#include "common/dou-config.h"
#include "common/dou-id-minter.h"
#include "gateway/dou-authenticator.h"
#include "gateway/dou-backend.h"
#include "gateway/dou-cache.h"
#include "gateway/dou-flags.h"
#include "gateway/dou-quiet-chats.h"
#include "gateway/dou-watch.h"
#include "gateway/dou-word-filter.h"

G_BEGIN_DECLS

/**
 * DouContext:
 *
 * What the handlers of all routes work with. Made once in main() and outlives every request.
 */
typedef struct
{
  DouConfig *config;               /* (owned) */
  DouClock *clock;                 /* (owned) */
  GTimeZone *time_zone;            /* (owned) of the dates under comments */
  DouIdMinter *minter;             /* (owned) */
  DouAuthenticator *authenticator; /* (owned) */
  DouBackend *backend;             /* (owned) */
  DouRateLimiter *limiter;         /* (owned) */
  DouWordFilter *word_filter;      /* (owned) */
  DouWatch *watch;                 /* (owned) */
  DouCache *cache;                 /* (owned) */
  DouFlags *flags;                 /* (owned) */
  struct _DouCommentPages *comments; /* (owned) */
  DouQuietChats *quiet_chats;      /* (owned) */
  struct _DouFeed *feed;           /* (owned) */
} DouContext;

char *dou_context_get_origin (DouRequest *request);
char *dou_context_get_text (DouRequest *request, const char *name);
DouStatus dou_context_get_id (DouRequest *request, const char *name, gint64 *id);
DouStatus dou_context_mint (DouContext *self, gint64 *id);
DouStatus dou_context_require_user (DouContext *self, DouRequest *request, gint64 *user);
DouStatus dou_context_get_subject (DouContext *self, DouRequest *request, gint64 *viewer,
                                   gint64 *user_id);

G_END_DECLS
