/* SPDX-License-Identifier: Apache-2.0 */

/* A disk that is full or spoilt fails every request, and would fill what is left of it with log. So
 * the same cause is told once in a while, with how often it was since. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-database-complaints.h"

/* Microseconds for which the same cause is not told again. */
#define INTERVAL (60 * G_TIME_SPAN_SECOND)

static GMutex mutex;
static char *last_cause; /* (owned) (nullable) */
static gint64 last_time;
static guint n_untold;

/**
 * dou_database_complain:
 * @statement: what failed
 * @cause: what the engine says
 *
 * For failures that are neither a bug of ours, which is told elsewhere, nor the loss of a server.
 */
void
dou_database_complain (const char *statement, const char *cause)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  gint64 now = g_get_monotonic_time ();

  if (g_strcmp0 (last_cause, cause) == 0 && now - last_time < INTERVAL)
    {
      n_untold++;
      return;
    }

  if (g_strcmp0 (last_cause, cause) == 0 && n_untold > 0)
    g_warning ("The database: %s: %s (and %u times before)", statement, cause, n_untold);
  else
    g_warning ("The database: %s: %s", statement, cause);
  g_free (last_cause);
  last_cause = g_strdup (cause);
  last_time = now;
  n_untold = 0;
}
