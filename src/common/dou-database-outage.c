/* SPDX-License-Identifier: Apache-2.0 */

/* A server that is away is looked for by one thread at a time, and ever more seldom: everybody else
 * is told at once that it is away, rather than waiting for a connection that nobody gets. A new
 * connection also costs the library some 100 kB that it never gives back. */

#include "config.h"

#include "common/dou-database-outage.h"

/* How long a first failed try is remembered, and how long at most any is. A server that is back is
 * noticed within the latter. */
#define FIRST_DELAY (250 * G_TIME_SPAN_MILLISECOND)
#define LAST_DELAY (2 * G_TIME_SPAN_SECOND)

struct _DouDatabaseOutage
{
  GMutex mutex;     /* guards all */
  GError *error;    /* (owned) (nullable) of the last try, if it failed */
  gboolean trying;  /* somebody does */
  gint64 next_try;  /* monotonic time */
  GTimeSpan delay;
};

DouDatabaseOutage *
dou_database_outage_new (void)
{
  DouDatabaseOutage *self = g_new0 (DouDatabaseOutage, 1);

  g_mutex_init (&self->mutex);
  return self;
}

void
dou_database_outage_free (DouDatabaseOutage *self)
{
  g_mutex_clear (&self->mutex);
  g_clear_error (&self->error);
  g_free (self);
}

/**
 * dou_database_outage_may_try:
 * @self: an outage, or none
 * @error: return location for why not
 *
 * Returns: whether the caller may try to connect, and tell dou_database_outage_report()
 */
gboolean
dou_database_outage_may_try (DouDatabaseOutage *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (self->error == NULL)
    return TRUE;

  if (self->trying || g_get_monotonic_time () < self->next_try)
    {
      g_propagate_error (error, g_error_copy (self->error));
      return FALSE;
    }

  self->trying = TRUE;
  return TRUE;
}

/**
 * dou_database_outage_report:
 * @self: an outage, or none
 * @error: (nullable): why the caller could not connect; %NULL if it could
 *
 * Returns: whether this is news: the outage has begun, or is over
 */
gboolean
dou_database_outage_report (DouDatabaseOutage *self, const GError *error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  gboolean is_news = (self->error != NULL) != (error != NULL);

  self->delay = self->error == NULL ? FIRST_DELAY : MIN (2 * self->delay, LAST_DELAY);
  self->next_try = g_get_monotonic_time () + self->delay;
  self->trying = FALSE;
  g_clear_error (&self->error);
  self->error = error != NULL ? g_error_copy (error) : NULL;
  return is_news;
}
