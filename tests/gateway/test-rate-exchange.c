/* SPDX-License-Identifier: Apache-2.0 */

/* Two machines of two gateways each, and Debian's redis-server between them. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include "common/dou-redis.h"
#include "common/dou-relay-message.h"
#include "gateway/dou-rate-exchange.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-redis.h"
#include "lib/dou-test-wait.h"

#define N_MACHINES 2
#define N_GATEWAYS 2

/* None of it comes back while the test runs. */
#define BURST 20

typedef struct
{
  DouTestRedis *server;     /* (owned) */
  DouRedisAddress *address; /* (owned) */
  char *directory;          /* (owned) */
  char *paths[N_MACHINES];  /* (owned) */
  DouConfig *config;        /* (owned) */
  DouRateLimiter *limiters[N_MACHINES][N_GATEWAYS];   /* (owned) */
  DouRateExchange *exchanges[N_MACHINES][N_GATEWAYS]; /* (owned) */
  gint64 user;              /* about whom is asked */
} Fixture;

static void
make_gateway (Fixture *fixture, guint machine, guint gateway)
{
  guint8 secret[DOU_RATE_SECRET_BYTES];
  g_autoptr (GError) error = NULL;

  memset (secret, 's', sizeof secret);
  fixture->limiters[machine][gateway] = dou_rate_limiter_new_shared (
      fixture->config, fixture->paths[machine], secret, &error);
  g_assert_no_error (error);
  fixture->exchanges[machine][gateway] = dou_rate_exchange_new (
      fixture->limiters[machine][gateway], fixture->address, fixture->paths[machine], &error);
  g_assert_no_error (error);
}

static gboolean
all_work (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < N_MACHINES; i++)
    {
      guint n = 0;

      for (guint j = 0; j < N_GATEWAYS; j++)
        if (fixture->exchanges[i][j] != NULL
            && dou_rate_exchange_is_working (fixture->exchanges[i][j]))
          n++;
      g_assert_cmpuint (n, <=, 1);
      if (n == 0)
        return FALSE;
    }

  return TRUE;
}

static gboolean
none_works (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < N_MACHINES; i++)
    for (guint j = 0; j < N_GATEWAYS; j++)
      if (dou_rate_exchange_is_working (fixture->exchanges[i][j]))
        return FALSE;

  return TRUE;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *url = NULL;
  g_autoptr (GError) error = NULL;

  fixture->server = dou_test_redis_new (NULL);
  url = dou_test_redis_get_url (fixture->server);
  fixture->address = dou_redis_address_parse (url);
  fixture->directory = dou_test_dir_new ();
  fixture->config = dou_config_new ();
  dou_config_set (fixture->config, DOU_CONFIG_RATE_COMMENT, "1/d burst 20", &error);
  g_assert_no_error (error);
  dou_config_set (fixture->config, DOU_CONFIG_RATE_FAILED_LOGIN, "1/d burst 20", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < N_MACHINES; i++)
    {
      g_autofree char *name = g_strdup_printf ("rates-%u", i);

      fixture->paths[i] = g_build_filename (fixture->directory, name, NULL);
      for (guint j = 0; j < N_GATEWAYS; j++)
        make_gateway (fixture, i, j);
    }
  dou_test_wait_until (all_work, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_MACHINES; i++)
    {
      for (guint j = 0; j < N_GATEWAYS; j++)
        {
          g_clear_object (&fixture->exchanges[i][j]);
          g_clear_object (&fixture->limiters[i][j]);
        }
      g_free (fixture->paths[i]);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (fixture->config);
  dou_redis_address_free (fixture->address);
  dou_test_redis_free (fixture->server);
  dou_test_dir_remove (fixture->directory);
}

static guint
comment (Fixture *fixture, guint machine, guint gateway, gint64 user)
{
  return dou_rate_limiter_admit_user (fixture->limiters[machine][gateway], DOU_RATE_COMMENT, user);
}

/* Whether a guess is refused; one that is not is none. */
static gboolean
is_refused (Fixture *fixture, guint machine, const char *name)
{
  DouRateLimiter *limiter = fixture->limiters[machine][0];

  if (dou_rate_limiter_begin_login (limiter, name, NULL) > 0)
    return TRUE;

  dou_rate_limiter_end_login (limiter, name, NULL, FALSE);
  return FALSE;
}

static void
guess (Fixture *fixture, guint machine, const char *name)
{
  for (guint i = 0; i < BURST; i++)
    g_assert_cmpuint (
        dou_rate_limiter_begin_login (fixture->limiters[machine][i % N_GATEWAYS], name, NULL), ==, 0);
  g_assert_true (is_refused (fixture, machine, name));
}

static gboolean
is_refused_there (gpointer data)
{
  Fixture *fixture = data;
  g_autofree char *name = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->user);

  return is_refused (fixture, 1, name);
}

/* What is done before on the first machine is known on the second one when this returns. */
static void
let_know (Fixture *fixture)
{
  g_autofree char *name = NULL;

  fixture->user++;
  name = g_strdup_printf ("%" G_GINT64_FORMAT, fixture->user);
  guess (fixture, 0, name);
  dou_test_wait_until (is_refused_there, fixture);
}

/* Test that what is done on one machine, by any gateway, counts on the other once, whichever gateway is asked;
 * and that what is not used up is still to be had there, no more and no less. */
static void
test_counted_once (Fixture *fixture, gconstpointer data)
{
  guint n = 0;

  for (guint i = 0; i < BURST / 2; i++)
    g_assert_cmpuint (comment (fixture, 0, i % N_GATEWAYS, 7), ==, 0);
  let_know (fixture);
  while (comment (fixture, 1, n % N_GATEWAYS, 7) == 0)
    n++;
  g_assert_cmpuint (n, ==, BURST / 2);
  g_assert_cmpuint (comment (fixture, 1, 0, 8), ==, 0);
}

/* Test that a right password costs nothing on the other machine either. */
static void
test_given_back (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 10 * BURST; i++)
    g_assert_false (is_refused (fixture, 0, "ann"));
  let_know (fixture);
  guess (fixture, 1, "ann");
}

/* Test that the other gateway goes on when the one that told and heard is gone. */
static void
test_next_gateway (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_MACHINES; i++)
    {
      guint j = dou_rate_exchange_is_working (fixture->exchanges[i][0]) ? 0 : 1;

      g_clear_object (&fixture->exchanges[i][j]);
    }
  dou_test_wait_until (all_work, fixture);
  let_know (fixture);
}

/* Test that without Redis each machine counts for itself, also if it hangs, and that they count together
 * again when it is back. */
static void
test_away (Fixture *fixture, gconstpointer data)
{
  if (data == NULL)
    dou_test_redis_kill (fixture->server);
  else
    dou_test_redis_signal (fixture->server, SIGSTOP);
  guess (fixture, 0, "ann");
  guess (fixture, 1, "ann");
  dou_test_wait_until (none_works, fixture);
  guess (fixture, 0, "bob");
  guess (fixture, 1, "bob");

  if (data == NULL)
    dou_test_redis_start (fixture->server);
  else
    dou_test_redis_signal (fixture->server, SIGCONT);
  dou_test_wait_until (all_work, fixture);
  let_know (fixture);
}

/* Test that what strangers say on the channel changes nothing, and what is no message of this kind, or is
 * about what is not counted, is ignored. */
static void
test_nonsense (Fixture *fixture, gconstpointer data)
{
  static const char *const items[] = {
    "@a(sv) []",
    "[('rates', <'x'>)]",
    "[('rates', <@a(ti) []>)]",
    "[('other', <[(uint64 1, 1)]>)]",
    "[('rates', <[(uint64 0, 1), (18446744073709551615, 2147483647), (255, -2147483648)]>)]",
  };
  g_autoptr (DouRedis) stranger = dou_redis_new (fixture->address, "doutok@0:rates");
  g_autoptr (GBytes) noise = g_bytes_new_static ("noise, and more than a head has", 31);

  while (dou_redis_get_trouble (stranger) != NULL)
    g_main_context_iteration (NULL, TRUE);
  dou_redis_publish_async (stranger, noise, NULL, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (items); i++)
    {
      DouRelayMessage message = { 1, i + 1, g_variant_new_parsed (items[i]) };
      g_autoptr (GBytes) bytes = dou_relay_message_encode (&message);

      dou_redis_publish_async (stranger, bytes, NULL, NULL);
    }
  let_know (fixture);
  for (guint i = 0; i < BURST; i++)
    g_assert_cmpuint (comment (fixture, 1, 0, 7), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  /* That a Redis is away is a warning, when and as often as it happens here. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);

#define ADD(name, data, func) \
  g_test_add ("/gateway/rate-exchange/" name, Fixture, GUINT_TO_POINTER (data), set_up, func, tear_down)
  ADD ("counted-once", 0, test_counted_once);
  ADD ("given-back", 0, test_given_back);
  ADD ("next-gateway", 0, test_next_gateway);
  ADD ("away/killed", 0, test_away);
  ADD ("away/hanging", 1, test_away);
  ADD ("nonsense", 0, test_nonsense);
#undef ADD

  return g_test_run ();
}
