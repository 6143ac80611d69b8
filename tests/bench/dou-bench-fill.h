/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "bench/dou-bench-set.h"

G_BEGIN_DECLS

/**
 * DouBenchProgressFunc:
 * @done: rows that are written
 * @total: rows to be written in all
 * @user_data: as passed with the function
 */
typedef void (*DouBenchProgressFunc) (guint64 done, guint64 total, gpointer user_data);

gboolean dou_bench_fill (const DouBenchSet *set, const char *directory,
                         DouBenchProgressFunc progress, gpointer user_data, GError **error);

G_END_DECLS
