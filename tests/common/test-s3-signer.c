/* SPDX-License-Identifier: Apache-2.0 */

/* The keys, requests and signatures are the examples that AWS has published for S3:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 * The keys open nothing. */

#include "config.h"

#include "common/dou-s3-signer.h"

#define HOST "examplebucket.s3.amazonaws.com"
#define ACCESS_KEY "AKIAIOSFODNN7EXAMPLE"
#define SECRET_KEY "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define CREDENTIAL "AWS4-HMAC-SHA256 Credential=" ACCESS_KEY "/20130524/us-east-1/s3/aws4_request,"

typedef struct
{
  DouS3Signer *signer; /* (owned) */
  GHashTable *query;   /* (owned) (element-type utf8 utf8) */
  GHashTable *headers; /* (owned) (element-type utf8 utf8) */
  GDateTime *when;     /* (owned) */
} Fixture;

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
set (GHashTable *table, const char *name, const char *value)
{
  g_hash_table_insert (table, g_strdup (name), g_strdup (value));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->signer = dou_s3_signer_new ("us-east-1", ACCESS_KEY, SECRET_KEY);
  fixture->query = new_table ();
  fixture->headers = new_table ();
  fixture->when = g_date_time_new_utc (2013, 5, 24, 0, 0, 0);
  set (fixture->headers, "host", HOST);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_date_time_unref (fixture->when);
  g_hash_table_unref (fixture->headers);
  g_hash_table_unref (fixture->query);
  dou_s3_signer_free (fixture->signer);
}

static const char *
sign (Fixture *fixture, const char *method, const char *path, const char *body)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, body, -1);

  dou_s3_signer_sign (fixture->signer, method, path, fixture->query, fixture->headers, hash,
                      fixture->when);

  return g_hash_table_lookup (fixture->headers, "authorization");
}

/* Test AWS's example "GET Object", with a range. */
static void
test_get (Fixture *fixture, gconstpointer data)
{
  set (fixture->headers, "range", "bytes=0-9");

  g_assert_cmpstr (sign (fixture, "GET", "/test.txt", ""), ==,
                   CREDENTIAL
                   "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature="
                   "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  g_assert_cmpstr (g_hash_table_lookup (fixture->headers, "x-amz-date"), ==, "20130524T000000Z");
}

/* Test AWS's example "PUT Object", whose key has a character to escape. */
static void
test_put (Fixture *fixture, gconstpointer data)
{
  set (fixture->headers, "date", "Fri, 24 May 2013 00:00:00 GMT");
  set (fixture->headers, "x-amz-storage-class", "REDUCED_REDUNDANCY");

  g_assert_cmpstr (sign (fixture, "PUT", "/test$file.text", "Welcome to Amazon S3."), ==,
                   CREDENTIAL "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;"
                              "x-amz-storage-class,Signature="
                              "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

/* Test AWS's example "GET Bucket Lifecycle": a parameter without a value. */
static void
test_bare_parameter (Fixture *fixture, gconstpointer data)
{
  set (fixture->query, "lifecycle", "");

  g_assert_true (g_str_has_suffix (
    sign (fixture, "GET", "/", ""),
    "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

/* Test AWS's example "Get Bucket (List Objects)": several parameters. */
static void
test_parameters (Fixture *fixture, gconstpointer data)
{
  set (fixture->query, "prefix", "J");
  set (fixture->query, "max-keys", "2");

  g_assert_true (g_str_has_suffix (
    sign (fixture, "GET", "/", ""),
    "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

/* Test AWS's example of an address that is good for a day. */
static void
test_presigned (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target
    = dou_s3_signer_presign (fixture->signer, "GET", HOST, "/test.txt", 86400, fixture->when);

  g_assert_cmpstr (target, ==,
                   "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" ACCESS_KEY
                   "%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
                   "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
                   "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

/* Test that a request that is tried again is signed as if it were the first try. */
static void
test_again (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = g_strdup (sign (fixture, "GET", "/test.txt", ""));

  g_assert_cmpstr (sign (fixture, "GET", "/test.txt", ""), ==, first);
}

/* Test that a time is signed as UTC, in whichever zone it was taken. */
static void
test_zone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_offset (8 * 60 * 60);
  g_autofree char *utc = g_strdup (sign (fixture, "GET", "/test.txt", ""));
  GDateTime *local = g_date_time_to_timezone (fixture->when, zone);

  g_date_time_unref (fixture->when);
  fixture->when = local;

  g_assert_cmpstr (sign (fixture, "GET", "/test.txt", ""), ==, utc);
}

/* Test that whatever is asked for is part of the signature. */
static void
test_difference (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouS3Signer) other = dou_s3_signer_new ("us-east-1", ACCESS_KEY, "another secret");
  g_autofree char *one
    = dou_s3_signer_presign (fixture->signer, "GET", HOST, "/1", 60, fixture->when);
  g_autofree char *secret = dou_s3_signer_presign (other, "GET", HOST, "/1", 60, fixture->when);
  g_autofree char *method
    = dou_s3_signer_presign (fixture->signer, "PUT", HOST, "/1", 60, fixture->when);
  g_autofree char *host
    = dou_s3_signer_presign (fixture->signer, "GET", HOST ":9000", "/1", 60, fixture->when);

  g_assert_cmpstr (one, !=, secret);
  g_assert_cmpstr (one, !=, method);
  g_assert_cmpstr (one, !=, host);
}

/* Test that a header's value is signed as what it means, whichever blanks surround it. */
static void
test_blanks (Fixture *fixture, gconstpointer data)
{
  g_autofree char *plain = NULL;

  set (fixture->headers, "x-amz-meta-name", "two words");
  plain = g_strdup (sign (fixture, "PUT", "/1", ""));
  set (fixture->headers, "x-amz-meta-name", "  two   words ");

  g_assert_cmpstr (sign (fixture, "PUT", "/1", ""), ==, plain);
}

/* Test that names stand in the order of their bytes, and that slashes stay in paths alone. */
static void
test_target (Fixture *fixture, gconstpointer data)
{
  g_autofree char *bare = dou_s3_signer_target ("/a//../b c+é~", NULL);
  g_autofree char *full = NULL;

  set (fixture->query, "a", "2");
  set (fixture->query, "a-b", "x/y z");
  set (fixture->query, "B", "1&=");
  full = dou_s3_signer_target ("/", fixture->query);

  g_assert_cmpstr (bare, ==, "/a//../b%20c%2B%C3%A9~");
  g_assert_cmpstr (full, ==, "/?B=1%26%3D&a=2&a-b=x%2Fy%20z");
}

static void
add (const char *name, void (*test) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/common/s3-signer/", name, NULL);

  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("get", test_get);
  add ("put", test_put);
  add ("bare-parameter", test_bare_parameter);
  add ("parameters", test_parameters);
  add ("presigned", test_presigned);
  add ("again", test_again);
  add ("zone", test_zone);
  add ("difference", test_difference);
  add ("blanks", test_blanks);
  add ("target", test_target);

  return g_test_run ();
}
