/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-status.h"

G_BEGIN_DECLS

/* What travels between the bus, the manager and the store, always many at once in a GArray, and
 * what became of them in another, in the same order. Times are in milliseconds since
 * 1970-01-01 UTC. */

/**
 * DouSocialLinkKind:
 * @DOU_SOCIAL_FAVORITES: likes of videos
 * @DOU_SOCIAL_FOLLOWS: follows of users
 * @DOU_SOCIAL_BLOCKS: blocks of users. What is asked of two users is always whether either blocks the
 *   other, whoever it is: then they are apart
 */
typedef enum
{
  DOU_SOCIAL_FAVORITES,
  DOU_SOCIAL_FOLLOWS,
  DOU_SOCIAL_BLOCKS,
} DouSocialLinkKind;

/**
 * DouSocialList:
 * @DOU_SOCIAL_LIST_FAVORITES: videos that a user likes
 * @DOU_SOCIAL_LIST_FOLLOWS: whom a user follows
 * @DOU_SOCIAL_LIST_FOLLOWERS: who follows a user
 * @DOU_SOCIAL_LIST_FRIENDS: whom a user follows and who follows back
 * @DOU_SOCIAL_LIST_BLOCKS: whom a user blocks
 * @DOU_SOCIAL_LIST_APART: whom a user blocks, and who blocks the user
 */
typedef enum
{
  DOU_SOCIAL_LIST_FAVORITES,
  DOU_SOCIAL_LIST_FOLLOWS,
  DOU_SOCIAL_LIST_FOLLOWERS,
  DOU_SOCIAL_LIST_FRIENDS,
  DOU_SOCIAL_LIST_BLOCKS,
  DOU_SOCIAL_LIST_APART,
} DouSocialList;

/**
 * DouSocialLink:
 *
 * That a user likes a video, or follows or blocks a user, or is to, or is to no longer.
 */
typedef struct
{
  gint64 user;
  gint64 target; /* a video or a user */
  gint64 author; /* of the video; 0 for a follow or block */
  gboolean set;
} DouSocialLink;

/**
 * DouSocialLinkOutcome:
 *
 * What became of a link.
 */
typedef struct
{
  DouStatus status;
  gboolean changed; /* it was not as it is now */
  gint64 author;    /* for whom the like counts, or counted */
  gboolean apart;   /* of a block: whether either of the two blocks the other now */
} DouSocialLinkOutcome;

/**
 * DouSocialPageRequest:
 *
 * Which part of a list.
 */
typedef struct
{
  gint64 owner;  /* a user or a video */
  gint64 cursor; /* where to begin below; as the page before told it */
  guint limit;
} DouSocialPageRequest;

/**
 * DouSocialPage:
 *
 * A part of a list of ids.
 */
typedef struct
{
  gint64 cursor; /* of the next page, or 0 */
  GArray *ids;   /* (owned) (element-type gint64) */
} DouSocialPage;

/**
 * DouSocialComment:
 *
 * A comment as it is read.
 */
typedef struct
{
  gint64 id;
  gint64 user;
  char *text; /* (owned) */
  gint64 created;
  gint64 likes;
  gint64 dislikes;
} DouSocialComment;

/**
 * DouSocialCommentPage:
 *
 * A part of the comments under a video.
 */
typedef struct
{
  gint64 cursor;    /* of the next page, or 0 */
  GArray *comments; /* (owned) (element-type DouSocialComment) */
} DouSocialCommentPage;

/**
 * DouSocialDraft:
 *
 * A comment that somebody wants to write.
 */
typedef struct
{
  gint64 id;
  gint64 user;
  gint64 video;
  gint64 author; /* of the video */
  char *text;    /* (owned) */
  char *request; /* (owned) what the client calls it, or empty */
} DouSocialDraft;

/**
 * DouSocialDraftOutcome:
 *
 * What became of a draft.
 */
typedef struct
{
  DouStatus status;
  gboolean changed; /* there is a comment that was not there before */
  gint64 id;        /* of the comment; 0 if there is none */
  gint64 created;
} DouSocialDraftOutcome;

/**
 * DouSocialDeletion:
 *
 * A comment that somebody wants deleted.
 */
typedef struct
{
  gint64 comment;
  gint64 video;
  gint64 author; /* of the video */
  gint64 user;   /* who wants it */
  const char *why; /* (unowned) (nullable) the reason, if it is the administration */
} DouSocialDeletion;

/* Who deletes a comment for the administration: nobody's id. */
#define DOU_SOCIAL_ADMINISTRATION (-1)

/**
 * DouSocialCommentState:
 *
 * What is known of a comment that is there, or was until not long ago.
 */
typedef struct
{
  gint64 user;    /* who wrote it; 0 if nothing is known */
  gint64 video;   /* under which it stands, or stood */
  gint64 deleter; /* who deleted it, or 0 */
} DouSocialCommentState;

/**
 * DouSocialFeelingKind:
 * @DOU_SOCIAL_LIKE: a user likes a comment
 * @DOU_SOCIAL_DISLIKE: a user dislikes it
 * @DOU_SOCIAL_NEITHER: what everybody feels at first
 */
typedef enum
{
  DOU_SOCIAL_LIKE = 1,
  DOU_SOCIAL_DISLIKE = 2,
  DOU_SOCIAL_NEITHER = 3,
} DouSocialFeelingKind;

/**
 * DouSocialFeeling:
 *
 * What a user is to feel about a comment.
 */
typedef struct
{
  gint64 user;
  gint64 comment;
  gint32 feeling; /* a #DouSocialFeelingKind, unless it came from outside */
} DouSocialFeeling;

/**
 * DouSocialCounts:
 *
 * What is counted of a video (@favorites and @comments), of a user (all but @comments), or in the
 * whole store (@favorites, @comments and @follows).
 */
typedef struct
{
  gint64 favorites; /* of a user: likes that the user gave */
  gint64 comments;
  gint64 follows;
  gint64 followers;
  gint64 total_favorited; /* likes of the user's videos */
} DouSocialCounts;

GArray *dou_social_pages_new (guint n_pages);
GArray *dou_social_comment_pages_new (guint n_pages);
GArray *dou_social_drafts_new (guint n_drafts);

gboolean dou_social_id_is_valid (gint64 id);
guint dou_social_pair_hash (gconstpointer pair);
gboolean dou_social_pair_equal (gconstpointer a, gconstpointer b);

G_END_DECLS
