/* SPDX-License-Identifier: Apache-2.0 */

/* The private bus as an operator sees it, with busctl(1). */

#include "config.h"

#include "lib/dou-test-http.h"
#include "lib/dou-test-daemon.h"
#include "lib/dou-test-engine.h"

typedef struct
{
  DouTestDaemon *server; /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_daemon_new (NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_daemon_free (fixture->server);
}

/* Runs busctl on the bus of the server; the rest of the arguments ends in %NULL. */
static char *
busctl (Fixture *fixture, gboolean expected, ...)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *address = g_strdup_printf (
      "--address=unix:path=%s/bus", dou_test_daemon_get_runtime_dir (fixture->server));
  char *output = NULL;
  const char *argument;
  va_list rest;

  g_ptr_array_add (arguments, (gpointer) "busctl");
  g_ptr_array_add (arguments, address);
  g_ptr_array_add (arguments, (gpointer) "--no-pager");
  va_start (rest, expected);
  while ((argument = va_arg (rest, const char *)) != NULL)
    g_ptr_array_add (arguments, (gpointer) argument);
  va_end (rest);
  g_ptr_array_add (arguments, NULL);

  process = g_subprocess_newv ((const char *const *) arguments->pdata,
                               G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE,
                               &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("%s", output);
  g_assert_cmpint (g_subprocess_get_successful (process), ==, expected);
  return output;
}

static void
assert_contains (const char *text, const char *const *parts)
{
  for (; *parts != NULL; parts++)
    if (strstr (text, *parts) == NULL)
      g_error ("“%s” is not in: %s", *parts, text);
}

/* Test that nobody can take a name outside org.doutok on this bus. */
static void
test_foreign_name (Fixture *fixture, gconstpointer data)
{
  g_autofree char *output
      = busctl (fixture, FALSE, "call", "org.freedesktop.DBus", "/org/freedesktop/DBus",
                "org.freedesktop.DBus", "RequestName", "su", "org.example.Foreign", "0", NULL);

  g_assert_nonnull (strstr (output, "denied"));
}

/* Test that both services are listed, and each has its object. */
static void
test_list_and_tree (Fixture *fixture, gconstpointer data)
{
  g_autofree char *list = busctl (fixture, TRUE, "list", NULL);
  g_autofree char *user = busctl (fixture, TRUE, "tree", "org.doutok.User", NULL);
  g_autofree char *video = busctl (fixture, TRUE, "tree", "org.doutok.Video", NULL);

  assert_contains (list, (const char *const[]){ "org.doutok.User", "org.doutok.Video", NULL });
  g_assert_nonnull (strstr (user, "/org/doutok/User"));
  g_assert_nonnull (strstr (video, "/org/doutok/Video"));
}

/* Test that introspection shows the methods with their types, the properties and the signals. */
static void
test_introspect (Fixture *fixture, gconstpointer data)
{
  g_autofree char *user
      = busctl (fixture, TRUE, "introspect", "org.doutok.User", "/org/doutok/User", NULL);
  g_autofree char *video
      = busctl (fixture, TRUE, "introspect", "org.doutok.Video", "/org/doutok/Video", NULL);

  assert_contains (user, (const char *const[]){ "org.doutok.User1", ".Register", "a(xss)", ".Login",
                                                ".GetUsers", "a(ixssss)", ".Changed", ".Version",
                                                ".Engine",
                                                dou_test_engine_get_title (), ".SchemaVersion", ".StartTime",
                                                ".UserCount", "org.doutok.User1.Admin", ".SetBans",
                                                "a(xbs)", ".ResetPasswords", ".GetAudit", NULL });
  assert_contains (video, (const char *const[]){ "org.doutok.Video1", ".Publish", "a(xxsh)",
                                                 ".GetFeed", ".GetWorks", ".GetVideos",
                                                 ".GetWorkCounts", ".Changed", ".WorkCountsChanged",
                                                 ".VideoCount", ".PendingTranscodes", ".FailedTranscodes",
                                                 "org.doutok.Video1.Admin", ".SetHidden", ".RemoveVideos",
                                                 ".ListVideos", ".ListFailed", ".RetryTranscodes", NULL });
}

/* Test that a user made over HTTP is found by a call over the bus, and counted. */
static void
test_call (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestHttp) http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
  g_autoptr (JsonObject) answer = dou_test_http_call (http, "POST", "/douyin/user/register/",
                                                      "username", "alice", "password", "p", NULL);
  g_autofree char *id
      = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (answer, "user_id"));
  g_autofree char *users = busctl (fixture, TRUE, "call", "org.doutok.User", "/org/doutok/User",
                                   "org.doutok.User1", "GetUsers", "ax", "2", id, "5", NULL);
  g_autofree char *count = busctl (fixture, TRUE, "get-property", "org.doutok.User",
                                   "/org/doutok/User", "org.doutok.User1", "UserCount", NULL);
  g_autofree char *expected
      = g_strdup_printf ("a(ixssss) 2 0 %s \"alice\" \"\" \"\" \"\" 14 5 \"\"", id);

  g_assert_nonnull (strstr (users, expected));
  g_assert_cmpstr (g_strchomp (count), ==, "x 1");
}

static guint64
get_number (Fixture *fixture, const char *property)
{
  g_autofree char *text = busctl (fixture, TRUE, "get-property", "org.doutok.User", "/org/doutok/User",
                                  "org.doutok.User1", property, NULL);

  g_assert_true (g_str_has_prefix (text, "t "));
  return g_ascii_strtoull (text + strlen ("t "), NULL, 10);
}

/* Test that a service says how much it remembers, and how often that was good for something. */
static void
test_cache (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouTestHttp) http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
  g_autoptr (JsonObject) answer = dou_test_http_call (http, "POST", "/douyin/user/register/",
                                                      "username", "alice", "password", "p", NULL);
  g_autofree char *id
      = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (answer, "user_id"));
  g_autofree char *first = busctl (fixture, TRUE, "call", "org.doutok.User", "/org/doutok/User",
                                   "org.doutok.User1", "GetUsers", "ax", "2", id, "5", NULL);
  guint64 hits = get_number (fixture, "CacheHits");
  guint64 misses = get_number (fixture, "CacheMisses");
  g_autofree char *second = busctl (fixture, TRUE, "call", "org.doutok.User", "/org/doutok/User",
                                    "org.doutok.User1", "GetUsers", "ax", "2", id, "5", NULL);

  g_assert_cmpstr (first, ==, second);
  g_assert_cmpuint (get_number (fixture, "CacheHits"), ==, hits + 1);
  g_assert_cmpuint (get_number (fixture, "CacheMisses"), ==, misses + 1);
  g_assert_cmpuint (get_number (fixture, "CacheBytes"), >, strlen ("alice"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/integration/busctl/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("foreign-name", test_foreign_name);
  ADD ("list-and-tree", test_list_and_tree);
  ADD ("introspect", test_introspect);
  ADD ("call", test_call);
  ADD ("cache", test_cache);
#undef ADD

  return g_test_run ();
}
