/* SPDX-License-Identifier: Apache-2.0 */

/* The cache beside an object of a service as it is generated, which is not exported: all that happens here is
 * calls and signals in an order that a bus would not keep to. */

#include "config.h"

#include "common/dou-reply-cache.h"
#include "common/dou-status.h"

#include "dou-dbus-user.h"

#define ROOM (1024 * 1024)

typedef struct
{
  DouDBusUser1 *object; /* (owned) */
  DouReplyCache *cache; /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->object = dou_dbus_user1_skeleton_new ();
  fixture->cache = dou_reply_cache_new (G_DBUS_INTERFACE_SKELETON (fixture->object), "changed", "test",
                                        GPOINTER_TO_SIZE (data));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->cache);
  g_assert_finalize_object (fixture->object);
}

/* (transfer full): ids as text, “1, 2” */
static GVariant *
make_ids (const char *ids)
{
  g_autofree char *text = g_strdup_printf ("[%s]", ids);
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE ("ax"), text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static DouReplyFetch *
begin (Fixture *fixture, const char *ids)
{
  g_autoptr (GVariant) argument = make_ids (ids);

  return dou_reply_cache_begin (fixture->cache, argument);
}

/* What the database says of the ids that a call does not know: users with @name, and nobody of those below 0. */
static void
end (DouReplyFetch *fetch, const char *name, const char *expected_names)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ixssss)"));
  gsize n_missing;
  const gint64 *missing
      = g_variant_get_fixed_array (dou_reply_fetch_get_missing (fetch), &n_missing, sizeof (gint64));
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GString) names = g_string_new (NULL);
  GVariantIter iter;
  const char *told;
  gint32 status;

  for (gsize i = 0; i < n_missing; i++)
    g_variant_builder_add (&builder, "(ixssss)",
                           missing[i] > 0 ? DOU_STATUS_OK : DOU_STATUS_USER_NOT_FOUND, missing[i],
                           name, "", "", "");
  reply = g_variant_ref_sink (dou_reply_fetch_end (fetch, g_variant_builder_end (&builder)));
  dou_reply_fetch_free (fetch);

  g_variant_iter_init (&iter, reply);
  while (g_variant_iter_next (&iter, "(ix&ssss)", &status, NULL, &told, NULL, NULL, NULL))
    g_string_append (names, told);
  g_assert_cmpstr (names->str, ==, expected_names);
}

static void
emit_changed (Fixture *fixture, const char *ids)
{
  g_autoptr (GVariant) argument = make_ids (ids);

  dou_dbus_user1_emit_changed (fixture->object, argument);
}

static void
emit_reset (Fixture *fixture)
{
  const char *const reasons[] = { "test", NULL };

  dou_dbus_user1_emit_reset (fixture->object, reasons, TRUE);
}

static void
assert_counted (Fixture *fixture, guint64 hits, guint64 misses)
{
  g_assert_cmpuint (dou_dbus_user1_get_cache_hits (fixture->object), ==, hits);
  g_assert_cmpuint (dou_dbus_user1_get_cache_misses (fixture->object), ==, misses);
}

/* Test that each id is asked for once, at its place in the reply, and nobody's each time. */
static void
test_keep (Fixture *fixture, gconstpointer data)
{
  end (begin (fixture, "1, 2, -5, 1"), "a", "aaaa");
  assert_counted (fixture, 0, 4);
  end (begin (fixture, "3, 2, -5, 1"), "b", "baba");
  assert_counted (fixture, 2, 6);
  end (begin (fixture, ""), "c", "");
  assert_counted (fixture, 2, 6);
  dou_reply_cache_count (fixture->cache, 5, 7);
  assert_counted (fixture, 7, 13);
}

/* Test that a signal takes away what it names, and Reset everything, bytes included. */
static void
test_forget (Fixture *fixture, gconstpointer data)
{
  guint64 bytes;

  end (begin (fixture, "1, 2, 3"), "a", "aaa");
  bytes = dou_dbus_user1_get_cache_bytes (fixture->object);
  emit_changed (fixture, "2, 9");
  g_assert_cmpuint (dou_dbus_user1_get_cache_bytes (fixture->object), ==, bytes / 3 * 2);
  end (begin (fixture, "1, 2, 3"), "b", "aba");

  emit_reset (fixture);
  g_assert_cmpuint (dou_dbus_user1_get_cache_bytes (fixture->object), ==, 0);
  end (begin (fixture, "1, 2, 3"), "c", "ccc");
}

/* Test that what was read while it changed is told to who asked, and not kept; the rest is. */
static void
test_change_while_reading (Fixture *fixture, gconstpointer data)
{
  DouReplyFetch *early = begin (fixture, "1, 2");
  DouReplyFetch *late;

  emit_changed (fixture, "1");
  late = begin (fixture, "1");
  end (early, "a", "aa");
  end (begin (fixture, "1, 2"), "b", "ba");

  /* Who has begun after the change may be kept, and replaces nothing newer. */
  end (late, "c", "c");
  end (begin (fixture, "1, 2"), "d", "ca");
}

/* Test that nothing is kept that was read while everything may have changed. */
static void
test_reset_while_reading (Fixture *fixture, gconstpointer data)
{
  DouReplyFetch *early = begin (fixture, "1, 2");

  emit_reset (fixture);
  end (begin (fixture, "1"), "new", "new");
  end (early, "old", "oldold");
  end (begin (fixture, "1, 2"), "newer", "newnewer");
}

/* Test that a call that fails leaves nothing, and no number of a change. */
static void
test_failure (Fixture *fixture, gconstpointer data)
{
  DouReplyFetch *fetch = begin (fixture, "1");

  emit_changed (fixture, "1");
  dou_reply_fetch_free (fetch);
  end (begin (fixture, "1"), "a", "a");
  end (begin (fixture, "1"), "b", "a");
}

/* Test that it never holds more than it may, and keeps what was asked for last. */
static void
test_bound (Fixture *fixture, gconstpointer data)
{
  for (guint i = 1; i <= 5000; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", i);

      end (begin (fixture, id), "a name that is not too short", "a name that is not too short");
      g_assert_cmpuint (dou_dbus_user1_get_cache_bytes (fixture->object), <=, ROOM);
    }

  g_assert_cmpuint (dou_dbus_user1_get_cache_bytes (fixture->object), >, ROOM / 2);
  assert_counted (fixture, 0, 5000);
  end (begin (fixture, "5000, 1"), "b", "a name that is not too shortb");
  assert_counted (fixture, 1, 5001);
}

/* Test that without any room nothing is kept, and all is told. */
static void
test_no_room (Fixture *fixture, gconstpointer data)
{
  end (begin (fixture, "1"), "a", "a");
  end (begin (fixture, "1"), "b", "b");
  assert_counted (fixture, 0, 2);
  g_assert_cmpuint (dou_dbus_user1_get_cache_bytes (fixture->object), ==, 0);
}

/* Test that more changes than are remembered count as changes of everything. */
static void
test_many_changes (Fixture *fixture, gconstpointer data)
{
  DouReplyFetch *fetch = begin (fixture, "1");
  g_autofree gint64 *ids = g_new (gint64, 70000);

  for (gint64 i = 0; i < 70000; i++)
    ids[i] = 1000 + i;
  dou_dbus_user1_emit_changed (fixture->object, g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, ids, 70000,
                                                                           sizeof *ids));
  end (fetch, "a", "a");
  end (begin (fixture, "1"), "b", "b");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, room, func)                                                                        \
  g_test_add ("/reply-cache/" name, Fixture, GSIZE_TO_POINTER (room), set_up, func, tear_down)
  ADD ("no-room", 0, test_no_room);
  ADD ("failure", ROOM, test_failure);
  ADD ("keep", ROOM, test_keep);
  ADD ("forget", ROOM, test_forget);
  ADD ("change-while-reading", ROOM, test_change_while_reading);
  ADD ("reset-while-reading", ROOM, test_reset_while_reading);
  ADD ("many-changes", ROOM, test_many_changes);
  ADD ("bound", ROOM, test_bound);
#undef ADD

  return g_test_run ();
}
