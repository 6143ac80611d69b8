/* SPDX-License-Identifier: Apache-2.0 */

/* The span of a request, the first one of its trace that is made here. It says no more than a line of the
 * access log, and for the same reasons: neither the query nor anything that a client made up, but for
 * the ids by which the request is found. Names are those of OpenTelemetry's semantic conventions. */

#include "config.h"

#include "gateway/dou-request-span.h"

#define FIRST_SERVER_ERROR 500

/**
 * dou_request_span_begin:
 * @headers: of a request
 *
 * Returns: (transfer full) (nullable): its span, if it is to be seen
 */
DouSpan *
dou_request_span_begin (SoupMessageHeaders *headers)
{
  if (!dou_trace_is_on ())
    return NULL;

  /* As a list: several are none. */
  return dou_trace_begin_request (soup_message_headers_get_list (headers, DOU_TRACE_PARENT), NULL);
}

/**
 * dou_request_span_end:
 * @span: (transfer full): of a request
 * @access: what became of it
 */
void
dou_request_span_end (DouSpan *span, const DouAccess *access)
{
  const char *method = dou_access_get_method (access);

  dou_span_take_name (span, g_strconcat (method, access->route != NULL ? " " : NULL, access->route,
                                         NULL));
  dou_span_add_text (span, "http.request.method", method);
  dou_span_add_text (span, "http.route", access->route);
  dou_span_add_text (span, "doutok.request_id", access->request_id);
  if (access->http_code != 0)
    dou_span_add_number (span, "http.response.status_code", access->http_code);
  else
    dou_span_fail (span, "the client is gone");
  if (access->status_code >= 0)
    dou_span_add_number (span, "doutok.status_code", access->status_code);
  if (access->http_code >= FIRST_SERVER_ERROR)
    dou_span_fail (span, NULL);
  dou_trace_end (span);
}
