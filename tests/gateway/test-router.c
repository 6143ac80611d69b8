/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-router.h"

static void
handler_a (DouRequest *request, gpointer user_data)
{
}

static void
handler_b (DouRequest *request, gpointer user_data)
{
}

static const DouRoute routes[] = {
  { "/", DOU_METHOD_GET, handler_a },
  { "/douyin/feed", DOU_METHOD_GET, handler_a },
  { "/douyin/user", DOU_METHOD_GET, handler_a },
  { "/douyin/user/login", DOU_METHOD_POST, handler_b },
  { "/media/avatar/*", DOU_METHOD_GET | DOU_METHOD_HEAD, handler_a },
  { "/media/*", DOU_METHOD_GET | DOU_METHOD_HEAD, handler_b },
};

static const DouRoute late_route = { "/media/exact", DOU_METHOD_POST, handler_a };

static DouRouter *
make_router (void)
{
  DouRouter *router = dou_router_new ();

  dou_router_add (router, routes, G_N_ELEMENTS (routes), (gpointer) "first");
  dou_router_add (router, &late_route, 1, (gpointer) "second");
  return router;
}

static void
assert_found (const char *method,
              const char *path,
              DouStatus expected,
              const DouRoute *expected_route)
{
  g_autoptr (DouRouter) router = make_router ();
  const DouRoute *route = NULL;
  gpointer user_data = NULL;

  g_test_message ("%s %s", method, path);
  g_assert_cmpint (dou_router_find (router, method, path, &route, &user_data), ==, expected);
  g_assert_true (route == expected_route);
  if (route != NULL)
    g_assert_cmpstr (user_data, ==, route == &late_route ? "second" : "first");
}

/* Test that a path is found only if it is all there, and nothing after it. */
static void
test_not_found (void)
{
  const char *paths[] = { "/douyin",
                          "/douyin/fee",
                          "/douyin/feeds",
                          "/douyin/feed/x",
                          "/Douyin/feed",
                          "/douyin/user/log",
                          "/media",
                          "/medi",
                          "/x",
                          "",
                          "/*",
                          "/media*" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    assert_found ("GET", paths[i], DOU_STATUS_NOT_FOUND, NULL);
}

/* Test that a wrong method is told from a wrong path, and which methods would do. */
static void
test_method (void)
{
  const char *methods[]
      = { "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "GETT", "" };

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    assert_found (methods[i], "/douyin/feed", DOU_STATUS_METHOD_NOT_ALLOWED, &routes[1]);

  assert_found ("GET", "/douyin/user/login", DOU_STATUS_METHOD_NOT_ALLOWED, &routes[3]);
  assert_found ("POST", "/media/video/1", DOU_STATUS_METHOD_NOT_ALLOWED, &routes[5]);
  assert_found ("GET", "/media/exact", DOU_STATUS_METHOD_NOT_ALLOWED, &late_route);
}

/* Test that exact paths come before prefixes, and prefixes in their order. */
static void
test_found (void)
{
  assert_found ("GET", "/", DOU_STATUS_OK, &routes[0]);
  assert_found ("GET", "/douyin/feed", DOU_STATUS_OK, &routes[1]);
  assert_found ("GET", "/douyin/user", DOU_STATUS_OK, &routes[2]);
  assert_found ("POST", "/douyin/user/login", DOU_STATUS_OK, &routes[3]);
  assert_found ("HEAD", "/media/avatar/1.png", DOU_STATUS_OK, &routes[4]);
  assert_found ("GET", "/media/video/1.mp4", DOU_STATUS_OK, &routes[5]);
  assert_found ("GET", "/media/exactly", DOU_STATUS_OK, &routes[5]);
  assert_found ("POST", "/media/exact", DOU_STATUS_OK, &late_route);
}

static void
assert_path (const char *path, const char *expected)
{
  g_autofree char *result = dou_router_normalize_path (path);

  g_assert_cmpstr (result, ==, expected);
}

/* Test that a path which climbs, or cannot be read, is none, in whatever way it is written. */
static void
test_bad_path (void)
{
  const char *paths[] = {
    "",          "a",       "*",           "http://a/",    "/..",     "/../",
    "/a/..",     "/a/../b", "/.",          "/./a",         "/a/./b",  "/a/.",
    "/%2e%2e/a", "/a/%2E.", "/a%2f..%2fb", "/..%2f..%2fa", "/%2e",    "/a/%2e/",
    "/%",        "/%2",     "/%zz",        "/a%2",         "/a%g0",   "/%00",
    "/a%00b",    "/%ff",    "/\xff",       "/%c0%ae",      "/%e4%bd", "//..",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    assert_path (paths[i], NULL);
}

/* Test that slashes collapse, that one at the end is dropped, and that escapes are undone once. */
static void
test_path (void)
{
  assert_path ("/", "/");
  assert_path ("//", "/");
  assert_path ("////", "/");
  assert_path ("/%2f/", "/");
  assert_path ("/douyin/feed", "/douyin/feed");
  assert_path ("/douyin/feed/", "/douyin/feed");
  assert_path ("//douyin///feed//", "/douyin/feed");
  assert_path ("/douyin%2ffeed%2F", "/douyin/feed");
  assert_path ("/%64ouyin/f%65ed", "/douyin/feed");
  assert_path ("/a%252fb", "/a%2fb");
  assert_path ("/a+b", "/a+b");
  assert_path ("/%e4%bd%a0/\xe5\xa5\xbd", "/你/好");
  assert_path ("/.../..a/a../.a", "/.../..a/a../.a");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/router/not-found", test_not_found);
  g_test_add_func ("/gateway/router/method", test_method);
  g_test_add_func ("/gateway/router/found", test_found);
  g_test_add_func ("/gateway/router/bad-path", test_bad_path);
  g_test_add_func ("/gateway/router/path", test_path);

  return g_test_run ();
}
