/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/dou-test-media.h"
#include "video/dou-media-importer.h"

G_BEGIN_DECLS

/* The longest video that the fixture takes, in milliseconds, and its largest file. */
#define MEDIA_MAX_DURATION 60000
#define MEDIA_MAX_SIZE (64 * 1024 * 1024)

/* An importer with real parts, in a directory of its own. */
typedef struct
{
  char *directory;            /* (owned) */
  DouMediaRunner *runner;     /* (owned) */
  DouMediaStore *store;       /* (owned) */
  DouMediaImporter *importer; /* (owned) */
} MediaFixture;

void media_fixture_set_up (MediaFixture *fixture, gconstpointer data);
void media_fixture_tear_down (MediaFixture *fixture, gconstpointer data);

DouMediaImport *media_fixture_import (MediaFixture *fixture, gint64 id, GBytes *bytes,
                                      GError **error);
guint media_fixture_count_files (MediaFixture *fixture);

G_END_DECLS
