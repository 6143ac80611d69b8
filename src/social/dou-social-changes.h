/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "social/dou-social-items.h"

G_BEGIN_DECLS

/**
 * DouSocialChanges:
 *
 * What a call really changed, gathered item by item, to be told to everybody at once.
 */
typedef struct
{
  GArray *videos;    /* (owned) (element-type gint64) whose counts changed */
  GArray *users;     /* (owned) (element-type gint64) whose counts changed */
  GArray *favorites; /* (owned) (element-type DouSocialLink) */
  GArray *follows;   /* (owned) (element-type DouSocialLink) */
  GArray *feelings;  /* (owned) (element-type DouSocialFeeling) */
  GArray *blocks;    /* (owned) (element-type DouSocialLink) set if the two are apart now */
  DouSocialCounts added; /* to those of the whole store */
} DouSocialChanges;

DouSocialChanges *dou_social_changes_new (void);
void dou_social_changes_free (DouSocialChanges *self);

void dou_social_changes_add_link (DouSocialChanges *self, DouSocialLinkKind kind,
                                  const DouSocialLink *link);
void dou_social_changes_add_block (DouSocialChanges *self, gint64 user, gint64 whom,
                                   gboolean apart);
void dou_social_changes_add_comments (DouSocialChanges *self, gint64 video, gint64 n_added);
void dou_social_changes_add_ids (GArray *ids, GArray *added);
void dou_social_changes_sort (DouSocialChanges *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouSocialChanges, dou_social_changes_free)

G_END_DECLS
