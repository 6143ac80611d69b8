/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "social/dou-social-items.h"
#include "social/dou-social-report.h"

G_BEGIN_DECLS

/* Arrays of messages to and from arrays of items. */

GArray *dou_social_decode_ids (GVariant *argument);
GArray *dou_social_decode_pairs (GVariant *argument);
GArray *dou_social_decode_favorites (GVariant *argument);
GArray *dou_social_decode_follows (GVariant *argument);
GArray *dou_social_decode_page_requests (GVariant *argument);
GArray *dou_social_decode_drafts (GVariant *argument);
GArray *dou_social_decode_deletions (GVariant *argument);
GArray *dou_social_decode_removals (GVariant *argument);
GArray *dou_social_decode_feelings (GVariant *argument);
GArray *dou_social_decode_reports (GVariant *argument);
GArray *dou_social_decode_resolutions (GVariant *argument);

GVariant *dou_social_encode_ids (GArray *ids);
GVariant *dou_social_encode_statuses (GArray *statuses);
GVariant *dou_social_encode_booleans (GArray *booleans);
GVariant *dou_social_encode_links (GArray *links);
GVariant *dou_social_encode_feelings (GArray *feelings);
GVariant *dou_social_encode_feeling_kinds (GArray *kinds);
GVariant *dou_social_encode_pages (GArray *pages);
GVariant *dou_social_encode_comment_pages (GArray *pages);
GVariant *dou_social_encode_draft_outcomes (GArray *outcomes);
GVariant *dou_social_encode_video_counts (GArray *counts);
GVariant *dou_social_encode_user_counts (GArray *counts);

G_END_DECLS
