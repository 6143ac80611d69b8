/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "dou-social-fixture.h"

G_BEGIN_DECLS

#define N_USERS 20
#define N_VIDEOS 30
#define PAGE 7

/* Users and videos have ids from 1; video v is by author AUTHOR (v). */
#define AUTHOR(video) (((video) % N_USERS) + 1)

/* One that was written, and what the users feel about it. */
typedef struct
{
  gint64 id;
  gint64 user;
  gint64 video;
  gint64 created;
  gint64 deleter; /* or 0 */
  char text[16];
  gint32 feelings[N_USERS + 1];
} Comment;

/* What the store has been told, beside the store. */
typedef struct
{
  DouSocialFixture fixture;
  GRand *rand;     /* (owned) */
  gint64 sequence; /* of the newest link */
  gint64 likes[N_USERS + 1][N_VIDEOS + 1];  /* sequence, or 0 */
  gint64 follows[N_USERS + 1][N_USERS + 1]; /* sequence, or 0 */
  gint64 blocks[N_USERS + 1][N_USERS + 1];  /* sequence, or 0 */
  gboolean removed[N_VIDEOS + 1];
  GArray *comments;     /* (owned) (element-type Comment) ever written, by id */
  GHashTable *requests; /* (owned) (element-type utf8 gint64) what each made */
  gint64 now;
} SocialModel;

GArray *social_model_call (SocialModel *model, const char *method, GArray *items);
gint64 *social_model_get_link (SocialModel *model, DouSocialLinkKind kind, const DouSocialLink *link);
gboolean social_model_are_apart (SocialModel *model, gint64 user, gint64 other);
Comment *social_model_find_comment (SocialModel *model, gint64 id);
gboolean social_model_is_there (SocialModel *model, const Comment *comment);
void social_model_verify (SocialModel *model);

G_END_DECLS
