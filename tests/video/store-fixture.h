/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-id-minter.h"
#include "lib/dou-manual-clock.h"
#include "video/dou-video-store.h"

G_BEGIN_DECLS

#define NOON G_GINT64_CONSTANT (1700000000000)
/* Ids as large as they get. */
#define FIRST_ID (DOU_ID_MAX - 10000)
#define AUTHOR (DOU_ID_MAX - 1)
/* Longer than any test, in ms. */
#define LONG 3600000

/* A store by itself, with a clock that is set. */
typedef struct
{
  char *directory;             /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouManualClock *clock;       /* (owned) */
  DouVideoStore *store;        /* (owned) */
  GAsyncResult *result;        /* (owned) (nullable) */
} StoreFixture;

void store_fixture_open_store (StoreFixture *fixture);
void store_fixture_set_up (StoreFixture *fixture, gconstpointer data);
void store_fixture_tear_down (StoreFixture *fixture, gconstpointer data);
gint64 store_fixture_publish_as (StoreFixture *fixture, gint64 id, gint64 author, const char *title,
                                 DouVideoTranscode transcode);
gint64 store_fixture_publish (StoreFixture *fixture, gint64 id);
GPtrArray *store_fixture_get_feed (StoreFixture *fixture, const gint64 *befores, guint n,
                                   guint limit);
GPtrArray *store_fixture_get_works (StoreFixture *fixture, const DouVideoWorksPlace *places,
                                    guint n, guint limit);
void store_fixture_assert_all_counts (StoreFixture *fixture, gint64 expected_videos,
                                      gint64 expected_pending, gint64 expected_failed);
void store_fixture_assert_counts (StoreFixture *fixture, gint64 expected_videos,
                                  gint64 expected_transcodes);
void store_fixture_assert_page (GPtrArray *pages, guint i, const gint64 *ids);
DouVideoTask *store_fixture_get_task_after (StoreFixture *fixture, const DouVideoTask *after);
DouVideoTask *store_fixture_get_next_task (StoreFixture *fixture);
gboolean store_fixture_finish_change (StoreFixture *fixture, DouVideoTask **row);
DouVideoTask *store_fixture_claim_task (StoreFixture *fixture, gint64 id, gint64 lease);
gboolean store_fixture_renew_task (StoreFixture *fixture, const DouVideoTask *task, gint64 lease);
gboolean store_fixture_update_task (StoreFixture *fixture, DouVideoTask *task,
                                    DouVideoTranscode transcode);
guint store_fixture_delete_ids (StoreFixture *fixture, const gint64 *ids, guint n);
void store_fixture_assert_state (StoreFixture *fixture, gint64 id, gint64 author, gboolean deleted,
                                 gboolean unclean);

/* The parts of the test, each in a file of its own. */
void store_test_add_acts (void);
void store_test_add_tasks (void);

G_END_DECLS
