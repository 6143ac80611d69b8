/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>

#include "common/dou-status.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-object-store.h"
#include "lib/dou-test-wait.h"

/* Seconds; a server that hangs must not hold a test. */
#define TIMEOUT 60

/**
 * dou_test_object_store_new:
 *
 * Returns: (transfer full): a store without buckets, which ends with the process that has started it
 */
DouTestObjectStore *
dou_test_object_store_new (void)
{
  DouTestObjectStore *self = g_new0 (DouTestObjectStore, 1);
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "lib", "object-store.py", NULL);
  g_autoptr (GDataInputStream) output = NULL;
  g_autofree char *port = NULL;
  g_autoptr (GError) error = NULL;

  self->dir = dou_test_dir_new ();
  self->server = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                                   &error, "/usr/bin/python3", script, self->dir,
                                   DOU_TEST_ACCESS_KEY, DOU_TEST_SECRET_KEY, NULL);
  g_assert_no_error (error);

  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->server));
  port = g_data_input_stream_read_line (output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (port);
  self->host = g_strconcat ("127.0.0.1:", port, NULL);
  return self;
}

/* Ends it in order. */
void
dou_test_object_store_free (DouTestObjectStore *self)
{
  g_autoptr (GError) error = NULL;

  dou_test_object_store_go_on (self);
  g_output_stream_close (g_subprocess_get_stdin_pipe (self->server), NULL, &error);
  g_assert_no_error (error);
  g_subprocess_wait_check (self->server, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (self->server);
  dou_test_dir_remove (self->dir);
  g_free (self->host);
  g_free (self);
}

/* It answers nobody any more, and takes connections even so. */
void
dou_test_object_store_hang (DouTestObjectStore *self)
{
  g_subprocess_send_signal (self->server, SIGSTOP);
}

void
dou_test_object_store_go_on (DouTestObjectStore *self)
{
  g_subprocess_send_signal (self->server, SIGCONT);
}

/**
 * dou_test_object_store_get_address:
 * @self: a store
 * @bucket: a name
 *
 * Returns: (transfer full): the address of a bucket, with the right keys
 */
DouObjectAddress *
dou_test_object_store_get_address (DouTestObjectStore *self, const char *bucket)
{
  DouObjectAddress *address = g_new0 (DouObjectAddress, 1);

  address->scheme = g_strdup ("http");
  address->host = g_strdup (self->host);
  address->path = g_strdup_printf ("/%s/", bucket);
  address->region = g_strdup ("us-east-1");
  address->access_key = g_strdup (DOU_TEST_ACCESS_KEY);
  address->secret_key = g_strdup (DOU_TEST_SECRET_KEY);
  address->redirects = TRUE;
  return address;
}

/* Sends a request about the bucket itself, if @key is empty, or an object in it; returns what is answered. */
static GBytes *
ask (DouTestObjectStore *self, const char *bucket, const char *method, const char *key,
     const char *parameter)
{
  const DouObjectLimits limits = { TIMEOUT, 1, 1 };
  g_autoptr (DouObjectAddress) address = dou_test_object_store_get_address (self, bucket);
  g_autoptr (DouObjectClient) client = dou_object_client_new (address, &limits);
  DouObjectRequest *request = dou_object_request_new (method, key);
  g_autoptr (DouObjectAnswer) answer = NULL;
  GAsyncResult *pending = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (parameter != NULL)
    dou_object_request_add_parameter (request, parameter, "");
  dou_object_client_send_async (client, request, NULL, dou_test_wait_result_cb, &pending);
  result = dou_test_wait_result (&pending);
  answer = dou_object_client_send_finish (client, result, &error);
  g_assert_no_error (error);

  return g_bytes_ref (answer->body);
}

void
dou_test_object_store_make_bucket (DouTestObjectStore *self, const char *bucket)
{
  g_autoptr (GBytes) answer = ask (self, bucket, SOUP_METHOD_PUT, "", NULL);

  g_assert_nonnull (answer);
}

/**
 * dou_test_object_store_list:
 * @self: a store
 * @bucket: one that exists
 * @query: (nullable): `uploads` for what is under way; %NULL for objects
 *
 * Returns: (transfer full): what there is, in XML
 */
char *
dou_test_object_store_list (DouTestObjectStore *self, const char *bucket, const char *query)
{
  g_autoptr (GBytes) answer = ask (self, bucket, SOUP_METHOD_GET, "", query);

  return g_strdup (g_bytes_get_data (answer, NULL));
}

/**
 * dou_test_object_store_get:
 * @self: a store
 * @bucket: one that exists
 * @key: of an object
 *
 * Returns: (transfer full): what is in it
 */
GBytes *
dou_test_object_store_get (DouTestObjectStore *self, const char *bucket, const char *key)
{
  return ask (self, bucket, SOUP_METHOD_GET, key, NULL);
}

/**
 * dou_test_object_store_remove:
 * @self: a store
 * @bucket: one that exists
 * @key: of an object
 */
void
dou_test_object_store_remove (DouTestObjectStore *self, const char *bucket, const char *key)
{
  g_autoptr (GBytes) answer = ask (self, bucket, SOUP_METHOD_DELETE, key, NULL);
}
