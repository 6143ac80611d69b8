/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/dou-manual-clock.h"
#include "social/dou-social-manager.h"

G_BEGIN_DECLS

/* When the fixture's clock stands still first. */
#define DOU_SOCIAL_FIXTURE_NOW G_GINT64_CONSTANT (1700000000000)

/**
 * DouSocialFixture:
 *
 * A manager on a store of this test alone, called with what would come over the bus, and a record
 * of what it tells.
 */
typedef struct
{
  char *directory;           /* (owned) */
  DouDatabaseAddress *address; /* (owned) */
  DouManualClock *clock;     /* (owned) */
  DouSocialStore *store;     /* (owned) */
  DouSocialManager *manager; /* (owned) */
  GString *told;             /* (owned) signals, in their order */
} DouSocialFixture;

void dou_social_fixture_set_up (DouSocialFixture *self, gconstpointer data);
void dou_social_fixture_tear_down (DouSocialFixture *self, gconstpointer data);
void dou_social_fixture_start (DouSocialFixture *self);
void dou_social_fixture_stop (DouSocialFixture *self);
void dou_social_fixture_run_sql (DouSocialFixture *self, const char *sql);

GArray *dou_social_fixture_call (DouSocialFixture *self, const char *method, GArray *items,
                                 GError **error);
void dou_social_fixture_assert (DouSocialFixture *self, const char *method, const char *items,
                                const char *expected);
void dou_social_fixture_assert_told (DouSocialFixture *self, const char *expected);
void dou_social_fixture_assert_recount (DouSocialFixture *self, gint64 expected);
void dou_social_fixture_assert_totals (DouSocialFixture *self, gint64 favorites, gint64 comments,
                                       gint64 follows);

G_END_DECLS
