/* SPDX-License-Identifier: Apache-2.0 */

/* What is measured stands in one file in the runtime directory that all processes map: each writes
 * into a part of its own, and whoever is asked adds the parts up. So a gateway can answer for all,
 * asking nobody; to count is one addition; and a process that is killed loses nothing, since its
 * successor goes on with the same numbers.
 *
 * The registry belongs to the process, like the log: what counts is deep inside, and would have to
 * carry it through everything above. Without dou_metrics_open(), as in tests, numbers are kept where
 * nobody sees them.
 *
 * Rejected: asking every process at each scrape (a service that hangs would be missing just then),
 * a library for it (there is none in Debian for C that knows of several processes). */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/dou-metrics-page.h"
#include "common/dou-status.h"

/* Changes with the layout. */
#define LAYOUT 1

/* Microseconds: from an answer out of a cache to an upload. */
static const gint64 time_bounds[] = { 250,    500,    1000,    2500,    5000,    10000,
                                      25000,  50000,  100000,  250000,  500000,  1000000,
                                      2500000, 10000000, 60000000 };
static const gint64 size_bounds[]
    = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096 };

G_STATIC_ASSERT (G_N_ELEMENTS (time_bounds) < DOU_METRIC_MAX_BUCKETS);
G_STATIC_ASSERT (G_N_ELEMENTS (size_bounds) < DOU_METRIC_MAX_BUCKETS);

/* Where this process writes; guarded by `lock` as far as entries are added. */
static DouMetricsProcess *own;
static GMutex lock;

static guint64
get_version (void)
{
  return ((guint64) LAYOUT << 32) | dou_n_metric_families;
}

/**
 * dou_metric_type_get_bounds:
 * @type: a type
 * @n_bounds: (out): how many buckets have an upper bound; there is one more, without
 *
 * Returns: (array length=n_bounds) (nullable): the bounds of a histogram; %NULL if it is none
 */
const gint64 *
dou_metric_type_get_bounds (DouMetricType type, guint *n_bounds)
{
  *n_bounds = type == DOU_METRIC_TIMES   ? G_N_ELEMENTS (time_bounds)
              : type == DOU_METRIC_SIZES ? G_N_ELEMENTS (size_bounds)
                                         : 0;
  return type == DOU_METRIC_TIMES ? time_bounds : type == DOU_METRIC_SIZES ? size_bounds : NULL;
}

static gboolean
prepare_file (int fd)
{
  const guint64 version = get_version ();
  guint64 present = 0;
  struct stat info;

  if (flock (fd, LOCK_EX) < 0 || fstat (fd, &info) < 0)
    return FALSE;
  if (info.st_size == sizeof (DouMetricsPage) && pread (fd, &present, sizeof present, 0) > 0
      && present == version)
    return flock (fd, LOCK_UN) == 0;

  return ftruncate (fd, 0) == 0 && ftruncate (fd, sizeof (DouMetricsPage)) == 0
         && pwrite (fd, &version, sizeof version, 0) == sizeof version && flock (fd, LOCK_UN) == 0;
}

static void
reset_gauges (DouMetricsProcess *process)
{
  for (guint i = 0; i < DOU_METRICS_MAX_ENTRIES && process->entries[i].family != 0; i++)
    if (dou_metric_families[process->entries[i].family - 1].type == DOU_METRIC_GAUGE)
      atomic_store (&process->entries[i].value, 0);
}

/**
 * dou_metrics_open:
 * @path: a file that all processes of this node share; made if absent
 * @slot: of this process, a #DouMetricsSlot; no other that runs has it
 * @process: what it is called, at most 31 bytes
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * To be called once, before any metric is asked for.
 *
 * Returns: whether what is measured from now on can be seen
 */
gboolean
dou_metrics_open (const char *path, guint slot, const char *process, GError **error)
{
  int fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  DouMetricsPage *page = MAP_FAILED;

  g_return_val_if_fail (slot < DOU_N_METRICS_SLOTS, FALSE);
  g_return_val_if_fail (own == NULL, FALSE);

  if (fd >= 0 && prepare_file (fd))
    page = mmap (NULL, sizeof (DouMetricsPage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED)
    g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE, _ ("Cannot use “%s”: %s"), path,
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);
  if (page == MAP_FAILED)
    return FALSE;

  own = &page->processes[slot];
  reset_gauges (own);
  g_strlcpy (own->process, process, sizeof own->process);
  atomic_store (&own->pid, getpid ());
  return TRUE;
}

static guint
find_family (const char *name)
{
  for (guint i = 0; i < dou_n_metric_families; i++)
    if (strcmp (dou_metric_families[i].name, name) == 0)
      return i + 1;

  g_error ("There is no family of metrics called %s", name);
}

/**
 * dou_metrics_get:
 * @family: one of dou_metric_families
 * @labels: what sets this one apart, as `kind="read",outcome="ok"`, of at most 119 bytes; may be
 *   empty
 *
 * Takes some time: to be asked for once and kept.
 *
 * Returns: (transfer none): the metric; when there are too many, one that nobody sees
 */
DouMetric *
dou_metrics_get (const char *family, const char *labels)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  static DouMetric beyond;
  guint number = find_family (family);
  DouMetric *entry;

  beyond.family = number;
  g_return_val_if_fail (strlen (labels) < sizeof beyond.labels, &beyond);

  if (own == NULL)
    own = g_new0 (DouMetricsProcess, 1);

  for (guint i = 0; i < DOU_METRICS_MAX_ENTRIES; i++)
    {
      entry = &own->entries[i];
      if (entry->family == 0)
        {
          g_strlcpy (entry->labels, labels, sizeof entry->labels);
          atomic_thread_fence (memory_order_release);
          entry->family = number;
          return entry;
        }
      if (entry->family == number && strcmp (entry->labels, labels) == 0)
        return entry;
    }

  return &beyond;
}

/**
 * dou_metric_add:
 * @self: a counter or a gauge
 * @n: by how much it grows; negative for gauges only
 */
void
dou_metric_add (DouMetric *self, gint64 n)
{
  atomic_fetch_add_explicit (&self->value, n, memory_order_relaxed);
}

/**
 * dou_metric_set:
 * @self: a gauge
 * @value: what it is now
 */
void
dou_metric_set (DouMetric *self, gint64 value)
{
  atomic_store_explicit (&self->value, value, memory_order_relaxed);
}

/**
 * dou_metric_observe:
 * @self: a histogram
 * @value: microseconds, or how many
 */
void
dou_metric_observe (DouMetric *self, gint64 value)
{
  guint n_bounds;
  const gint64 *bounds
      = dou_metric_type_get_bounds (dou_metric_families[self->family - 1].type, &n_bounds);
  guint i = 0;

  while (i < n_bounds && value > bounds[i])
    i++;
  atomic_fetch_add_explicit (&self->buckets[i], 1, memory_order_relaxed);
  atomic_fetch_add_explicit (&self->value, value, memory_order_relaxed);
}

/**
 * dou_metrics_map:
 * @path: the file that the processes share
 * @error: return location for %DOU_STATUS_UNAVAILABLE
 *
 * Returns: (transfer full): what they measure, for reading; %NULL if there is no such file, or it is of
 *   another version
 */
const DouMetricsPage *
dou_metrics_map (const char *path, GError **error)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  struct stat info;
  DouMetricsPage *page = MAP_FAILED;

  if (fd >= 0 && fstat (fd, &info) == 0 && info.st_size == sizeof (DouMetricsPage))
    page = mmap (NULL, sizeof (DouMetricsPage), PROT_READ, MAP_SHARED, fd, 0);
  if (fd >= 0)
    close (fd);

  if (page != MAP_FAILED && page->version == get_version ())
    return page;

  if (page != MAP_FAILED)
    munmap (page, sizeof (DouMetricsPage));
  g_set_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE,
               _ ("“%s” is not what a server of this version writes"),
               path);
  return NULL;
}

/**
 * dou_metrics_unmap:
 * @page: (transfer full): of dou_metrics_map()
 */
void
dou_metrics_unmap (const DouMetricsPage *page)
{
  munmap ((gpointer) page, sizeof (DouMetricsPage));
}
