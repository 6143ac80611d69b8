/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/dou-manual-clock.h"
#include "lib/dou-test-media.h"
#include "video/dou-picture-importer.h"
#include "video/dou-video-manager.h"

G_BEGIN_DECLS

#define VIDEO_NOON G_GINT64_CONSTANT (1700000000000)
#define VIDEO_AUTHOR G_GINT64_CONSTANT (77)

/* A manager with real parts, in a directory of its own. */
typedef struct
{
  char *directory;        /* (owned) */
  DouDatabaseAddress *address; /* (owned) (nullable) */
  DouManualClock *clock;  /* (owned) */
  DouVideoStore *store;   /* (owned) (nullable) */
  DouMediaStore *media;   /* (owned) (nullable) */
  DouMediaObjects *objects; /* (owned) (nullable) of tests whose files are elsewhere */
  DouVideoSocial *social;   /* (owned) (nullable) of tests that have a bus */
  DouVideoQueue *queue;     /* (owned) (nullable) of tests with other nodes */
  gint64 lease;             /* milliseconds, of the same */
  guint node;               /* the number of this one */
  guint retry_delay;        /* of the transcoder, in seconds */
  DouVideoManager *manager; /* (owned) (nullable) */
  DouPictureKeeper *keeper; /* (owned) (nullable) */
  DouPictureImporter *pictures; /* (owned) (nullable) */
  guint picture_delay; /* of the keeper, in milliseconds */
  gint64 max_time;     /* of the importer, in microseconds; 0 as it is */
  GArray *changed;          /* (owned) (element-type gint64) all that “changed” was about */
  GArray *changed_authors;  /* (owned) (element-type gint64) */
} VideoFixture;

void video_fixture_set_up (VideoFixture *fixture, gconstpointer data);
void video_fixture_tear_down (VideoFixture *fixture, gconstpointer data);
void video_fixture_open (VideoFixture *fixture);
void video_fixture_open_store (VideoFixture *fixture);
void video_fixture_close (VideoFixture *fixture);

void video_fixture_wait_idle (VideoFixture *fixture);
gboolean video_fixture_publish (VideoFixture *fixture, gint64 id, GBytes *bytes, GError **error);
char *video_fixture_import (VideoFixture *fixture, const DouPicture *picture, GBytes *bytes,
                            GError **error);
DouVideo *video_fixture_get (VideoFixture *fixture, gint64 id);
void video_fixture_assert_files (VideoFixture *fixture, gint64 id);
guint video_fixture_count_files (VideoFixture *fixture);

G_END_DECLS
