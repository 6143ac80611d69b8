/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-quiet-chats.h"
#include "gateway/dou-test-services.h"

#define PLENTY (1024 * 1024)
#define READER 1
#define SENDER 2

typedef struct
{
  DouTestServices services; /* must be first */
  DouQuietChats *chats;     /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  dou_test_services_set_up (&fixture->services, data);
  fixture->chats = dou_quiet_chats_new (fixture->services.watch, PLENTY);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->chats);
  dou_test_services_tear_down (&fixture->services, data);
}

static gboolean
are_quiet (Fixture *fixture, gint64 after)
{
  return dou_quiet_chats_are_quiet (fixture->chats, READER, SENDER, after);
}

static void
send (Fixture *fixture, const char *sender, const char *receiver, const char *time)
{
  g_autofree char *arguments
      = g_strdup_printf ("([(int64 9, int64 %s, int64 %s, 'x', int64 %s)],)", sender, receiver, time);

  dou_test_services_emit (&fixture->services, "Chat", "MessagesSent", arguments);
}

/* Test that nothing is known at first, and then of one direction of one chat alone. */
static void
test_learn (Fixture *fixture, gconstpointer data)
{
  g_assert_false (are_quiet (fixture, 1000));
  dou_quiet_chats_learn (fixture->chats, READER, SENDER, 1000,
                         dou_quiet_chats_get_moment (fixture->chats));
  g_assert_true (are_quiet (fixture, 1000));
  g_assert_true (are_quiet (fixture, 2000));
  g_assert_false (are_quiet (fixture, 999));
  g_assert_false (dou_quiet_chats_are_quiet (fixture->chats, SENDER, READER, 1000));
  g_assert_false (dou_quiet_chats_are_quiet (fixture->chats, READER, 3, 1000));
}

/* Test that a message ends the quiet before it and begins another, for its receiver alone. */
static void
test_message (Fixture *fixture, gconstpointer data)
{
  dou_quiet_chats_learn (fixture->chats, READER, SENDER, 1000,
                         dou_quiet_chats_get_moment (fixture->chats));
  send (fixture, "1", "2", "1100");
  g_assert_true (are_quiet (fixture, 1000));
  send (fixture, "2", "1", "1200");
  g_assert_false (are_quiet (fixture, 1000));
  g_assert_false (are_quiet (fixture, 1199));
  g_assert_true (are_quiet (fixture, 1200));
}

/* Test that an answer from before a message does not undo it, also when what the message said is not
 * kept. */
static void
test_overtaken (Fixture *fixture, gconstpointer data)
{
  guint64 moment = dou_quiet_chats_get_moment (fixture->chats);

  send (fixture, "2", "1", "1200");
  dou_quiet_chats_learn (fixture->chats, READER, SENDER, 1000, moment);
  g_assert_false (are_quiet (fixture, 1000));
  g_assert_true (are_quiet (fixture, 1200));

  moment = dou_quiet_chats_get_moment (fixture->chats);
  send (fixture, "8", "9", "1200");
  dou_quiet_chats_learn (fixture->chats, READER, 3, 1000, moment);
  g_assert_false (dou_quiet_chats_are_quiet (fixture->chats, READER, 3, 1000));
}

/* Test that news of an older message that come late, from another node, do not hide a newer one. */
static void
test_late_news (Fixture *fixture, gconstpointer data)
{
  send (fixture, "2", "1", "1200");
  send (fixture, "2", "1", "1100");
  g_assert_false (are_quiet (fixture, 1100));
  g_assert_true (are_quiet (fixture, 1200));
}

/* Test that a service that is lost may have sent what nobody was told of. */
static void
test_lost (Fixture *fixture, gconstpointer data)
{
  guint64 moment = dou_quiet_chats_get_moment (fixture->chats);

  dou_quiet_chats_learn (fixture->chats, READER, SENDER, 1000, moment);
  dou_test_services_restart (&fixture->services);
  g_assert_false (are_quiet (fixture, 1000));
  g_assert_cmpuint (dou_quiet_chats_get_size (fixture->chats), ==, 0);
  dou_quiet_chats_learn (fixture->chats, READER, SENDER, 1000, moment);
  g_assert_false (are_quiet (fixture, 1000));
}

/* Test that a bound is kept, also if it is none at all. */
static void
test_bound (Fixture *fixture, gconstpointer data)
{
  static const gsize bounds[] = { 0, 1000 };

  for (gsize i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      g_autoptr (DouQuietChats) chats
          = dou_quiet_chats_new (fixture->services.watch, bounds[i]);

      for (gint64 sender = 2; sender < 100; sender++)
        dou_quiet_chats_learn (chats, READER, sender, 1000, dou_quiet_chats_get_moment (chats));
      g_assert_cmpuint (dou_quiet_chats_get_size (chats), <=, bounds[i]);
      g_assert_cmpint (dou_quiet_chats_are_quiet (chats, READER, 99, 1000), ==, bounds[i] > 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                             \
  g_test_add ("/gateway/quiet-chats/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("learn", test_learn);
  ADD ("message", test_message);
  ADD ("overtaken", test_overtaken);
  ADD ("late-news", test_late_news);
  ADD ("lost", test_lost);
  ADD ("bound", test_bound);

  return g_test_run ();
}
