/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-span.h"

/* An id of zero means that there is none. */
static guint64
mint_id (void)
{
  guint64 id;

  do
    id = (guint64) g_random_int () << 32 | g_random_int ();
  while (id == 0);

  return id;
}

/**
 * dou_span_new:
 * @parent: (nullable): for what it is done; %NULL begins a trace
 * @kind: which side of what
 * @name: (nullable): of what is done, of which there are few; %NULL if that is known later
 *
 * Returns: (transfer full): a span that begins now
 */
DouSpan *
dou_span_new (const DouTraceContext *parent, DouSpanKind kind, const char *name)
{
  DouSpan *self = g_new0 (DouSpan, 1);

  if (parent != NULL)
    {
      self->context = *parent;
      self->parent = parent->span;
    }
  else
    {
      self->context.trace[0] = mint_id ();
      self->context.trace[1] = mint_id ();
    }

  self->context.span = mint_id ();
  self->context.is_sampled = TRUE;
  self->kind = kind;
  self->name = g_strdup (name);
  self->begun = g_get_real_time ();
  self->begun_clock = g_get_monotonic_time ();
  return self;
}

/**
 * dou_span_free:
 * @self: (transfer full) (nullable): a span that nobody is to see
 */
void
dou_span_free (DouSpan *self)
{
  if (self == NULL)
    return;

  for (guint i = 0; i < self->n_attributes; i++)
    g_free (self->attributes[i].text);
  g_free (self->links);
  g_free (self->complaint);
  g_free (self->name);
  g_free (self);
}

/**
 * dou_span_get_context:
 * @self: (nullable): a span
 *
 * Returns: (transfer none) (nullable): the place in its trace of what is done for it
 */
const DouTraceContext *
dou_span_get_context (DouSpan *self)
{
  return self != NULL ? &self->context : NULL;
}

/**
 * dou_span_take_name:
 * @self: (nullable): a span
 * @name: (transfer full): of what is done, if that is known later
 */
void
dou_span_take_name (DouSpan *self, char *name)
{
  if (self == NULL)
    {
      g_free (name);
      return;
    }

  g_free (self->name);
  self->name = name;
}

static DouSpanAttribute *
dou_span_add_attribute (DouSpan *self, const char *name)
{
  DouSpanAttribute *attribute;

  if (self == NULL || self->n_attributes == DOU_SPAN_ATTRIBUTES_MAX)
    return NULL;

  attribute = &self->attributes[self->n_attributes++];
  attribute->name = name;
  return attribute;
}

/**
 * dou_span_add_text:
 * @self: (nullable): a span
 * @name: a constant
 * @value: (nullable): says more about it; never what is nobody's business
 */
void
dou_span_add_text (DouSpan *self, const char *name, const char *value)
{
  DouSpanAttribute *attribute = value != NULL ? dou_span_add_attribute (self, name) : NULL;

  if (attribute != NULL)
    attribute->text = g_strdup (value);
}

/**
 * dou_span_add_number:
 * @self: (nullable): a span
 * @name: a constant
 * @value: says more about it
 */
void
dou_span_add_number (DouSpan *self, const char *name, gint64 value)
{
  DouSpanAttribute *attribute = dou_span_add_attribute (self, name);

  if (attribute != NULL)
    attribute->number = value;
}

/**
 * dou_span_add_link:
 * @self: (nullable): a span
 * @context: for which it is, too
 */
void
dou_span_add_link (DouSpan *self, const DouTraceContext *context)
{
  if (self == NULL || self->n_links == DOU_SPAN_LINKS_MAX)
    return;

  self->links = g_renew (DouTraceContext, self->links, self->n_links + 1);
  self->links[self->n_links++] = *context;
}

/**
 * dou_span_fail:
 * @self: (nullable): a span
 * @complaint: why what it is about was not done
 */
void
dou_span_fail (DouSpan *self, const char *complaint)
{
  if (self == NULL)
    return;

  self->has_failed = TRUE;
  g_free (self->complaint);
  self->complaint = g_strdup (complaint);
}
