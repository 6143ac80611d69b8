/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-json-writer.h"
#include "common/dou-status.h"
#include "gateway/dou-backend.h"

G_BEGIN_DECLS

/**
 * DouFact:
 * @DOU_FACT_PROFILE: what a user is called and looks like
 * @DOU_FACT_WORK_COUNT: how many videos a user has published
 * @DOU_FACT_USER_COUNTS: a user's follows, followers, and likes
 * @DOU_FACT_VIDEO: whose a video is, its title and files
 * @DOU_FACT_VIDEO_COUNTS: its likes and comments
 *
 * What one answer of one service tells of a user or a video. Facts become wrong one by one.
 */
typedef enum
{
  DOU_FACT_PROFILE,
  DOU_FACT_WORK_COUNT,
  DOU_FACT_USER_COUNTS,
  DOU_FACT_VIDEO,
  DOU_FACT_VIDEO_COUNTS,
  DOU_N_FACTS
} DouFact;

/* Sets of facts. */
#define DOU_FACT_BIT(fact) (1U << (fact))
#define DOU_FACTS_OF_USER                                                                          \
  (DOU_FACT_BIT (DOU_FACT_PROFILE) | DOU_FACT_BIT (DOU_FACT_WORK_COUNT)                            \
   | DOU_FACT_BIT (DOU_FACT_USER_COUNTS))
#define DOU_FACTS_OF_VIDEO (DOU_FACT_BIT (DOU_FACT_VIDEO) | DOU_FACT_BIT (DOU_FACT_VIDEO_COUNTS))

#define DOU_RECORD_N_SLOTS 3
#define DOU_RECORD_N_PIECES 4

/**
 * DouRecordSlot:
 * @era: of the cache when the fact was learnt; 0 if it is not known
 * @sequence: number of the load that it came with
 * @load: (unowned) (nullable): what is under way to learn it, as long as it was not overtaken
 *
 * How far one fact can be relied upon.
 */
typedef struct
{
  guint era;
  guint64 sequence;
  gpointer load;
} DouRecordSlot;

/**
 * DouRecord:
 * @id: of the user or video
 * @version: another one whenever anything of it has changed
 * @is_dropped: it is in no table any more, and does not hear of changes
 * @slots: one for each fact about it
 * @status: whether it exists
 * @author: of a video
 * @time: at which a video was published
 * @counts: of a user: follows, followers, likes of the videos, likes given, videos; of a video: likes,
 *   comments
 * @text: pieces of JSON, one after the other
 * @ends: where in @text each piece ends
 *
 * What is known of a user or of a video, in the form that answers are put together from.
 */
typedef struct
{
  guint n_refs;
  gint64 id;
  guint version;
  gboolean is_dropped;
  DouRecordSlot slots[DOU_RECORD_N_SLOTS];

  DouStatus status;
  gint64 author;
  gint64 time;
  gint64 counts[5];
  char *text; /* (owned) (nullable) */
  guint32 ends[DOU_RECORD_N_PIECES];
} DouRecord;

DouRecord *dou_record_new (gint64 id);
DouRecord *dou_record_ref (DouRecord *self);
void dou_record_unref (DouRecord *self);
void dou_record_drop (DouRecord *self);
DouRecordSlot *dou_record_get_slot (DouRecord *self, DouFact fact);
gsize dou_record_get_size (DouRecord *self);

DouBackendMethod dou_fact_get_method (DouFact fact);
gboolean dou_record_learn (DouRecord *self, DouFact fact, GVariant *result);

char *dou_record_escape (const char *text);
void dou_record_write_user (DouRecord *self, const char *origin, gsize *is_follow_offset,
                            gboolean is_follow, DouJsonWriter *writer);
void dou_record_write_video (DouRecord *self, DouRecord *author, const char *origin,
                             gsize *is_follow_offset, gsize *is_favorite_offset,
                             DouJsonWriter *writer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouRecord, dou_record_unref)

G_END_DECLS
