/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-origin.h"

/* A header may be NULL. */
typedef struct
{
  const char *peer;
  const char *host;
  const char *forwarded_host;
  const char *forwarded_proto;
  const char *forwarded_for;
} Request;

static DouOrigin *
make_origin (const char *public_url, const char *proxies)
{
  g_autoptr (DouConfig) config = dou_config_new ();
  g_autoptr (GError) error = NULL;
  DouOrigin *origin;

  g_assert_true (dou_config_set (config, DOU_CONFIG_PUBLIC_URL, public_url, NULL));
  g_assert_true (dou_config_set (config, DOU_CONFIG_TRUSTED_PROXIES, proxies, NULL));
  origin = dou_origin_new (config, &error);
  g_assert_no_error (error);
  return origin;
}

static void
append (SoupMessageHeaders *headers, const char *name, const char *value)
{
  if (value != NULL)
    soup_message_headers_append (headers, name, value);
}

static SoupMessageHeaders *
make_headers (const Request *request)
{
  SoupMessageHeaders *headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);

  append (headers, "Host", request->host);
  append (headers, "X-Forwarded-Host", request->forwarded_host);
  append (headers, "X-Forwarded-Proto", request->forwarded_proto);
  append (headers, "X-Forwarded-For", request->forwarded_for);
  return headers;
}

static void
assert_url (DouOrigin *origin, const Request request, const char *expected)
{
  g_autoptr (SoupMessageHeaders) headers = make_headers (&request);
  g_autoptr (GSocketAddress) peer = g_inet_socket_address_new_from_string (request.peer, 40000);
  g_autofree char *url = dou_origin_get_url (origin, headers, peer, FALSE);

  g_assert_cmpstr (url, ==, expected);
}

static void
assert_client (DouOrigin *origin, const Request request, const char *expected)
{
  g_autoptr (SoupMessageHeaders) headers = make_headers (&request);
  g_autoptr (GSocketAddress) peer = g_inet_socket_address_new_from_string (request.peer, 40000);
  g_autoptr (GInetAddress) client = dou_origin_get_client (origin, headers, peer);
  g_autofree char *text = g_inet_address_to_string (client);

  g_assert_cmpstr (text, ==, expected);
}

/* Test that nothing but a host and a port gets into a link. */
static void
test_bad_host (void)
{
  g_autoptr (DouOrigin) origin = make_origin ("", "");
  g_autofree char *long_host = g_strnfill (256, 'a');
  const char *bad[] = {
    NULL,     "",       "a b",    "a/b",  "a?b",      "a#b",  "a@b",  "a\"b",
    "<a>",    "a:",     "a:b",    "a:1b", "a:123456", ":80",  "[::1", "[]",
    "[::1]x", "[::1]:", "[g::1]", "a,b",  "a;b",      "a%41", "你好", "javascript:alert(1)",
    "::1",    "[a.b/]", "a\\b",   "a'b",  long_host,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("%s", bad[i]);
      assert_url (origin, (Request){ "192.0.2.1", bad[i] }, NULL);
    }
}

/* Test that headers of a proxy count only if the proxy is trusted. */
static void
test_untrusted (void)
{
  g_autoptr (DouOrigin) none = make_origin ("", "");
  g_autoptr (DouOrigin) other = make_origin ("", "10.0.0.0/8; 2001:db8::/32");
  const Request request = { "192.0.2.1", "a:8080", "evil", "https", "198.51.100.1" };
  const Request over_6 = { "2001:db9::1", "a:8080", "evil", "https", "198.51.100.1" };

  assert_url (none, request, "http://a:8080");
  assert_client (none, request, "192.0.2.1");
  assert_url (other, request, "http://a:8080");
  assert_client (other, request, "192.0.2.1");
  assert_url (other, over_6, "http://a:8080");
  assert_client (other, over_6, "2001:db9::1");
}

/* Test what a request by itself says. */
static void
test_host (void)
{
  g_autoptr (DouOrigin) origin = make_origin ("", "");
  const char *good[] = { "a",     "a.example.org", "192.168.1.2:8080",        "[2001:db8::1]:80",
                         "[::1]", "a-b_c.d:1",     "[::ffff:192.0.2.1]:65535" };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *expected = g_strconcat ("http://", good[i], NULL);

      assert_url (origin, (Request){ "192.0.2.1", good[i] }, expected);
    }
}

/* Test that a configured address is the last word. */
static void
test_public_url (void)
{
  g_autoptr (DouOrigin) plain = make_origin ("https://video.example.org", "192.0.2.1");
  g_autoptr (DouOrigin) slashes = make_origin ("http://example.org:81/video//", "");
  const Request request = { "192.0.2.1", "a", "b", "http", NULL };

  assert_url (plain, request, "https://video.example.org");
  assert_url (slashes, request, "http://example.org:81/video");
}

/* Test that a trusted proxy speaks for its client, as far as it makes sense. */
static void
test_trusted (void)
{
  g_autoptr (DouOrigin) origin = make_origin ("", "10.0.0.0/8; 2001:db8::/32");

  assert_url (origin, (Request){ "10.1.2.3", "a", "b:81", "https" }, "https://b:81");
  assert_url (origin, (Request){ "2001:db8::9", "a", "b", "HTTPS" }, "https://b");
  assert_url (origin, (Request){ "::ffff:10.1.2.3", "a", "b", "http" }, "http://b");
  assert_url (origin, (Request){ "10.1.2.3", "a", " b , c", "https, http" }, "https://b");
  assert_url (origin, (Request){ "10.1.2.3", "a", "b/c", "gopher" }, "http://a");
  assert_url (origin, (Request){ "10.1.2.3", "a", NULL, NULL }, "http://a");
  assert_url (origin, (Request){ "10.1.2.3", NULL, "b", NULL }, "http://b");
  assert_url (origin, (Request){ "10.1.2.3", NULL, "", NULL }, NULL);
}

/* Test that the client is the last one that somebody trusted has seen. */
static void
test_client (void)
{
  g_autoptr (DouOrigin) origin = make_origin ("", "10.0.0.0/8; 2001:db8::/32");
  const struct
  {
    const char *peer;
    const char *forwarded_for;
    const char *expected;
  } cases[] = {
    { "10.0.0.1", NULL, "10.0.0.1" },
    { "10.0.0.1", "", "10.0.0.1" },
    { "10.0.0.1", "nonsense", "10.0.0.1" },
    { "10.0.0.1", "198.51.100.1", "198.51.100.1" },
    { "10.0.0.1", "203.0.113.1, 198.51.100.1", "198.51.100.1" },
    { "10.0.0.1", "203.0.113.1, 10.9.9.9", "203.0.113.1" },
    { "10.0.0.1", "203.0.113.1 ,2001:db8::1,10.9.9.9 ", "203.0.113.1" },
    { "10.0.0.1", "nonsense, 10.9.9.9", "10.9.9.9" },
    { "10.0.0.1", "10.2.2.2,10.9.9.9", "10.2.2.2" },
    { "10.0.0.1", "198.51.100.1:1234", "198.51.100.1" },
    { "10.0.0.1", "[2001:db9::7]:1234", "2001:db9::7" },
    { "10.0.0.1", "2001:db9::7", "2001:db9::7" },
    { "10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1" },
    { "::ffff:192.0.2.1", "198.51.100.1", "192.0.2.1" },
    { "2001:db8::2", "198.51.100.1", "198.51.100.1" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_client (origin, (Request){ cases[i].peer, "a", NULL, NULL, cases[i].forwarded_for },
                   cases[i].expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/origin/bad-host", test_bad_host);
  g_test_add_func ("/gateway/origin/untrusted", test_untrusted);
  g_test_add_func ("/gateway/origin/host", test_host);
  g_test_add_func ("/gateway/origin/public-url", test_public_url);
  g_test_add_func ("/gateway/origin/trusted", test_trusted);
  g_test_add_func ("/gateway/origin/client", test_client);

  return g_test_run ();
}
