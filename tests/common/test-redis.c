/* SPDX-License-Identifier: Apache-2.0 */

/* Against Debian's redis-server. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "common/dou-redis.h"
#include "common/dou-status.h"
#include "lib/dou-test-redis.h"
#include "lib/dou-test-wait.h"

#define CHANNEL "doutok@0:test"

/* More commands than may be under way at once. */
#define MANY 2000

typedef struct
{
  DouTestRedis *server; /* (owned) (nullable) */
  DouRedis *redis;      /* (owned) (nullable) */
  guint n_changes;      /* told of @redis */
  GPtrArray *heard;     /* (owned) (element-type GBytes) by @redis */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->heard = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->redis != NULL)
    g_assert_finalize_object (g_steal_pointer (&fixture->redis));
  g_clear_pointer (&fixture->server, dou_test_redis_free);
  g_ptr_array_unref (fixture->heard);
  g_test_assert_expected_messages ();
}

static void
changed_cb (DouRedis *redis, Fixture *fixture)
{
  fixture->n_changes++;
}

static void
heard_cb (DouRedis *redis, GBytes *message, Fixture *fixture)
{
  g_ptr_array_add (fixture->heard, g_bytes_ref (message));
}

static DouRedis *
make (const char *url, const char *channel)
{
  g_autoptr (DouRedisAddress) address = dou_redis_address_parse (url);

  g_assert_nonnull (address);
  return dou_redis_new (address, channel);
}

static void
open_url (Fixture *fixture, const char *url)
{
  fixture->redis = make (url, CHANNEL);
  g_signal_connect (fixture->redis, "changed", G_CALLBACK (changed_cb), fixture);
  g_signal_connect (fixture->redis, "heard", G_CALLBACK (heard_cb), fixture);
}

static gboolean
is_there (gpointer data)
{
  return dou_redis_get_trouble (data) == NULL;
}

static gboolean
is_away (gpointer data)
{
  return dou_redis_get_trouble (data) != NULL;
}

static gboolean
has_changed (gpointer data)
{
  Fixture *fixture = data;

  return fixture->n_changes > 0;
}

static void
open_server (Fixture *fixture)
{
  g_autofree char *url = NULL;

  fixture->server = dou_test_redis_new (NULL);
  url = dou_test_redis_get_url (fixture->server);
  open_url (fixture, url);
  dou_test_wait_until (is_there, fixture->redis);
  g_assert_cmpuint (fixture->n_changes, ==, 1);
}

static void
expect_away (const char *reason)
{
  g_autofree char *pattern = g_strdup_printf ("Redis at * is away: *%s*", reason);

  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, pattern);
}

static void
expect_back (void)
{
  g_test_expect_message ("doutok", G_LOG_LEVEL_MESSAGE, "Redis at * is back");
}

static gboolean
publish (DouRedis *redis, const char *text, gssize length, GError **error)
{
  g_autoptr (GBytes) message = g_bytes_new (text, length < 0 ? strlen (text) : (gsize) length);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_redis_publish_async (redis, message, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  return dou_redis_publish_finish (redis, result, error);
}

static GVariant *
command (DouRedis *redis, const char *const *words, GError **error)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_redis_command_async (redis, words, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  return dou_redis_command_finish (redis, result, error);
}

static gboolean
has_heard (gpointer data)
{
  Fixture *fixture = data;

  return fixture->heard->len > 0;
}

static void
assert_hears (Fixture *fixture, const char *text, gssize length)
{
  g_autoptr (GBytes) expected = g_bytes_new (text, length < 0 ? strlen (text) : (gsize) length);
  g_autoptr (GError) error = NULL;

  g_ptr_array_set_size (fixture->heard, 0);
  publish (fixture->redis, text, length, &error);
  g_assert_no_error (error);
  dou_test_wait_until (has_heard, fixture);
  g_assert_cmpuint (fixture->heard->len, ==, 1);
  g_assert_true (g_bytes_equal (g_ptr_array_index (fixture->heard, 0), expected));
}

/* Nothing waits for a Redis that is not there. */
static void
assert_fails (Fixture *fixture)
{
  static const char *const words[] = { "GET", "a", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) other_error = NULL;

  g_assert_null (command (fixture->redis, words, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
  g_assert_false (publish (fixture->redis, "a", -1, &other_error));
  g_assert_error (other_error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

/* Test that what is no address is refused. */
static void
test_bad_addresses (void)
{
  static const char *const urls[] = {
    "",
    "127.0.0.1:6379",
    "http://127.0.0.1/",
    "redis://",
    "redis:///1",
    "redis://host:0/",
    "redis://host:65536/",
    "redis://host:port/",
    "redis://host/a",
    "redis://host/-1",
    "redis://host/1024",
    "redis://host/1/2",
    "redis://host/?a=1",
    "redis://host/#1",
    "redis://user@host/",
    "redis://user:@host/",
    "rediss://host/",
    "unix:",
    "unix:relative",
    "unix:/a/path/that/is/longer/than/the/name/of/a/socket/may/be/which/is/less/than/one/hundred/and/eight/"
    "bytes/and/some/more",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_test_message ("%s", urls[i]);
      g_assert_null (dou_redis_address_parse (urls[i]));
    }
}

/* Test that every part of an address arrives, and that no secret is shown. */
static void
test_addresses (void)
{
  static const struct
  {
    const char *url;
    DouRedisAddress expected;
    const char *description;
  } cases[] = {
    { "redis://db.example.org", { (char *) "db.example.org", 6379 }, "db.example.org:6379" },
    { "redis://10.0.0.1:7000/", { (char *) "10.0.0.1", 7000 }, "10.0.0.1:7000" },
    { "redis://[::1]/2", { (char *) "::1", 6379, NULL, NULL, NULL, 2 }, "[::1]:6379" },
    { "redis://:pass@h", { (char *) "h", 6379, NULL, NULL, (char *) "pass" }, "h:6379" },
    { "redis://ann:p%40ss%3A%2F@h:1/1023",
      { (char *) "h", 1, NULL, (char *) "ann", (char *) "p@ss:/", 1023 },
      "h:1" },
    { "unix:/run/redis/redis.sock",
      { NULL, 0, (char *) "/run/redis/redis.sock" },
      "/run/redis/redis.sock" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DouRedisAddress) parsed = dou_redis_address_parse (cases[i].url);
      g_autoptr (DouRedisAddress) address = NULL;
      g_autofree char *description = NULL;

      g_assert_nonnull (parsed);
      address = dou_redis_address_copy (parsed);
      description = dou_redis_address_describe (address);
      g_assert_cmpstr (address->host, ==, cases[i].expected.host);
      g_assert_cmpuint (address->port, ==, cases[i].expected.port);
      g_assert_cmpstr (address->path, ==, cases[i].expected.path);
      g_assert_cmpstr (address->user, ==, cases[i].expected.user);
      g_assert_cmpstr (address->password, ==, cases[i].expected.password);
      g_assert_cmpuint (address->database, ==, cases[i].expected.database);
      g_assert_cmpstr (description, ==, cases[i].description);
    }
}

/* Test that a wrong login, a missing one, and a user who may not hear the channel are told apart, and
 * that no password is told. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *login;
    const char *reason;
  } cases[] = {
    { "", "NOAUTH" },
    { ":wrong-secret@", "WRONGPASS" },
    { "ann:wrong-secret@", "WRONGPASS" },
    { "nobody:secret@", "WRONGPASS" },
    { "deaf:secret@", "NOPERM" },
    { "mute:secret@", "NOPERM" },
  };

  fixture->server = dou_test_redis_new_on_port ("requirepass secret\n"
                                                "user deaf on >secret +@all ~* resetchannels\n"
                                                "user mute on >secret -@all +subscribe +select &*\n");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *url = dou_test_redis_make_url (fixture->server, cases[i].login);

      fixture->n_changes = 0;
      expect_away (cases[i].reason);
      open_url (fixture, url);
      dou_test_wait_until (has_changed, fixture);
      g_test_assert_expected_messages ();
      g_test_message ("%s", dou_redis_get_trouble (fixture->redis));
      g_assert_nonnull (strstr (dou_redis_get_trouble (fixture->redis), cases[i].reason));
      g_assert_null (strstr (dou_redis_get_trouble (fixture->redis), "secret"));
      g_assert_finalize_object (g_steal_pointer (&fixture->redis));
    }
}

/* Test that who has the password, or is a user who may do just what is needed, gets in. */
static void
test_accepted (Fixture *fixture, gconstpointer data)
{
  static const char *const logins[]
      = { ":se%3Acret@", "ann:se%40%20cret@", "default:se%3Acret@" };

  fixture->server = dou_test_redis_new_on_port (
      "requirepass se:cret\n"
      "user ann on \">se@ cret\" resetkeys resetchannels -@all ~doutok@1:* &doutok@* +ping +select "
      "+publish +subscribe\n");
  for (gsize i = 0; i < G_N_ELEMENTS (logins); i++)
    {
      g_autofree char *url = dou_test_redis_make_url (fixture->server, logins[i]);

      open_url (fixture, url);
      dou_test_wait_until (is_there, fixture->redis);
      assert_hears (fixture, "a", -1);
      g_assert_finalize_object (g_steal_pointer (&fixture->redis));
    }
}

/* Test that what one says on a channel all hear, byte by byte, and nobody on another one. */
static void
test_heard (Fixture *fixture, gconstpointer data)
{
  static const char bytes[] = "\0\r\n$3\r\n\xff%s%b";
  g_autoptr (DouRedis) neighbour = NULL;
  g_autoptr (DouRedis) stranger = NULL;
  g_autofree char *url = NULL;
  g_autoptr (GError) error = NULL;

  open_server (fixture);
  url = dou_test_redis_get_url (fixture->server);
  neighbour = make (url, CHANNEL);
  stranger = make (url, CHANNEL "2");
  dou_test_wait_until (is_there, neighbour);
  dou_test_wait_until (is_there, stranger);

  assert_hears (fixture, bytes, sizeof bytes);
  assert_hears (fixture, "", 0);

  g_ptr_array_set_size (fixture->heard, 0);
  g_assert_true (publish (stranger, "not this", -1, &error));
  g_assert_true (publish (neighbour, "this", -1, &error));
  g_assert_no_error (error);
  dou_test_wait_until (has_heard, fixture);
  g_assert_cmpuint (fixture->heard->len, ==, 1);
  g_assert_cmpmem (g_bytes_get_data (g_ptr_array_index (fixture->heard, 0), NULL), 4, "this", 4);
}

/* Test what answers become, and that an error is one of the command alone. */
static void
test_commands (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *words[5];
    const char *answer;
  } cases[] = {
    { { "GET", "a" }, "()" },
    { { "SET", "a", "b\xff" }, "'OK'" },
    { { "GET", "a" }, "'b\357\277\275'" },
    { { "SET", "a", "c", "NX" }, "()" },
    { { "INCRBY", "n", "-3" }, "int64 -3" },
    { { "MGET", "n", "b", "" }, "[<'-3'>, <()>, <()>]" },
    { { "EVAL", "return {}", "0" }, "@av []" },
  };
  static const char *const wrong[] = { "INCR", "a", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) none = NULL;

  open_server (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) local_error = NULL;
      g_autoptr (GVariant) answer = command (fixture->redis, cases[i].words, &local_error);
      g_autoptr (GVariant) expected = g_variant_new_parsed (cases[i].answer);

      g_assert_no_error (local_error);
      g_test_message ("%s: %s", cases[i].words[0], cases[i].answer);
      g_assert_cmpvariant (answer, expected);
    }

  none = command (fixture->redis, wrong, &error);
  g_assert_null (none);
  g_assert_error (error, DOU_ERROR, DOU_STATUS_INTERNAL);
  g_assert_nonnull (strstr (error->message, "not an integer"));
  assert_hears (fixture, "still there", -1);
}

/* Test that a server that ends and comes back is noticed both times, and that what is said in between is
 * refused rather than kept. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  open_server (fixture);
  for (guint i = 0; i < 3; i++)
    {
      fixture->n_changes = 0;
      expect_away ("");
      dou_test_redis_kill (fixture->server);
      dou_test_wait_until (is_away, fixture->redis);
      assert_fails (fixture);
      g_test_assert_expected_messages ();

      expect_back ();
      dou_test_redis_start (fixture->server);
      dou_test_wait_until (is_there, fixture->redis);
      g_test_assert_expected_messages ();
      g_assert_cmpuint (fixture->n_changes, ==, 2);
      assert_hears (fixture, "again", -1);
    }
}

/* Test that a server that is not there yet is waited for. */
static void
test_absent (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = NULL;

  fixture->server = dou_test_redis_new (NULL);
  dou_test_redis_kill (fixture->server);
  url = dou_test_redis_get_url (fixture->server);
  expect_away ("");
  open_url (fixture, url);
  assert_fails (fixture);
  dou_test_wait_until (has_changed, fixture);
  g_test_assert_expected_messages ();

  expect_back ();
  dou_test_redis_start (fixture->server);
  dou_test_wait_until (is_there, fixture->redis);
  assert_hears (fixture, "now", -1);
}

/* Test that a server that takes everything and answers nothing is given up, together with what was asked
 * of it, and heard again when it goes on; also if it hangs when it is connected to. */
static void
test_hanging (Fixture *fixture, gconstpointer data)
{
  static const char *const words[] = { "GET", "a", NULL };
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;

  if (data != NULL)
    {
      g_autofree char *url = NULL;

      fixture->server = dou_test_redis_new (NULL);
      url = dou_test_redis_get_url (fixture->server);
      dou_test_redis_signal (fixture->server, SIGSTOP);
      expect_away ("no answer for 3 seconds");
      open_url (fixture, url);
    }
  else
    {
      open_server (fixture);
      dou_test_redis_signal (fixture->server, SIGSTOP);
      expect_away ("no answer for 3 seconds");
      answer = command (fixture->redis, words, &error);
      g_assert_null (answer);
      g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
      fixture->n_changes = 0;
    }

  if (dou_redis_get_trouble (fixture->redis) == NULL || data != NULL)
    dou_test_wait_until (has_changed, fixture);
  g_test_assert_expected_messages ();
  assert_fails (fixture);

  expect_back ();
  dou_test_redis_signal (fixture->server, SIGCONT);
  dou_test_wait_until (is_there, fixture->redis);
  assert_hears (fixture, "again", -1);
}

/* Test that no more is asked for at once than there is room for, and that the rest is answered. */
static void
test_many (Fixture *fixture, gconstpointer data)
{
  static const char *const words[] = { "INCR", "n", NULL };
  GAsyncResult *results[MANY] = { NULL };
  guint n_done = 0, n_refused = 0;

  open_server (fixture);
  for (guint i = 0; i < MANY; i++)
    dou_redis_command_async (fixture->redis, words, dou_test_wait_result_cb, &results[i]);
  for (guint i = 0; i < MANY; i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&results[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) answer = dou_redis_command_finish (fixture->redis, result, &error);

      if (answer != NULL)
        g_assert_cmpint (g_variant_get_int64 (answer), ==, ++n_done);
      else
        {
          g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
          n_refused++;
        }
    }
  g_test_message ("%u of %u done", n_done, MANY);
  g_assert_cmpuint (n_done, >=, 1000);
  g_assert_cmpuint (n_refused, >, 0);
  assert_hears (fixture, "still there", -1);
}

/* Test that a Redis may be let go while it is asked, while it is connected to, and from its own signal. */
static void
test_freed (Fixture *fixture, gconstpointer data)
{
  static const char *const words[] = { "DEBUG", "SLEEP", "0", NULL };
  g_autofree char *url = NULL;
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  DouRedis *early;

  open_server (fixture);
  url = dou_test_redis_get_url (fixture->server);
  early = make (url, CHANNEL);
  g_assert_finalize_object (early);
  early = make (url, CHANNEL);
  g_main_context_iteration (NULL, FALSE);
  g_assert_finalize_object (early);

  dou_redis_command_async (fixture->redis, words, dou_test_wait_result_cb, &waited);
  g_object_run_dispose (G_OBJECT (fixture->redis));
  result = dou_test_wait_result (&waited);
  g_assert_null (dou_redis_command_finish (fixture->redis, result, NULL));

  early = make (url, CHANNEL);
  g_signal_connect (early, "changed", G_CALLBACK (g_object_run_dispose), NULL);
  dou_test_wait_until (is_there, early);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (early);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, data, func) \
  g_test_add ("/common/redis/" name, Fixture, GUINT_TO_POINTER (data), set_up, func, tear_down)
  g_test_add_func ("/common/redis/address/bad", test_bad_addresses);
  g_test_add_func ("/common/redis/address/good", test_addresses);
  ADD ("refused", 0, test_refused);
  ADD ("accepted", 0, test_accepted);
  ADD ("heard", 0, test_heard);
  ADD ("commands", 0, test_commands);
  ADD ("killed", 0, test_killed);
  ADD ("absent", 0, test_absent);
  ADD ("hanging/later", 0, test_hanging);
  ADD ("hanging/from-the-start", 1, test_hanging);
  ADD ("many", 0, test_many);
  ADD ("freed", 0, test_freed);
#undef ADD

  return g_test_run ();
}
