/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "lib/dou-test-http.h"

/* Seconds: publishing under a sanitizer takes its time. */
#define TIMEOUT 60

struct _DouTestHttp
{
  SoupSession *session; /* (owned) */
  char *url;            /* (owned) */
};

/**
 * dou_test_http_new:
 * @url: of the server, without a trailing slash
 * @n_connections: most connections at a time
 *
 * Returns: (transfer full): a client
 */
DouTestHttp *
dou_test_http_new (const char *url, guint n_connections)
{
  DouTestHttp *self = g_new0 (DouTestHttp, 1);

  self->url = g_strdup (url);
  self->session = soup_session_new_with_options ("max-conns", n_connections, "max-conns-per-host",
                                                 n_connections, "timeout", TIMEOUT, NULL);
  return self;
}

void
dou_test_http_free (DouTestHttp *self)
{
  soup_session_abort (self->session);
  g_object_unref (self->session);
  g_free (self->url);
  g_free (self);
}

SoupSession *
dou_test_http_get_session (DouTestHttp *self)
{
  return self->session;
}

static char *
build_url (const char *base, const char *path, va_list parameters)
{
  GString *url = g_string_new (base);
  char separator = '?';
  const char *name;

  g_string_append (url, path);
  while ((name = va_arg (parameters, const char *)) != NULL)
    {
      const char *value = va_arg (parameters, const char *);

      g_string_append_c (url, separator);
      g_string_append (url, name);
      g_string_append_c (url, '=');
      g_string_append_uri_escaped (url, value, NULL, FALSE);
      separator = '&';
    }

  return g_string_free (url, FALSE);
}

/**
 * dou_test_http_build_url:
 * @base: of the server
 * @path: below it
 * @...: names and values of parameters, then %NULL
 *
 * Returns: (transfer full): a URL
 */
char *
dou_test_http_build_url (const char *base, const char *path, ...)
{
  va_list parameters;
  char *url;

  va_start (parameters, path);
  url = build_url (base, path, parameters);
  va_end (parameters);
  return url;
}

/**
 * dou_test_http_parse:
 * @body: of an answer
 *
 * Returns: (transfer full): the object, with the members of the envelope
 */
JsonObject *
dou_test_http_parse (GBytes *body)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;
  JsonObject *object;

  json_parser_load_from_data (parser, g_bytes_get_data (body, NULL),
                              (gssize) g_bytes_get_size (body), &error);
  g_assert_no_error (error);
  object = json_node_dup_object (json_parser_get_root (parser));
  g_assert_cmpint (json_node_get_value_type (json_object_get_member (object, "status_code")), ==,
                   G_TYPE_INT64);
  g_assert_cmpstr (json_object_get_string_member (object, "status_msg"), !=, "");
  return object;
}

static JsonObject *
send_message (DouTestHttp *self, SoupMessage *message, guint http_code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = soup_session_send_and_read (self->session, message, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (message), ==, http_code);
  return dou_test_http_parse (body);
}

/**
 * dou_test_http_call:
 * @self: a client
 * @method: GET or POST
 * @path: of an endpoint
 * @...: names and values of parameters in the query, then %NULL
 *
 * Returns: (transfer full): the answer
 */
JsonObject *
dou_test_http_call (DouTestHttp *self, const char *method, const char *path, ...)
{
  g_autoptr (SoupMessage) message = NULL;
  g_autofree char *url = NULL;
  va_list parameters;

  va_start (parameters, path);
  url = build_url (self->url, path, parameters);
  va_end (parameters);
  message = soup_message_new (method, url);
  return send_message (self, message, SOUP_STATUS_OK);
}

JsonObject *
dou_test_http_call_expecting (DouTestHttp *self, guint http_code, const char *method,
                              const char *path, ...)
{
  g_autoptr (SoupMessage) message = NULL;
  g_autofree char *url = NULL;
  va_list parameters;

  va_start (parameters, path);
  url = build_url (self->url, path, parameters);
  va_end (parameters);
  message = soup_message_new (method, url);
  return send_message (self, message, http_code);
}

/**
 * dou_test_http_make_upload:
 * @base: of the server
 * @token: (nullable): of the author
 * @title: (nullable): of the video
 * @file: (nullable): contents of the file
 *
 * Returns: (transfer full): a message as the app sends it
 */
SoupMessage *
dou_test_http_make_upload (const char *base, const char *token, const char *title, GBytes *file)
{
  SoupMultipart *form = soup_multipart_new (SOUP_FORM_MIME_TYPE_MULTIPART);
  g_autofree char *url = g_strconcat (base, "/douyin/publish/action/", NULL);
  SoupMessage *message;

  if (file != NULL)
    soup_multipart_append_form_file (form, "data", "video.mp4", "video/mp4", file);
  if (token != NULL)
    soup_multipart_append_form_string (form, "token", token);
  if (title != NULL)
    soup_multipart_append_form_string (form, "title", title);

  message = soup_message_new_from_multipart (url, form);
  soup_multipart_free (form);
  return message;
}

/**
 * dou_test_http_send_form:
 * @self: a client
 * @http_code: to assert
 * @path: of an endpoint
 * @form: (transfer full): what to send
 *
 * Returns: (transfer full): the answer
 */
JsonObject *
dou_test_http_send_form (DouTestHttp *self, guint http_code, const char *path, SoupMultipart *form)
{
  g_autofree char *url = g_strconcat (self->url, path, NULL);
  g_autoptr (SoupMessage) message = soup_message_new_from_multipart (url, form);

  soup_multipart_free (form);
  return send_message (self, message, http_code);
}

JsonObject *
dou_test_http_publish (DouTestHttp *self, const char *token, const char *title, GBytes *file)
{
  g_autoptr (SoupMessage) message = dou_test_http_make_upload (self->url, token, title, file);

  return send_message (self, message, SOUP_STATUS_OK);
}

/**
 * dou_test_http_fetch:
 * @self: a client
 * @method: GET or HEAD
 * @url: a whole URL, as answers carry it
 * @range: (nullable): a Range header
 * @expected: the HTTP code to assert
 * @headers: (out) (optional) (transfer full): of the answer
 *
 * Returns: (transfer full): the body
 */
GBytes *
dou_test_http_fetch (DouTestHttp *self, const char *method, const char *url, const char *range,
                     guint expected, SoupMessageHeaders **headers)
{
  g_autoptr (SoupMessage) message = soup_message_new (method, url);
  g_autoptr (GError) error = NULL;
  GBytes *body;

  if (range != NULL)
    soup_message_headers_append (soup_message_get_request_headers (message), "Range", range);
  body = soup_session_send_and_read (self->session, message, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (message), ==, expected);
  if (headers != NULL)
    *headers = soup_message_headers_ref (soup_message_get_response_headers (message));
  return body;
}

gint64
dou_test_http_get_status (JsonObject *answer)
{
  return json_object_get_int_member (answer, "status_code");
}

/**
 * dou_test_http_receive:
 * @session: of a client
 * @result: of a call of soup_session_send_and_read_async()
 *
 * Returns: (transfer full): the answer, which is a success
 */
JsonObject *
dou_test_http_receive (SoupSession *session, GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = soup_session_send_and_read_finish (session, result, &error);
  JsonObject *answer;

  g_assert_no_error (error);
  answer = dou_test_http_parse (body);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  return answer;
}
