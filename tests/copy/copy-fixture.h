/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"
#include "common/dou-database-transaction.h"
#include "copy/dou-copy.h"

G_BEGIN_DECLS

/**
 * CopyFixture:
 * @directory: that holds the others
 * @first: SQLite files with rows of every kind, a key file and media
 * @middle: empty, on the engine under test
 * @last: empty, on SQLite
 * @address: of the database of @middle; of SQLite, of none of its files
 *
 * Three places to copy from and to. Their state directories are there.
 */
typedef struct
{
  char *directory;
  DouConfig *first;
  DouConfig *middle;
  DouConfig *last;
  DouDatabaseAddress *address;
} CopyFixture;

void copy_fixture_set_up (CopyFixture *self, gconstpointer data);
void copy_fixture_tear_down (CopyFixture *self, gconstpointer data);

DouConfig *copy_fixture_make_config (CopyFixture *self, const char *name);
DouTransaction *copy_fixture_connect (DouConfig *config, const char *domain);
void copy_fixture_execute (DouConfig *config, const char *domain, const char *sql);
gint64 copy_fixture_get_number (DouConfig *config, const char *domain, const char *sql);
void copy_fixture_assert_same_files (DouConfig *a, DouConfig *b);

G_END_DECLS
