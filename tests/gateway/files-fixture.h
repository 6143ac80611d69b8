/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-media.h"
#include "gateway/dou-test-server.h"
#include "lib/dou-test-object-store.h"

G_BEGIN_DECLS

#define VIDEO "/media/video/3f/63.mp4"
#define VIDEO_SIZE (3 * 1024 * 1024 + 5)
/* Of VIDEO; Thu, 01 Jun 2023 12:00:00 GMT. */
#define VIDEO_TIME 1685620800
#define VIDEO_DATE "Thu, 01 Jun 2023 12:00:00 GMT"

/* What is passed on from an object store at a time. */
#define FILES_STREAMS 4

/* A server with one video and what a test adds, in a directory or in an object store. */
typedef struct
{
  DouTestServer server; /* (owned) */
  char *directory;      /* (owned) the state directory */
  DouMedia *media;      /* (owned) */
  guint8 *content;      /* (owned) of VIDEO */
  char *etag;           /* (owned) of VIDEO */
  char *date;           /* (owned) of VIDEO: its last change */

  DouObjectStore *objects; /* (owned) (nullable) where files are instead */
} FilesFixture;

void files_store_start (void);
void files_store_end (void);
DouTestObjectStore *files_store_get (void);

void files_fixture_set_up (FilesFixture *fixture, gconstpointer data);
void files_fixture_tear_down (FilesFixture *fixture, gconstpointer data);

void files_add (FilesFixture *fixture, const char *path, const void *content, gsize length);
DouTestAnswer *files_request (FilesFixture *fixture, const char *method, const char *path,
                              const char *headers);
DouTestAnswer *files_get (FilesFixture *fixture, const char *path, const char *name,
                          const char *value);

void files_assert_length (DouTestAnswer *answer, gsize expected);
void files_assert_part (FilesFixture *fixture, DouTestAnswer *answer, gsize offset, gsize length);
void files_assert_whole (FilesFixture *fixture, DouTestAnswer *answer);
void files_assert_metadata (FilesFixture *fixture, DouTestAnswer *answer);

G_END_DECLS
