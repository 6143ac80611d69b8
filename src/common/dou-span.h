/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-trace-context.h"

G_BEGIN_DECLS

/* What a span may carry: as many links as a call has requests. More are left out. */
#define DOU_SPAN_ATTRIBUTES_MAX 12
#define DOU_SPAN_LINKS_MAX 32

/**
 * DouSpanKind:
 * @DOU_SPAN_INTERNAL: something takes its time here
 * @DOU_SPAN_SERVER: somebody else's question is answered
 * @DOU_SPAN_CLIENT: somebody else is asked
 *
 * Numbered as in OTLP.
 */
typedef enum
{
  DOU_SPAN_INTERNAL = 1,
  DOU_SPAN_SERVER = 2,
  DOU_SPAN_CLIENT = 3,
} DouSpanKind;

/**
 * DouSpanAttribute:
 * @name: (unowned): a constant
 * @text: (owned) (nullable): the value; %NULL if that is @number
 * @number: the value
 */
typedef struct
{
  const char *name;
  char *text;
  gint64 number;
} DouSpanAttribute;

/**
 * DouSpan:
 *
 * Something that was done for a request, and how long it took. Everything here takes %NULL for one
 * that nobody wants to see.
 */
typedef struct
{
  DouTraceContext context; /* of what is done for it */
  guint64 parent;          /* span; 0 = it is the first one */
  DouSpanKind kind;
  char *name;         /* (owned) (nullable) of what is done, of which there are few */
  gint64 begun;       /* microseconds since 1970 */
  gint64 begun_clock; /* the same moment, monotonic */
  gint64 duration;    /* microseconds, once it has ended */
  gboolean has_failed;
  char *complaint; /* (owned) (nullable) why */
  guint n_attributes;
  DouSpanAttribute attributes[DOU_SPAN_ATTRIBUTES_MAX];
  guint n_links;
  DouTraceContext *links; /* (owned) (nullable) (array length=n_links) */
} DouSpan;

DouSpan *dou_span_new (const DouTraceContext *parent, DouSpanKind kind, const char *name);
void dou_span_free (DouSpan *self);

const DouTraceContext *dou_span_get_context (DouSpan *self);
void dou_span_take_name (DouSpan *self, char *name);
void dou_span_add_text (DouSpan *self, const char *name, const char *value);
void dou_span_add_number (DouSpan *self, const char *name, gint64 value);
void dou_span_add_link (DouSpan *self, const DouTraceContext *context);
void dou_span_fail (DouSpan *self, const char *complaint);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouSpan, dou_span_free)

G_END_DECLS
