/* SPDX-License-Identifier: Apache-2.0 */

/* A run goes through the rules in their order. A statement removes a bounded number of rows, and each is a
 * transaction of its own, so that no client waits for a backlog: the next one follows when that is
 * answered, as long as anything was removed. Whatever fails is left for the next run; the database tells of
 * its troubles itself, and failures are counted. Several nodes may do this at one time: rows are removed once. */

#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-metrics.h"
#include "common/dou-retention.h"

struct _DouRetention
{
  GObject parent_instance;

  DouDatabase *database;         /* (owned) */
  DouClock *clock;               /* (owned) */
  const DouRetentionRule *rules; /* (unowned) static */
  guint n_rules;
  guint timer;
  DouMetric *runs;
  DouMetric **removed;  /* (owned) by rule */
  DouMetric **failures; /* (owned) by rule */
  gboolean is_running;
};

G_DEFINE_FINAL_TYPE (DouRetention, dou_retention, G_TYPE_OBJECT)

/* One transaction. */
typedef struct
{
  DouRetention *retention; /* (owned) */
  guint rule;
  char *json;       /* (owned) */
  gint64 n_removed; /* rows */
} Step;

static void
step_free (Step *step)
{
  g_object_unref (step->retention);
  g_free (step->json);
  g_free (step);
}

static void
dou_retention_dispose (GObject *object)
{
  DouRetention *self = DOU_RETENTION (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_object (&self->database);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (dou_retention_parent_class)->dispose (object);
}

static void
dou_retention_finalize (GObject *object)
{
  DouRetention *self = DOU_RETENTION (object);

  g_free (self->removed);
  g_free (self->failures);

  G_OBJECT_CLASS (dou_retention_parent_class)->finalize (object);
}

static void
dou_retention_class_init (DouRetentionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = dou_retention_dispose;
  G_OBJECT_CLASS (klass)->finalize = dou_retention_finalize;
}

static void
dou_retention_init (DouRetention *self)
{
}

static gboolean
remove_func (DouTransaction *transaction, gpointer data, GError **error)
{
  Step *step = data;

  step->n_removed = 0;
  return dou_transaction_execute (transaction, step->retention->rules[step->rule].statement,
                                  step->json, &step->n_removed, error);
}

static void dou_retention_step (DouRetention *self, guint rule);

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Step *step = user_data;
  DouRetention *self = step->retention;
  g_autoptr (GError) error = NULL;

  if (!dou_database_write_finish (DOU_DATABASE (source), result, &error))
    {
      g_info ("Old rows of %s stay for now: %s", self->rules[step->rule].what, error->message);
      dou_metric_add (self->failures[step->rule], 1);
      step->n_removed = 0;
    }
  else
    dou_metric_add (self->removed[step->rule], step->n_removed);

  dou_retention_step (self, step->n_removed > 0 ? step->rule : step->rule + 1);
  step_free (step);
}

/* After the last rule, or when nobody wants it any more, the run is over. */
static void
dou_retention_step (DouRetention *self, guint rule)
{
  Step *step;

  if (rule == self->n_rules || self->database == NULL)
    {
      dou_metric_add (self->runs, 1);
      self->is_running = FALSE;
      return;
    }

  step = g_new0 (Step, 1);
  step->retention = g_object_ref (self);
  step->rule = rule;
  step->json = g_strdup_printf ("[%" G_GINT64_FORMAT "]",
                                dou_clock_get_real_time (self->clock) - self->rules[rule].keep);
  dou_database_write_async (self->database, remove_func, step, NULL, NULL, removed_cb, step);
}

static gboolean
timer_cb (gpointer user_data)
{
  dou_retention_run (user_data);
  return G_SOURCE_CONTINUE;
}

/**
 * dou_retention_run:
 * @self: a retention
 *
 * Begins a run now, unless one is under way.
 */
void
dou_retention_run (DouRetention *self)
{
  g_return_if_fail (DOU_IS_RETENTION (self));

  if (self->is_running)
    return;

  self->is_running = TRUE;
  dou_retention_step (self, 0);
}

/**
 * dou_retention_new:
 * @database: has the statements
 * @clock: tells what is old
 * @rules: (array length=n_rules): what is to go; stays for ever
 * @n_rules: how many
 *
 * The first run begins at once.
 *
 * Returns: (transfer full): a retention that runs until it is freed
 */
DouRetention *
dou_retention_new (DouDatabase *database, DouClock *clock, const DouRetentionRule *rules,
                   guint n_rules)
{
  DouRetention *self;

  g_return_val_if_fail (DOU_IS_DATABASE (database), NULL);

  self = g_object_new (DOU_TYPE_RETENTION, NULL);
  self->database = g_object_ref (database);
  self->clock = g_object_ref (clock);
  self->rules = rules;
  self->n_rules = n_rules;
  self->runs = dou_metrics_get ("doutok_retention_runs_total", "");
  self->removed = g_new (DouMetric *, n_rules);
  self->failures = g_new (DouMetric *, n_rules);
  for (guint i = 0; i < n_rules; i++)
    {
      g_autofree char *label = g_strdup_printf ("what=\"%s\"", rules[i].what);

      self->removed[i] = dou_metrics_get ("doutok_retention_removed_rows_total", label);
      self->failures[i] = dou_metrics_get ("doutok_retention_failures_total", label);
    }

  self->timer = g_timeout_add_seconds (DOU_RETENTION_INTERVAL, timer_cb, self);
  dou_retention_run (self);
  return self;
}
