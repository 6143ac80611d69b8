/* SPDX-License-Identifier: Apache-2.0 */

/* Two nodes in one process: objects that are on no bus, whose signals are told to each other over a
 * redis-server. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "common/dou-relay-message.h"
#include "common/dou-relay.h"
#include "dou-dbus-user.h"
#include "lib/dou-test-redis.h"
#include "lib/dou-test-wait.h"

#define N_NODES 2
#define CHANNEL "doutok@0:test"

/* Seconds after which what is remembered is old, so that tests need not wait. */
#define LIFE 1

/* Signals that are sent without a pause. */
#define MANY 1000

typedef struct
{
  DouDBusUser1 *object; /* (owned) */
  DouRedis *redis;      /* (owned) (nullable) */
  DouRelay *relay;      /* (owned) */
  GString *told;        /* (owned) what the object has told, all but Reset */
  guint n_heard;        /* “heard” of the relay, all but Reset */
  guint n_missed;       /* Reset with something missed */
  guint n_old;          /* Reset without */
  char *reason;         /* (owned) (nullable) of the last Reset */
} Node;

typedef struct
{
  DouTestRedis *server; /* (owned) (nullable) */
  Node nodes[N_NODES];
} Fixture;

static void
told (Node *node, const char *name, GVariant *argument)
{
  g_autofree char *text = g_variant_print (argument, FALSE);

  g_string_append_printf (node->told, "%s %s\n", name, text);
}

static void
changed_cb (DouDBusUser1 *object, GVariant *ids, Node *node)
{
  told (node, "Changed", ids);
}

static void
generations_changed_cb (DouDBusUser1 *object, GVariant *generations, Node *node)
{
  told (node, "GenerationsChanged", generations);
}

static void
reset_cb (DouDBusUser1 *object, const char *const *reasons, gboolean missed, Node *node)
{
  node->n_missed += missed;
  node->n_old += !missed;
  g_free (node->reason);
  node->reason = g_strdup (reasons[0]);
}

static void
heard_cb (DouRelay *relay, GVariant *argument, Node *node)
{
  node->n_heard += argument != NULL;
}

static void
node_init (Node *node, const char *url)
{
  g_autoptr (DouRedisAddress) address = url != NULL ? dou_redis_address_parse (url) : NULL;

  node->object = dou_dbus_user1_skeleton_new ();
  node->redis = address != NULL ? dou_redis_new (address, CHANNEL) : NULL;
  node->relay = dou_relay_new (G_DBUS_INTERFACE_SKELETON (node->object), node->redis, LIFE);
  node->told = g_string_new (NULL);
  g_signal_connect (node->object, "changed", G_CALLBACK (changed_cb), node);
  g_signal_connect (node->object, "generations-changed", G_CALLBACK (generations_changed_cb), node);
  g_signal_connect (node->object, "reset", G_CALLBACK (reset_cb), node);
  g_signal_connect (node->relay, "heard", G_CALLBACK (heard_cb), node);
}

static void
node_clear (Node *node)
{
  if (node->relay == NULL)
    return;

  /* An answer that is under way holds it. */
  g_object_run_dispose (G_OBJECT (node->relay));
  if (node->redis != NULL)
    g_object_run_dispose (G_OBJECT (node->redis));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (node->relay);
  if (node->redis != NULL)
    g_assert_finalize_object (node->redis);
  g_assert_finalize_object (node->object);
  g_string_free (node->told, TRUE);
  g_free (node->reason);
}

static gboolean
has_missed (gpointer data)
{
  return ((Node *) data)->n_missed > 0;
}

static gboolean
is_old (gpointer data)
{
  return ((Node *) data)->n_old > 0;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = NULL;

  fixture->server = dou_test_redis_new (NULL);
  url = dou_test_redis_get_url (fixture->server);
  for (guint i = 0; i < N_NODES; i++)
    node_init (&fixture->nodes[i], url);
  for (guint i = 0; i < N_NODES; i++)
    {
      /* Both have begun to hear, before which anything may have been. */
      dou_test_wait_until (has_missed, &fixture->nodes[i]);
      g_assert_null (fixture->nodes[i].reason);
      g_assert_cmpuint (fixture->nodes[i].n_missed, ==, 1);
      fixture->nodes[i].n_missed = 0;
    }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_NODES; i++)
    node_clear (&fixture->nodes[i]);
  g_clear_pointer (&fixture->server, dou_test_redis_free);
  g_test_assert_expected_messages ();
}

static gboolean
has_told (gpointer data)
{
  return ((Node *) data)->told->len > 0;
}

static void
emit_changed (Node *node, gint64 id)
{
  dou_dbus_user1_emit_changed (
      node->object, g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, &id, 1, sizeof id));
}

/* What either of them tells now reaches the other, and comes back to neither. */
static void
assert_hear_each_other (Fixture *fixture)
{
  for (guint i = 0; i < N_NODES; i++)
    {
      Node *speaker = &fixture->nodes[i];
      Node *hearer = &fixture->nodes[N_NODES - 1 - i];
      guint n_heard = hearer->n_heard;

      g_string_truncate (speaker->told, 0);
      g_string_truncate (hearer->told, 0);
      emit_changed (speaker, 7);
      g_assert_cmpstr (speaker->told->str, ==, "Changed [7]\n");
      dou_test_wait_until (has_told, hearer);
      g_assert_cmpstr (hearer->told->str, ==, "Changed [7]\n");
      g_assert_cmpuint (hearer->n_heard, ==, n_heard + 1);
    }

  /* Had the last one been told again, it would have come back by now, before this. */
  g_string_truncate (fixture->nodes[0].told, 0);
  emit_changed (&fixture->nodes[1], 8);
  dou_test_wait_until (has_told, &fixture->nodes[0]);
  g_assert_cmpstr (fixture->nodes[0].told->str, ==, "Changed [8]\n");
  g_assert_cmpstr (fixture->nodes[1].told->str, ==, "Changed [7]\nChanged [8]\n");
}

/* Test that what one node tells the other tells, too. */
static void
test_told (Fixture *fixture, gconstpointer data)
{
  Node *hearer = &fixture->nodes[1];

  assert_hear_each_other (fixture);
  g_string_truncate (hearer->told, 0);
  dou_dbus_user1_emit_generations_changed (
      fixture->nodes[0].object, g_variant_new_parsed ("[(int64 1, int64 2), (-3, 9007199254740991)]"));
  dou_test_wait_until (has_told, hearer);
  g_assert_cmpstr (hearer->told->str, ==, "GenerationsChanged [(1, 2), (-3, 9007199254740991)]\n");
  for (guint i = 0; i < N_NODES; i++)
    g_assert_cmpuint (fixture->nodes[i].n_missed + fixture->nodes[i].n_old, ==, 0);
}

static guint
count_lines (GString *text)
{
  guint n = 0;

  for (gsize i = 0; i < text->len; i++)
    n += text->str[i] == '\n';

  return n;
}

static gboolean
has_many (gpointer data)
{
  return count_lines (((Node *) data)->told) == MANY;
}

/* Test that what is told while a message is under way leaves as one, and arrives in its order. */
static void
test_together (Fixture *fixture, gconstpointer data)
{
  static const char *const words[] = { "INFO", "commandstats", NULL };
  g_autoptr (GString) expected = g_string_new (NULL);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) info = NULL;
  g_autoptr (GError) error = NULL;
  const char *calls;

  for (guint i = 0; i < MANY; i++)
    {
      g_string_append_printf (expected, "Changed [%u]\n", i);
      emit_changed (&fixture->nodes[0], i);
    }
  dou_test_wait_until (has_many, &fixture->nodes[1]);
  g_assert_cmpstr (fixture->nodes[1].told->str, ==, expected->str);

  dou_redis_command_async (fixture->nodes[0].redis, words, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  info = dou_redis_command_finish (fixture->nodes[0].redis, result, &error);
  g_assert_no_error (error);
  calls = strstr (g_variant_get_string (info, NULL), "cmdstat_publish:calls=");
  g_assert_nonnull (calls);
  calls += strlen ("cmdstat_publish:calls=");
  g_test_message ("%d signals in %.*s messages", MANY, (int) strcspn (calls, ","), calls);
  g_assert_cmpint (g_ascii_strtoll (calls, NULL, 10), <, MANY / 10);
}

/* Test that more than can wait makes the other forget everything, instead of being kept. */
static void
test_too_much (Fixture *fixture, gconstpointer data)
{
  g_autofree gint64 *ids = g_new0 (gint64, MANY);

  for (guint i = 0; i < MANY; i++)
    dou_dbus_user1_emit_changed (
        fixture->nodes[0].object,
        g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, ids, MANY, sizeof *ids));
  dou_test_wait_until (has_missed, &fixture->nodes[1]);
  g_assert_null (fixture->nodes[1].reason);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  assert_hear_each_other (fixture);
}

static void
forget_resets (Fixture *fixture)
{
  for (guint i = 0; i < N_NODES; i++)
    fixture->nodes[i].n_missed = fixture->nodes[i].n_old = 0;
}

/* Test that while Redis is away, in either way, everything gets old again and again, with the reason, and
 * that when it is back all counts as missed, and the nodes hear each other again. */
static void
test_away (Fixture *fixture, gconstpointer data)
{
  gboolean hangs = data != NULL;

  for (guint i = 0; i < N_NODES; i++)
    g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Redis at * is away: *");
  if (hangs)
    dou_test_redis_signal (fixture->server, SIGSTOP);
  else
    dou_test_redis_kill (fixture->server);
  for (guint i = 0; i < N_NODES; i++)
    dou_test_wait_until (is_old, &fixture->nodes[i]);
  g_test_assert_expected_messages ();
  for (guint i = 0; i < N_NODES; i++)
    {
      g_assert_nonnull (fixture->nodes[i].reason);
      g_assert_nonnull (strstr (fixture->nodes[i].reason, "Redis at "));
      g_assert_cmpuint (fixture->nodes[i].n_missed, ==, 0);
    }

  forget_resets (fixture);
  emit_changed (&fixture->nodes[0], 1);
  for (guint i = 0; i < N_NODES; i++)
    dou_test_wait_until (is_old, &fixture->nodes[i]);
  g_assert_cmpuint (fixture->nodes[1].told->len, ==, 0);

  for (guint i = 0; i < N_NODES; i++)
    g_test_expect_message ("doutok", G_LOG_LEVEL_MESSAGE, "Redis at * is back");
  forget_resets (fixture);
  if (hangs)
    dou_test_redis_signal (fixture->server, SIGCONT);
  else
    dou_test_redis_start (fixture->server);
  for (guint i = 0; i < N_NODES; i++)
    {
      dou_test_wait_until (has_missed, &fixture->nodes[i]);
      g_assert_null (fixture->nodes[i].reason);
    }
  g_test_assert_expected_messages ();
  assert_hear_each_other (fixture);
}

static void
publish (Fixture *fixture, GBytes *bytes)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_redis_publish_async (fixture->nodes[0].redis, bytes, dou_test_wait_result_cb, &waited);
  result = dou_test_wait_result (&waited);
  dou_redis_publish_finish (fixture->nodes[0].redis, result, &error);
  g_assert_no_error (error);
}

/* As a process that is neither of the nodes. */
static void
say (Fixture *fixture, guint64 sequence, const char *items)
{
  const DouRelayMessage message
      = { 42, sequence, g_variant_new_parsed (items) };
  g_autoptr (GBytes) bytes = dou_relay_message_encode (&message);

  publish (fixture, bytes);
}

static void
say_bytes (Fixture *fixture, const char *text, gsize length)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, length);

  publish (fixture, bytes);
}

/* Each of them has missed something, once. */
static void
assert_missed (Fixture *fixture)
{
  for (guint i = 0; i < N_NODES; i++)
    {
      dou_test_wait_until (has_missed, &fixture->nodes[i]);
      g_assert_cmpuint (fixture->nodes[i].n_missed, ==, 1);
      g_assert_null (fixture->nodes[i].reason);
    }
  forget_resets (fixture);
}

/* Test that a gap, and whatever is not understood, counts as missed, and does no other harm. */
static void
test_missed (Fixture *fixture, gconstpointer data)
{
  say (fixture, 5, "[('Changed', <[int64 1]>)]");
  say (fixture, 6, "[('Changed', <[int64 2]>), ('GenerationsChanged', <@a(xx) []>)]");
  for (guint i = 0; i < N_NODES; i++)
    {
      while (count_lines (fixture->nodes[i].told) < 3)
        g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (fixture->nodes[i].n_missed, ==, 0);
      g_assert_cmpstr (fixture->nodes[i].told->str, ==, "Changed [1]\nChanged [2]\nGenerationsChanged []\n");
    }

  say (fixture, 8, "[('Changed', <[int64 3]>)]");
  assert_missed (fixture);
  say (fixture, 9, "[('Reset', <true>)]");
  assert_missed (fixture);
  say (fixture, 10, "[('Changed', <['text']>)]");
  assert_missed (fixture);
  say (fixture, 11, "[('Renamed', <[int64 1]>), ('Changed', <[int64 4]>)]");
  assert_missed (fixture);
  say_bytes (fixture, "", 0);
  assert_missed (fixture);
  say_bytes (fixture, "\0\0\0\1", 4);
  assert_missed (fixture);
  say_bytes (fixture, "\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24);
  assert_missed (fixture);

  for (guint i = 0; i < N_NODES; i++)
    g_assert_true (g_str_has_suffix (fixture->nodes[i].told->str, "[]\nChanged [3]\nChanged [4]\n"));
  say (fixture, 12, "@a(sv) []");
  assert_hear_each_other (fixture);
  for (guint i = 0; i < N_NODES; i++)
    g_assert_cmpuint (fixture->nodes[i].n_missed + fixture->nodes[i].n_old, ==, 0);
}

/* Test that of a process that falls silent something may have been missed, which is noticed once; and that
 * processes that have nothing to tell are not taken for dead. */
static void
test_silence (Fixture *fixture, gconstpointer data)
{
  say (fixture, 1, "@a(sv) []");
  for (guint i = 0; i < N_NODES; i++)
    g_assert_cmpuint (fixture->nodes[i].n_missed, ==, 0);
  assert_missed (fixture);
  assert_hear_each_other (fixture);
  for (guint i = 0; i < N_NODES; i++)
    g_assert_cmpuint (fixture->nodes[i].n_missed + fixture->nodes[i].n_old, ==, 0);
}

/* Test that without a Redis everything gets old, and nothing is wrong with that. */
static void
test_without (void)
{
  Node node = { 0 };

  node_init (&node, NULL);
  for (guint i = 0; i < 2; i++)
    {
      node.n_old = 0;
      dou_test_wait_until (is_old, &node);
      g_assert_null (node.reason);
    }
  emit_changed (&node, 1);
  g_assert_cmpstr (node.told->str, ==, "Changed [1]\n");
  g_assert_cmpuint (node.n_missed, ==, 0);
  node_clear (&node);
}

static gboolean
has_reason (gpointer data)
{
  return ((Node *) data)->reason != NULL;
}

/* Test that a Redis that lets nobody publish is no better than none, and says so. */
static void
test_mute (void)
{
  DouTestRedis *server = dou_test_redis_new_on_port (
      "user ann on >secret -@all +ping +select +subscribe resetchannels &doutok@*\n");
  g_autofree char *url = dou_test_redis_make_url (server, "ann:secret@");
  Node node = { 0 };

  node_init (&node, url);
  dou_test_wait_until (has_missed, &node);
  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "Other nodes cannot be told *NOPERM*");
  emit_changed (&node, 1);
  dou_test_wait_until (has_reason, &node);
  g_test_assert_expected_messages ();
  g_assert_nonnull (strstr (node.reason, "NOPERM"));
  node.n_old = 0;
  dou_test_wait_until (is_old, &node);
  node_clear (&node);
  dou_test_redis_free (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, data, func) \
  g_test_add ("/common/relay/" name, Fixture, GUINT_TO_POINTER (data), set_up, func, tear_down)
  ADD ("told", 0, test_told);
  ADD ("together", 0, test_together);
  ADD ("too-much", 0, test_too_much);
  ADD ("away/killed", 0, test_away);
  ADD ("away/hanging", 1, test_away);
  ADD ("missed", 0, test_missed);
  ADD ("silence", 0, test_silence);
  g_test_add_func ("/common/relay/without", test_without);
  g_test_add_func ("/common/relay/mute", test_mute);
#undef ADD

  return g_test_run ();
}
