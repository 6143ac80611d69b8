/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouTestTree:
 *
 * An installed tree of this test alone: the real doutok(1), and the stand-in (stand-in.c) in the place
 * of every other program.
 */
typedef struct
{
  char *path;        /* (owned) of the directory; everything is below it */
  char *doutok;      /* (owned) the program */
  char *state_dir;   /* (owned) not made */
  char *runtime_dir; /* (owned) not made */
} DouTestTree;

DouTestTree *dou_test_tree_new (void);
void dou_test_tree_free (DouTestTree *self);
char *dou_test_tree_get_stand_in (DouTestTree *self, const char *name);

GArray *dou_test_tree_open_processes (DouTestTree *self);
void dou_test_tree_wait_for_processes (GArray *processes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestTree, dou_test_tree_free)

/**
 * DouTestRun:
 *
 * One run of doutok(1).
 */
typedef struct
{
  GSubprocess *process;     /* (owned) */
  GDataInputStream *output; /* (owned) standard output */
  GInputStream *errors;     /* (owned) standard error */
} DouTestRun;

DouTestRun *dou_test_run_new (DouTestTree *tree, const char *stand_in, ...) G_GNUC_NULL_TERMINATED;
void dou_test_run_free (DouTestRun *self);

char *dou_test_run_read_line (DouTestRun *self);
int dou_test_run_wait (DouTestRun *self, char **output, char **errors);

GSocketConnection *dou_test_connect (const char *uri);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestRun, dou_test_run_free)

G_END_DECLS
