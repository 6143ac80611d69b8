/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database.h"

G_BEGIN_DECLS

/* A database in a directory of its own, and what a domain is for it. */
typedef struct
{
  char *directory;       /* (owned) */
  char *path;            /* (owned) */
  GResource *resource;   /* (owned) (nullable) the SQL of the domain, as registered */
  DouDatabase *database; /* (owned) (nullable) */
} DatabaseFixture;

/* One statement as a job. */
typedef struct
{
  const char *statement;
  const char *columns; /* (nullable) if it returns no rows */
  const char *json;    /* (nullable) */
  guint n_runs;        /* how often the job was begun */
  gint64 n_changed;
  DouRows *rows;        /* (owned) (nullable) */
  GAsyncResult *result; /* (owned) (nullable) */
} Step;

/* A job that has begun and waits to be let go. */
typedef struct
{
  GMutex mutex;
  GCond changed;
  guint n_inside;
  guint n_needed; /* all go when so many are inside */
} Gate;

void database_fixture_set_up (DatabaseFixture *fixture, gconstpointer data);
void database_fixture_set_up_open (DatabaseFixture *fixture, gconstpointer data);
void database_fixture_tear_down (DatabaseFixture *fixture, gconstpointer data);
void database_fixture_use_release (DatabaseFixture *fixture, const char *release);
void database_fixture_close (DatabaseFixture *fixture);
DouDatabase *database_fixture_open (const char *path);
gint64 database_fixture_read_number (DouDatabase *database, const char *statement);
void database_fixture_insert (DouDatabase *database, const char *json);

void step_clear (Step *step);
void step_start_write (DouDatabase *database, Step *step, GCancellable *cancellable);
gboolean step_finish_write (DouDatabase *database, Step *step, GError **error);
gboolean step_write (DouDatabase *database, Step *step, GError **error);
gboolean step_read (DouDatabase *database, Step *step, GError **error);

gboolean gate_func (DouTransaction *transaction, gpointer data, GError **error);
void gate_block_writer (DouDatabase *database, Gate *gate);
void gate_open (Gate *gate);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Step, step_clear)

G_END_DECLS
