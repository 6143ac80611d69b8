/* SPDX-License-Identifier: Apache-2.0 */

/* Signed requests against a server that verifies each signature: what this project holds to be right and
 * what a store holds to be right must be the same. */

#include "config.h"

#include <string.h>

#include <libsoup/soup.h>

#include "common/dou-s3-signer.h"
#include "lib/dou-test-object-store.h"

#define BUCKET "/" BUCKET_NAME
#define BUCKET_NAME "doutok"

/* A name with all that is easily escaped in two ways. */
#define OBJECT BUCKET "/video/a b+c=é~(1).mp4"
#define CONTENT "0123456789"

/* Seconds; a server that hangs must not hold the test. */
#define TIMEOUT 30

typedef struct
{
  const char *host;     /* (unowned): with the port */
  SoupSession *session; /* (owned) */
  DouS3Signer *signer;  /* (owned) */
} Fixture;

/* Shared: it takes seconds to start. */
static DouTestObjectStore *server;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->host = server->host;
  fixture->session = soup_session_new_with_options ("timeout", TIMEOUT, NULL);
  fixture->signer = dou_s3_signer_new ("us-east-1", DOU_TEST_ACCESS_KEY, DOU_TEST_SECRET_KEY);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_s3_signer_free (fixture->signer);
  g_object_unref (fixture->session);
}

static SoupMessage *
new_message (Fixture *fixture, const char *method, const char *target)
{
  g_autofree char *uri = g_strconcat ("http://", fixture->host, target, NULL);
  SoupMessage *message = soup_message_new (method, uri);

  g_assert_nonnull (message);

  return message;
}

/* Sends @message; returns the body, whose end is a zero. */
static char *
send_message (Fixture *fixture, SoupMessage *message)
{
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GError) error = NULL;

  body = soup_session_send_and_read (fixture->session, message, NULL, &error);
  g_assert_no_error (error);

  return g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
}

/* Signs a request and sends it; returns the body, and its status in @status. */
static char *
request (Fixture *fixture, DouS3Signer *signer, const char *method, const char *path,
         GHashTable *query, const char *range, const char *content, guint *status)
{
  g_autoptr (GHashTable) headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, content, -1);
  g_autofree char *target = dou_s3_signer_target (path, query);
  g_autoptr (SoupMessage) message = new_message (fixture, method, target);
  g_autoptr (GBytes) body = g_bytes_new (content, strlen (content));
  g_autofree char *answer = NULL;
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_insert (headers, g_strdup ("host"), g_strdup (fixture->host));
  if (range != NULL)
    g_hash_table_insert (headers, g_strdup ("range"), g_strdup (range));
  dou_s3_signer_sign (signer, method, path, query, headers, hash, now);

  g_hash_table_iter_init (&iter, headers);
  while (g_hash_table_iter_next (&iter, &name, &value))
    soup_message_headers_replace (soup_message_get_request_headers (message), name, value);
  soup_message_set_request_body_from_bytes (message, NULL, body);

  answer = send_message (fixture, message);
  *status = soup_message_get_status (message);

  return g_steal_pointer (&answer);
}

static void
put_object (Fixture *fixture)
{
  g_autofree char *object = NULL;
  guint status;

  object = request (fixture, fixture->signer, "PUT", OBJECT, NULL, NULL, CONTENT, &status);
  g_assert_cmpuint (status, ==, SOUP_STATUS_OK);
}

/* Test that what was signed with another secret is refused, and changes nothing. */
static void
test_wrong_secret (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouS3Signer) wrong = dou_s3_signer_new ("us-east-1", DOU_TEST_ACCESS_KEY, "another secret");
  g_autofree char *written = NULL;
  g_autofree char *removed = NULL;
  g_autofree char *kept = NULL;
  guint status;

  put_object (fixture);

  written = request (fixture, wrong, "PUT", OBJECT, NULL, NULL, "other", &status);
  g_assert_cmpuint (status, ==, SOUP_STATUS_FORBIDDEN);
  g_assert_nonnull (strstr (written, "<Code>SignatureDoesNotMatch</Code>"));
  removed = request (fixture, wrong, "DELETE", OBJECT, NULL, NULL, "", &status);
  g_assert_cmpuint (status, ==, SOUP_STATUS_FORBIDDEN);

  kept = request (fixture, fixture->signer, "GET", OBJECT, NULL, NULL, "", &status);
  g_assert_cmpuint (status, ==, SOUP_STATUS_OK);
  g_assert_cmpstr (kept, ==, CONTENT);
}

/* Test that a range is read, a list is made and an object is removed by signed requests. */
static void
test_signed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) query = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *part = NULL;
  g_autofree char *list = NULL;
  g_autofree char *removed = NULL;
  g_autofree char *gone = NULL;
  guint status;

  put_object (fixture);

  part = request (fixture, fixture->signer, "GET", OBJECT, NULL, "bytes=3-5", "", &status);
  g_assert_cmpuint (status, ==, SOUP_STATUS_PARTIAL_CONTENT);
  g_assert_cmpstr (part, ==, "345");

  g_hash_table_insert (query, "list-type", "2");
  g_hash_table_insert (query, "prefix", "video/a b+c");
  list = request (fixture, fixture->signer, "GET", BUCKET, query, NULL, "", &status);
  g_assert_cmpuint (status, ==, SOUP_STATUS_OK);
  g_assert_nonnull (strstr (list, "<Key>video/a b+c=é~(1).mp4</Key>"));

  removed = request (fixture, fixture->signer, "DELETE", OBJECT, NULL, NULL, "", &status);
  g_assert_cmpuint (status, ==, SOUP_STATUS_NO_CONTENT);
  gone = request (fixture, fixture->signer, "GET", OBJECT, NULL, NULL, "", &status);
  g_assert_cmpuint (status, ==, SOUP_STATUS_NOT_FOUND);
}

/* Asks by a signed address that was good for a minute from @since; returns the status. */
static guint
request_presigned (Fixture *fixture, DouS3Signer *signer, GDateTime *since, const char *range,
                   char **body)
{
  g_autofree char *target
    = dou_s3_signer_presign (signer, "GET", fixture->host, OBJECT, 60, since);
  g_autoptr (SoupMessage) message = new_message (fixture, "GET", target);

  if (range != NULL)
    soup_message_headers_append (soup_message_get_request_headers (message), "Range", range);
  *body = send_message (fixture, message);

  return soup_message_get_status (message);
}

/* Test that a signed address gives a stranger the range that he likes, until it has expired. */
static void
test_presigned (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouS3Signer) wrong = dou_s3_signer_new ("us-east-1", DOU_TEST_ACCESS_KEY, "another secret");
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) earlier = g_date_time_add_minutes (now, -10);
  g_autofree char *expired = NULL;
  g_autofree char *refused = NULL;
  g_autofree char *part = NULL;

  put_object (fixture);

  g_assert_cmpuint (request_presigned (fixture, fixture->signer, earlier, NULL, &expired), ==,
                    SOUP_STATUS_FORBIDDEN);
  g_assert_cmpuint (request_presigned (fixture, wrong, now, NULL, &refused), ==,
                    SOUP_STATUS_FORBIDDEN);
  g_assert_cmpuint (request_presigned (fixture, fixture->signer, now, "bytes=3-5", &part), ==,
                    SOUP_STATUS_PARTIAL_CONTENT);
  g_assert_cmpstr (part, ==, "345");
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);

  server = dou_test_object_store_new ();
  dou_test_object_store_make_bucket (server, BUCKET_NAME);

  g_test_add ("/common/s3-server/wrong-secret", Fixture, NULL, set_up, test_wrong_secret, tear_down);
  g_test_add ("/common/s3-server/signed", Fixture, NULL, set_up, test_signed, tear_down);
  g_test_add ("/common/s3-server/presigned", Fixture, NULL, set_up, test_presigned, tear_down);

  status = g_test_run ();
  dou_test_object_store_free (server);

  return status;
}
