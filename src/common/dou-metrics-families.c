/* SPDX-License-Identifier: Apache-2.0 */

/* Everything that is measured. A metric of another family is a bug. */

#include "config.h"

#include "common/dou-metrics-page.h"

const DouMetricFamily dou_metric_families[] = {
  { "doutok_http_requests_total", DOU_METRIC_COUNTER,
    "Requests answered, by endpoint, HTTP status and status_code of the answer." },
  { "doutok_http_request_duration_seconds", DOU_METRIC_TIMES,
    "From the head of a request to its answer." },
  { "doutok_http_connections", DOU_METRIC_GAUGE, "Open connections." },
  { "doutok_http_connections_total", DOU_METRIC_COUNTER, "Connections accepted." },
  { "doutok_http_connections_refused_total", DOU_METRIC_COUNTER,
    "Connections turned away because there were too many." },
  { "doutok_websockets", DOU_METRIC_GAUGE, "Open WebSockets." },
  { "doutok_upload_bytes_total", DOU_METRIC_COUNTER, "Bytes of uploads received." },
  { "doutok_bus_calls_total", DOU_METRIC_COUNTER, "Calls over the bus, by method and outcome." },
  { "doutok_bus_call_duration_seconds", DOU_METRIC_TIMES,
    "From the sending of a call over the bus to its reply." },
  { "doutok_bus_batch_items", DOU_METRIC_SIZES, "Items that travelled in one call over the bus." },
  { "doutok_bus_queue_items", DOU_METRIC_GAUGE, "Items that wait for a call over the bus." },
  { "doutok_cache_hits_total", DOU_METRIC_COUNTER, "Look-ups that a cache could answer." },
  { "doutok_cache_misses_total", DOU_METRIC_COUNTER, "Look-ups that a cache could not answer." },
  { "doutok_cache_bytes", DOU_METRIC_GAUGE, "Bytes that a cache holds." },
  { "doutok_database_transactions_total", DOU_METRIC_COUNTER,
    "Transactions of a database, by kind and outcome." },
  { "doutok_database_seconds_total", DOU_METRIC_TIME_COUNTER,
    "Time that a database was worked on, by kind." },
  { "doutok_database_batch_jobs", DOU_METRIC_SIZES, "Jobs that shared one commit." },
  { "doutok_trace_spans_total", DOU_METRIC_COUNTER,
    "Spans of traces, by what became of them: exported, or dropped because the collector did not take them." },
  { "doutok_retention_runs_total", DOU_METRIC_COUNTER,
    "Searches of a database for rows that are kept no longer." },
  { "doutok_retention_removed_rows_total", DOU_METRIC_COUNTER,
    "Rows that were removed because of their age, by what they are about." },
  { "doutok_retention_failures_total", DOU_METRIC_COUNTER,
    "Searches that an error ended, by what the rows are about: they stay for now." },
  { "doutok_transcodes_total", DOU_METRIC_COUNTER, "Videos transcoded, by outcome." },
  { "doutok_media_runs_total", DOU_METRIC_COUNTER, "Runs of ffprobe and ffmpeg, by outcome." },
  { "doutok_media_run_duration_seconds", DOU_METRIC_TIMES, "Runs of ffprobe and ffmpeg." },
  { "doutok_object_requests_total", DOU_METRIC_COUNTER,
    "Requests to the object store, by kind (the method of HTTP) and outcome." },
  { "doutok_object_request_duration_seconds", DOU_METRIC_TIMES,
    "From the first try of a request to the object store to its answer, or to the beginning of one that is "
    "passed on." },
  { "doutok_object_retries_total", DOU_METRIC_COUNTER,
    "Tries of requests that the object store could not answer, which were made again, by kind." },
  { "doutok_object_bytes_total", DOU_METRIC_COUNTER,
    "Bytes of what was sent to the object store, or received from it, by direction." },
};

const guint dou_n_metric_families = G_N_ELEMENTS (dou_metric_families);
