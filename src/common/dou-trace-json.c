/* SPDX-License-Identifier: Apache-2.0 */

/* Spans as OTLP has them in JSON (opentelemetry-proto, ExportTraceServiceRequest, and “JSON Protobuf
 * Encoding” of the specification): names in lowerCamelCase, ids in hexadecimal digits, 64-bit numbers as
 * strings of decimal ones, enumerations as numbers. */

#include "config.h"

#include <unistd.h>

#include "common/dou-json-writer.h"
#include "common/dou-trace-json.h"

/* Bytes of a span, as a guess. */
#define SPAN_SIZE 768

#define SCOPE "doutok"
/* STATUS_CODE_ERROR */
#define STATUS_ERROR 2

#define NANOSECONDS 1000

static void
write_decimal (DouJsonWriter *writer, const char *name, gint64 number)
{
  char text[24];

  g_snprintf (text, sizeof text, "%" G_GINT64_FORMAT, number);
  dou_json_writer_name (writer, name);
  dou_json_writer_string (writer, text);
}

static void
write_text (DouJsonWriter *writer, const char *name, const char *value)
{
  dou_json_writer_name (writer, name);
  dou_json_writer_string (writer, value);
}

static void
write_span_id (DouJsonWriter *writer, const char *name, guint64 id)
{
  char text[17];

  g_snprintf (text, sizeof text, "%016" G_GINT64_MODIFIER "x", id);
  write_text (writer, name, text);
}

static void
write_place (DouJsonWriter *writer, const DouTraceContext *context)
{
  char text[33];

  g_snprintf (text, sizeof text, "%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x",
              context->trace[0], context->trace[1]);
  write_text (writer, "traceId", text);
  write_span_id (writer, "spanId", context->span);
}

static void
write_attribute (DouJsonWriter *writer, const DouSpanAttribute *attribute)
{
  dou_json_writer_begin_object (writer);
  write_text (writer, "key", attribute->name);
  dou_json_writer_name (writer, "value");
  dou_json_writer_begin_object (writer);
  if (attribute->text != NULL)
    write_text (writer, "stringValue", attribute->text);
  else
    write_decimal (writer, "intValue", attribute->number);
  dou_json_writer_end_object (writer);
  dou_json_writer_end_object (writer);
}

static void
write_attributes (DouJsonWriter *writer, const DouSpanAttribute *attributes, guint n_attributes)
{
  dou_json_writer_name (writer, "attributes");
  dou_json_writer_begin_array (writer);
  for (guint i = 0; i < n_attributes; i++)
    write_attribute (writer, &attributes[i]);
  dou_json_writer_end_array (writer);
}

static void
write_links (DouJsonWriter *writer, const DouSpan *span)
{
  dou_json_writer_name (writer, "links");
  dou_json_writer_begin_array (writer);
  for (guint i = 0; i < span->n_links; i++)
    {
      dou_json_writer_begin_object (writer);
      write_place (writer, &span->links[i]);
      dou_json_writer_end_object (writer);
    }
  dou_json_writer_end_array (writer);
}

static void
write_status (DouJsonWriter *writer, const DouSpan *span)
{
  dou_json_writer_name (writer, "status");
  dou_json_writer_begin_object (writer);
  if (span->complaint != NULL)
    write_text (writer, "message", span->complaint);
  dou_json_writer_name (writer, "code");
  dou_json_writer_int64 (writer, STATUS_ERROR);
  dou_json_writer_end_object (writer);
}

static void
write_span (DouJsonWriter *writer, const DouSpan *span)
{
  dou_json_writer_begin_object (writer);
  write_place (writer, &span->context);
  if (span->parent != 0)
    write_span_id (writer, "parentSpanId", span->parent);
  write_text (writer, "name", span->name);
  dou_json_writer_name (writer, "kind");
  dou_json_writer_int64 (writer, span->kind);
  write_decimal (writer, "startTimeUnixNano", span->begun * NANOSECONDS);
  write_decimal (writer, "endTimeUnixNano", (span->begun + span->duration) * NANOSECONDS);
  write_attributes (writer, span->attributes, span->n_attributes);
  if (span->n_links > 0)
    write_links (writer, span);
  if (span->has_failed)
    write_status (writer, span);
  dou_json_writer_end_object (writer);
}

static void
write_resource (DouJsonWriter *writer, const char *service)
{
  const DouSpanAttribute attributes[] = {
    { "service.name", (char *) service },
    { "service.version", (char *) DOU_VERSION },
    { "host.name", (char *) g_get_host_name () },
    { "process.pid", NULL, getpid () },
  };

  dou_json_writer_name (writer, "resource");
  dou_json_writer_begin_object (writer);
  write_attributes (writer, attributes, G_N_ELEMENTS (attributes));
  dou_json_writer_end_object (writer);
}

/**
 * dou_trace_json_write:
 * @service: what this process is called
 * @spans: (array length=n_spans): spans that have ended
 * @n_spans: how many
 * @length: (out): bytes of the result
 *
 * Returns: (transfer full): an ExportTraceServiceRequest
 */
char *
dou_trace_json_write (const char *service, DouSpan *const *spans, guint n_spans, gsize *length)
{
  g_auto (DouJsonWriter) writer = { NULL };

  dou_json_writer_init (&writer, (n_spans + 1) * SPAN_SIZE);
  dou_json_writer_begin_object (&writer);
  dou_json_writer_name (&writer, "resourceSpans");
  dou_json_writer_begin_array (&writer);
  dou_json_writer_begin_object (&writer);
  write_resource (&writer, service);
  dou_json_writer_name (&writer, "scopeSpans");
  dou_json_writer_begin_array (&writer);
  dou_json_writer_begin_object (&writer);
  dou_json_writer_name (&writer, "scope");
  dou_json_writer_begin_object (&writer);
  write_text (&writer, "name", SCOPE);
  write_text (&writer, "version", DOU_VERSION);
  dou_json_writer_end_object (&writer);
  dou_json_writer_name (&writer, "spans");
  dou_json_writer_begin_array (&writer);
  for (guint i = 0; i < n_spans; i++)
    write_span (&writer, spans[i]);
  dou_json_writer_end_array (&writer);
  dou_json_writer_end_object (&writer);
  dou_json_writer_end_array (&writer);
  dou_json_writer_end_object (&writer);
  dou_json_writer_end_array (&writer);
  dou_json_writer_end_object (&writer);
  return dou_json_writer_steal (&writer, length);
}
