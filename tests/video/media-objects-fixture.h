/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/dou-test-object-store.h"
#include "video/video-fixture.h"

/* The media store with its files in a real object store, and one video that steps are tried with. */

#define ID G_GINT64_CONSTANT (1000)
#define VIDEO "video/00/1000.mp4"
#define TRANSCODED "video/00/1000-1.mp4"
#define COVER "cover/00/1000.jpg"
#define UNTRANSCODED "video/00/1000.webm"

typedef struct
{
  VideoFixture video; /* must be first */
  char *bucket;       /* (owned) */
} ObjectsFixture;

/* Shared, since it takes seconds to start; each test has a bucket of its own. */
extern DouTestObjectStore *objects_fixture_server;

/* A machine that does many things at once may need some time for each. */
extern const DouObjectLimits objects_fixture_patient;

void objects_fixture_set_up (ObjectsFixture *fixture, gconstpointer data);
void objects_fixture_tear_down (ObjectsFixture *fixture, gconstpointer data);

DouMediaObjects *objects_fixture_new_objects (const char *bucket, const DouObjectLimits *limits);
void objects_fixture_hang (ObjectsFixture *fixture);
void objects_fixture_go_on (ObjectsFixture *fixture);

void objects_fixture_assert_objects (ObjectsFixture *fixture, const char *expected);
guint objects_fixture_count_work (ObjectsFixture *fixture);

void objects_fixture_begin (ObjectsFixture *fixture);
void objects_fixture_begin_with_files (ObjectsFixture *fixture);
gboolean objects_fixture_place (ObjectsFixture *fixture, const char *video, const char *cover, GError **error);
gboolean objects_fixture_settle (ObjectsFixture *fixture, const char *video, const char *cover, GError **error);
int objects_fixture_open_file (ObjectsFixture *fixture, const char *name, GError **error);
