/* SPDX-License-Identifier: Apache-2.0 */

/* The list of friends: in the order of the conversations, also page by page. */

#include "config.h"

#include "lib/dou-test-daemon.h"
#include "lib/dou-test-http.h"

#define N_FRIENDS 7

typedef struct
{
  char *id;    /* (owned) */
  char *name;  /* (owned) */
  char *token; /* (owned) */
} User;

typedef struct
{
  DouTestDaemon *server; /* (owned) */
  DouTestHttp *http;     /* (owned) */
  User ann;
  User friends[N_FRIENDS];
} Fixture;

static void
user_register (User *user, Fixture *fixture, const char *name)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "POST", "/douyin/user/register/", "username", name, "password", "p", NULL);

  user->id
      = g_strdup_printf ("%" G_GINT64_FORMAT, json_object_get_int_member (answer, "user_id"));
  user->name = g_strdup (name);
  user->token = g_strdup (json_object_get_string_member (answer, "token"));
}

static void
user_clear (User *user)
{
  g_free (user->id);
  g_free (user->name);
  g_free (user->token);
}

static void
follow (Fixture *fixture, User *user, User *other)
{
  g_autoptr (JsonObject) answer
      = dou_test_http_call (fixture->http, "POST", "/douyin/relation/action/", "token",
                            user->token, "to_user_id", other->id, "action_type", "1", NULL);

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
}

static gint64
write_message (Fixture *fixture, User *user, User *other, const char *content)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "POST", "/douyin/message/action/", "token", user->token, "to_user_id",
      other->id, "action_type", "1", "content", content, NULL);

  return dou_test_http_get_status (answer);
}

/* Ann and everybody else follow each other; the later ones later. */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->server = dou_test_daemon_new (data);
  fixture->http = dou_test_http_new (dou_test_daemon_get_url (fixture->server), 1);
  user_register (&fixture->ann, fixture, "Ann");
  for (guint i = 0; i < N_FRIENDS; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      user_register (&fixture->friends[i], fixture, name);
      follow (fixture, &fixture->ann, &fixture->friends[i]);
      follow (fixture, &fixture->friends[i], &fixture->ann);
    }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  user_clear (&fixture->ann);
  for (guint i = 0; i < N_FRIENDS; i++)
    user_clear (&fixture->friends[i]);
  dou_test_http_free (fixture->http);
  dou_test_daemon_free (fixture->server);
}

/* Appends the names of a page to @names, and returns where the next one begins. */
static char *
read_page (Fixture *fixture, const char *count, const char *cursor, GString *names)
{
  g_autoptr (JsonObject) answer = dou_test_http_call (
      fixture->http, "GET", "/douyin/relation/friend/list/", "token", fixture->ann.token, "count",
      count, "cursor", cursor != NULL ? cursor : "", NULL);
  JsonArray *users = json_object_get_array_member (answer, "user_list");

  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  g_assert_cmpuint (json_array_get_length (users), <=, g_ascii_strtoull (count, NULL, 10));
  for (guint i = 0; i < json_array_get_length (users); i++)
    {
      JsonObject *user = json_array_get_object_element (users, i);

      g_string_append_printf (names, "%s=%s%s ", json_object_get_string_member (user, "name"),
                              json_object_get_int_member (user, "msgType") == 1 ? ">" : "",
                              json_object_get_string_member (user, "message"));
    }

  return g_strdup (json_object_get_string_member_with_default (answer, "next_cursor", NULL));
}

static char *
read_all (Fixture *fixture, const char *count)
{
  GString *names = g_string_new (NULL);
  g_autofree char *cursor = NULL;

  do
    {
      g_autofree char *next = read_page (fixture, count, cursor, names);

      g_free (cursor);
      cursor = g_steal_pointer (&next);
    }
  while (cursor != NULL);

  return g_string_free (names, FALSE);
}

/* Test that who wrote or was written to last comes first, and those without a conversation behind, the
 * newest friend first: whatever the size of the pages. */
static void
test_order (Fixture *fixture, gconstpointer data)
{
  const char *const counts[] = { "1", "2", "3", "6", "7", "8", "1000", "1001" };

  g_assert_cmpint (write_message (fixture, &fixture->ann, &fixture->friends[1], "a"), ==, 0);
  g_assert_cmpint (write_message (fixture, &fixture->friends[5], &fixture->ann, "b"), ==, 0);
  g_assert_cmpint (write_message (fixture, &fixture->friends[0], &fixture->ann, "c"), ==, 0);
  g_assert_cmpint (write_message (fixture, &fixture->ann, &fixture->friends[1], "d"), ==, 0);

  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autofree char *all = read_all (fixture, counts[i]);

      g_assert_cmpstr (all, ==, "1=>d 0=c 5=b 6= 4= 3= 2= ");
    }
}

/* Test that a message which comes while the pages are turned costs nobody a place behind. */
static void
test_message_between (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) names = g_string_new (NULL);
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;

  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (write_message (fixture, &fixture->friends[i], &fixture->ann, "x"), ==, 0);
  second = read_page (fixture, "2", NULL, names);
  g_assert_cmpint (write_message (fixture, &fixture->friends[5], &fixture->ann, "y"), ==, 0);
  g_assert_cmpint (write_message (fixture, &fixture->friends[2], &fixture->ann, "y"), ==, 0);
  third = read_page (fixture, "3", second, names);
  g_assert_null (read_page (fixture, "3", third, names));
  g_assert_cmpstr (names->str, ==, "3=x 2=x 1=x 0=x 6= 4= ");
}

/* Test that what is no cursor is refused. */
static void
test_bad_cursors (Fixture *fixture, gconstpointer data)
{
  const char *const cursors[] = { "x", "0", "-1", "1-2", "1-2-x", "-1-2-3", "1-2-3-4", "1-2-0", "0--1-5" };

  for (gsize i = 0; i < G_N_ELEMENTS (cursors); i++)
    {
      g_autoptr (JsonObject) answer
          = dou_test_http_call (fixture->http, "GET", "/douyin/relation/friend/list/", "token",
                                fixture->ann.token, "cursor", cursors[i], NULL);

      g_assert_cmpint (dou_test_http_get_status (answer), ==, 10002);
    }
}

/* Test that where only friends may write, others may not, in either direction, and neither may those
 * who were friends. */
static void
test_friends_only (Fixture *fixture, gconstpointer data)
{
  User stranger = { 0 };
  User *friend = &fixture->friends[0];
  g_autoptr (JsonObject) answer = NULL;

  user_register (&stranger, fixture, "stranger");
  g_assert_cmpint (write_message (fixture, &stranger, &fixture->ann, "x"), ==, 10011);
  follow (fixture, &stranger, &fixture->ann);
  g_assert_cmpint (write_message (fixture, &stranger, &fixture->ann, "x"), ==, 10011);
  g_assert_cmpint (write_message (fixture, &fixture->ann, &stranger, "x"), ==, 10011);
  g_assert_cmpint (write_message (fixture, friend, &fixture->ann, "x"), ==, 0);

  answer = dou_test_http_call (fixture->http, "POST", "/douyin/relation/action/", "token",
                               fixture->ann.token, "to_user_id", friend->id, "action_type", "2",
                               NULL);
  g_assert_cmpint (dou_test_http_get_status (answer), ==, 0);
  g_assert_cmpint (write_message (fixture, friend, &fixture->ann, "x"), ==, 10011);
  user_clear (&stranger);
}

int
main (int argc, char **argv)
{
  static const char open[] = "[limits]\nrate-limits=off\n";
  static const char friends[] = "[limits]\nrate-limits=off\n[chat]\nmessages-from=friends\n";

  g_test_init (&argc, &argv, NULL);

#define ADD(name, config, func) \
  g_test_add ("/integration/friends/" name, Fixture, config, set_up, func, tear_down)
  ADD ("order", open, test_order);
  ADD ("message-between", open, test_message_between);
  ADD ("bad-cursors", open, test_bad_cursors);
  ADD ("friends-only", friends, test_friends_only);
#undef ADD

  return g_test_run ();
}
