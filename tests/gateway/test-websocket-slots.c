/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/dou-id-minter.h"
#include "common/dou-status.h"
#include "gateway/dou-websocket-slots.h"
#include "lib/dou-test-dir.h"

typedef struct
{
  char *directory;            /* (owned) */
  char *path;                 /* (owned) */
  DouWebsocketSlots *here;    /* (owned) of one gateway */
  DouWebsocketSlots *another; /* (owned) of another one */
} Fixture;

static DouWebsocketSlots *
make_slots (const char *path)
{
  g_autoptr (GError) error = NULL;
  DouWebsocketSlots *slots = dou_websocket_slots_new (path, &error);

  g_assert_no_error (error);
  return slots;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = dou_test_dir_new ();
  fixture->path = g_build_filename (fixture->directory, "slots", NULL);
  fixture->here = make_slots (fixture->path);
  fixture->another = make_slots (fixture->path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->here);
  g_assert_finalize_object (fixture->another);
  dou_test_dir_remove (fixture->directory);
  g_free (fixture->path);
}

/* Takes all that there are. */
static guint
take_all (DouWebsocketSlots *slots, gint64 user)
{
  guint n = 0;
  guint slot;

  while (dou_websocket_slots_take (slots, user, &slot))
    n++;

  return n;
}

/* Test that a file which cannot be made is refused by name. */
static void
test_no_directory (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "none", "slots", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (dou_websocket_slots_new (path, &error));
  g_assert_error (error, DOU_ERROR, DOU_STATUS_UNAVAILABLE);
}

/* Test that a user has as many as are allowed, and another user as many again. */
static void
test_limit (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (take_all (fixture->here, 1), ==, DOU_WEBSOCKET_SLOTS_MAX);
  g_assert_cmpuint (take_all (fixture->here, 2), ==, DOU_WEBSOCKET_SLOTS_MAX);
  g_assert_cmpuint (take_all (fixture->here, DOU_ID_MAX), ==, DOU_WEBSOCKET_SLOTS_MAX);
  g_assert_cmpuint (take_all (fixture->here, DOU_ID_MAX - 1), ==, DOU_WEBSOCKET_SLOTS_MAX);
}

/* Test that two gateways share, and that what is given back can be taken by either. */
static void
test_shared (Fixture *fixture, gconstpointer data)
{
  guint first, second, slot;

  g_assert_true (dou_websocket_slots_take (fixture->here, 1, &first));
  g_assert_true (dou_websocket_slots_take (fixture->here, 1, &second));
  g_assert_cmpuint (take_all (fixture->another, 1), ==, DOU_WEBSOCKET_SLOTS_MAX - 2);
  g_assert_false (dou_websocket_slots_take (fixture->here, 1, &slot));

  dou_websocket_slots_give_back (fixture->here, 1, first);
  g_assert_true (dou_websocket_slots_take (fixture->another, 1, &slot));
  g_assert_false (dou_websocket_slots_take (fixture->here, 1, &first));
  dou_websocket_slots_give_back (fixture->another, 1, slot);
  dou_websocket_slots_give_back (fixture->here, 1, second);
  g_assert_cmpuint (take_all (fixture->here, 1), ==, 2);
}

/* Test that the slots of a gateway which is killed are free again. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  int status;
  guint slot;
  pid_t child = fork ();

  if (child == 0)
    {
      /* Of the fixture's objects this process has the open files, whose locks would stay. */
      DouWebsocketSlots *slots = make_slots (fixture->path);

      if (take_all (slots, 1) == DOU_WEBSOCKET_SLOTS_MAX)
        kill (getpid (), SIGKILL);
      _exit (1);
    }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  g_assert_true (dou_websocket_slots_take (fixture->here, 1, &slot));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/gateway/websocket-slots/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("no-directory", test_no_directory);
  ADD ("limit", test_limit);
  ADD ("shared", test_shared);
  ADD ("killed", test_killed);
#undef ADD

  return g_test_run ();
}
