/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-rate-limiter.h"
#include "lib/dou-test-dir.h"

/* Rates at which nothing fills up again while a test runs. */
#define SETTINGS                                                                                    \
  "[limits]\nrate-general=3/d\nrate-login=2/d\nrate-failed-login=2/d\nrate-comment=2/d burst 1\n"   \
  "rate-message=off\n"

typedef struct
{
  char *directory;         /* (owned) */
  DouConfig *config;       /* (owned) */
  DouRateLimiter *limiter; /* (owned) */
} Fixture;

static DouRateLimiter *
make_limiter (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->directory, "rates", NULL);
  g_autoptr (GError) error = NULL;
  DouRateLimiter *limiter = dou_rate_limiter_new (fixture->config, path, &error);

  g_assert_no_error (error);
  return limiter;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  fixture->directory = dou_test_dir_new ();
  path = g_build_filename (fixture->directory, "doutok.conf", NULL);
  g_assert_true (g_file_set_contents (path, SETTINGS, -1, NULL));
  fixture->config = dou_config_new ();
  dou_config_load_file (fixture->config, path, &error);
  g_assert_no_error (error);
  fixture->limiter = make_limiter (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->limiter);
  g_assert_finalize_object (fixture->config);
  dou_test_dir_remove (fixture->directory);
}

static guint
admit (Fixture *fixture, DouRateClass rate_class, const char *address)
{
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (address);

  return dou_rate_limiter_admit_address (fixture->limiter, rate_class, parsed);
}

/* Test that an address waits when it has done what it may, and others do not. */
static void
test_addresses (Fixture *fixture, gconstpointer data)
{
  const guint third_of_a_day = 8 * 60 * 60;

  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (admit (fixture, DOU_RATE_GENERAL, "192.0.2.1"), ==, 0);
  g_assert_cmpuint (admit (fixture, DOU_RATE_GENERAL, "192.0.2.1"), ==, third_of_a_day);
  g_assert_cmpuint (admit (fixture, DOU_RATE_GENERAL, "192.0.2.2"), ==, 0);
  g_assert_cmpuint (admit (fixture, DOU_RATE_LOGIN, "192.0.2.1"), ==, 0);
  g_assert_cmpuint (dou_rate_limiter_admit_address (fixture->limiter, DOU_RATE_GENERAL, NULL), ==, 0);
}

/* Test that of an IPv6 address its network counts. */
static void
test_networks (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (admit (fixture, DOU_RATE_GENERAL, "2001:db8:0:1::1"), ==, 0);
  g_assert_cmpuint (admit (fixture, DOU_RATE_GENERAL, "2001:db8:0:1::2"), ==, 0);
  g_assert_cmpuint (admit (fixture, DOU_RATE_GENERAL, "2001:db8:0:1:f::"), ==, 0);
  g_assert_cmpuint (admit (fixture, DOU_RATE_GENERAL, "2001:db8:0:1::3"), >, 0);
  g_assert_cmpuint (admit (fixture, DOU_RATE_GENERAL, "2001:db8:0:2::1"), ==, 0);
}

/* Test that what counts for users an address may do ten times as often. */
static void
test_users (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (dou_rate_limiter_admit_user (fixture->limiter, DOU_RATE_COMMENT, 1), ==, 0);
  g_assert_cmpuint (dou_rate_limiter_admit_user (fixture->limiter, DOU_RATE_COMMENT, 1), >, 0);
  g_assert_cmpuint (dou_rate_limiter_admit_user (fixture->limiter, DOU_RATE_COMMENT, 2), ==, 0);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpuint (admit (fixture, DOU_RATE_COMMENT, "192.0.2.1"), ==, 0);
  g_assert_cmpuint (admit (fixture, DOU_RATE_COMMENT, "192.0.2.1"), >, 0);

  for (guint i = 0; i < 100; i++)
    {
      g_assert_cmpuint (dou_rate_limiter_admit_user (fixture->limiter, DOU_RATE_GENERAL, 1), ==, 0);
      g_assert_cmpuint (dou_rate_limiter_admit_user (fixture->limiter, DOU_RATE_MESSAGE, 1), ==, 0);
    }
}

/* Test that wrong passwords make their name wait, also when they are tried at the same time, and that
 * right ones do not. */
static void
test_logins (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GInetAddress) here = g_inet_address_new_from_string ("192.0.2.1");
  g_autoptr (GInetAddress) there = g_inet_address_new_from_string ("192.0.2.2");

  for (guint i = 0; i < 100; i++)
    {
      g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "bob", here), ==, 0);
      dou_rate_limiter_end_login (fixture->limiter, "bob", here, FALSE);
    }

  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "alice", here), ==, 0);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "alice", here), ==, 0);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "alice", here), >, 0);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "alice", there), >, 0);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "bob", here), ==, 0);
  dou_rate_limiter_end_login (fixture->limiter, "alice", here, TRUE);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "alice", there), >, 0);
  dou_rate_limiter_end_login (fixture->limiter, "alice", here, FALSE);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "alice", there), ==, 0);
}

/* Test that guesses count together however the name is spelt, and those at what cannot be a name, too. */
static void
test_spellings (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GInetAddress) here = g_inet_address_new_from_string ("192.0.2.1");
  const char *const waiting[] = { "Zoe\xcc\x81", " zo\xc3\xa9", "\nZO\xc3\x89\xe3\x80\x80" };

  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "Zo\xc3\xa9", here), ==, 0);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "ZO\xc3\x89 ", here), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (waiting); i++)
    g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, waiting[i], here), >, 0);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "Zoe", here), ==, 0);
  dou_rate_limiter_end_login (fixture->limiter, "zo\xc3\xa9", here, FALSE);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "Zo\xc3\xa9", here), ==, 0);

  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "\001123", here), ==, 0);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "\001123", here), >, 0);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "123", here), ==, 0);
}

/* Test that who has logged in and guesses waits, and that no login, whatever name it gives, has others wait there. */
static void
test_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GInetAddress) here = g_inet_address_new_from_string ("192.0.2.1");
  const char *const names[] = { "123", "\001123", "\173\0\0" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    for (guint n = 0; n < 3; n++)
      dou_rate_limiter_begin_login (fixture->limiter, names[i], NULL);

  for (guint i = 0; i < 100; i++)
    {
      g_assert_cmpuint (dou_rate_limiter_begin_guess (fixture->limiter, 123, here), ==, 0);
      dou_rate_limiter_end_guess (fixture->limiter, 123, here, FALSE);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (dou_rate_limiter_begin_guess (fixture->limiter, 123, here), ==, 0);
      dou_rate_limiter_end_guess (fixture->limiter, 123, here, TRUE);
    }
  g_assert_cmpuint (dou_rate_limiter_begin_guess (fixture->limiter, 123, here), >, 0);
  g_assert_cmpuint (dou_rate_limiter_begin_guess (fixture->limiter, 124, here), ==, 0);
}

/* Test that who tries many names from one address waits in the end, and that the name tried last is not
 * to blame. */
static void
test_guesses (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GInetAddress) here = g_inet_address_new_from_string ("192.0.2.1");
  g_autoptr (GInetAddress) there = g_inet_address_new_from_string ("192.0.2.2");

  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *name = g_strdup_printf ("name %u", i);

      g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, name, here), ==, 0);
      dou_rate_limiter_end_login (fixture->limiter, name, here, TRUE);
    }

  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "alice", here), >, 0);
  g_assert_cmpuint (dou_rate_limiter_begin_login (fixture->limiter, "alice", there), ==, 0);
}

/* Test that limiters of several processes count together. */
static void
test_shared (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouRateLimiter) other = make_limiter (fixture);

  g_assert_cmpuint (dou_rate_limiter_admit_user (fixture->limiter, DOU_RATE_COMMENT, 1), ==, 0);
  g_assert_cmpuint (dou_rate_limiter_admit_user (other, DOU_RATE_COMMENT, 1), >, 0);
}

/* Test that all of it can be switched off, and then needs no file. */
static void
test_off (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GInetAddress) here = g_inet_address_new_from_string ("192.0.2.1");
  g_autoptr (DouRateLimiter) off = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (dou_config_set (fixture->config, DOU_CONFIG_RATE_LIMITS, "off", NULL));
  off = dou_rate_limiter_new (fixture->config, "/nonexistent/rates", &error);
  g_assert_no_error (error);

  for (guint i = 0; i < 100; i++)
    {
      g_assert_cmpuint (dou_rate_limiter_admit_user (off, DOU_RATE_COMMENT, 1), ==, 0);
      g_assert_cmpuint (dou_rate_limiter_admit_address (off, DOU_RATE_GENERAL, here), ==, 0);
      g_assert_cmpuint (dou_rate_limiter_begin_login (off, "alice", here), ==, 0);
      dou_rate_limiter_end_login (off, "alice", here, TRUE);
    }
}

#define ADD(path, func)                                                                             \
  g_test_add ("/gateway/rate-limiter/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("addresses", test_addresses);
  ADD ("networks", test_networks);
  ADD ("users", test_users);
  ADD ("logins", test_logins);
  ADD ("spellings", test_spellings);
  ADD ("again", test_again);
  ADD ("guesses", test_guesses);
  ADD ("shared", test_shared);
  ADD ("off", test_off);

  return g_test_run ();
}
