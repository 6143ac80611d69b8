/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "common/dou-generation.h"
#include "gateway/dou-test-users.h"
#include "lib/dou-test-wait.h"

#define OTHER_KEY "one AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n"

static gboolean
prepare (DouTestUsers *users, const char *token, GError **error)
{
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_authenticator_prepare_async (users->authenticator, token, NULL, dou_test_wait_result_cb,
                                   &waited);
  result = dou_test_wait_result (&waited);
  return dou_authenticator_prepare_finish (users->authenticator, result, error);
}

static void
assert_prepared (DouTestUsers *users, const char *token)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (prepare (users, token, &error));
  g_assert_no_error (error);
  g_assert_true (dou_authenticator_can_check (users->authenticator, token));
}

/* As for a request: what waits in the watch's socket is read first. The main loop may hand on a reply
 * that came between its poll and its dispatch before it looks at that socket again.
 * @expected: whom @token stands for, or 0 */
static void
assert_check (DouTestUsers *users, const char *token, DouStatus status, gint64 expected)
{
  gint64 user_id = -1;

  dou_authenticator_catch_up (users->authenticator);
  g_assert_cmpint (dou_authenticator_check (users->authenticator, token, &user_id), ==, status);
  g_assert_cmpint (user_id, ==, expected);
}

/* Test that rubbish, and what others have signed, is refused without a question. */
static void
test_forged (DouTestUsers *users, gconstpointer data)
{
  g_autoptr (DouTokenKeys) other_keys = dou_test_users_make_keys (users, OTHER_KEY);
  const DouTokenClaims claims = { 1, 0, DOU_TEST_USERS_NOW / 1000 + DOU_TEST_USERS_LIFETIME };
  g_autofree char *forged
      = dou_token_keys_sign (other_keys, &claims, DOU_TEST_USERS_NOW / 1000, NULL);
  const char *tokens[] = { "", "rubbish", "a.b.c", forged };

  for (gsize i = 0; i < G_N_ELEMENTS (tokens); i++)
    {
      g_assert_true (dou_authenticator_can_check (users->authenticator, tokens[i]));
      assert_check (users, tokens[i], DOU_STATUS_UNAUTHORIZED, 0);
      assert_prepared (users, tokens[i]);
    }
  g_assert_cmpuint (dou_test_users_get_n_calls (users), ==, 0);
}

/* Test that a token of somebody who does not exist is not valid. */
static void
test_unknown_user (DouTestUsers *users, gconstpointer data)
{
  g_autofree char *token = dou_test_users_issue (users, 9, 0);

  assert_prepared (users, token);
  assert_check (users, token, DOU_STATUS_UNAUTHORIZED, 0);
}

/* Test that nobody is let in before it is known whether the password was changed. */
static void
test_unprepared (DouTestUsers *users, gconstpointer data)
{
  g_autofree char *token = dou_test_users_issue (users, 1, 0);

  g_assert_false (dou_authenticator_can_check (users->authenticator, token));
  assert_check (users, token, DOU_STATUS_UNAVAILABLE, 0);
}

/* Test that nobody is let in while the service that knows is gone, and that whatever was known
 * before is asked for again when it is back. */
static void
test_service_gone (DouTestUsers *users, gconstpointer data)
{
  g_autofree char *token = dou_test_users_issue (users, 1, 0);
  g_autoptr (GError) error = NULL;

  assert_prepared (users, token);
  assert_check (users, token, DOU_STATUS_OK, 1);

  dou_test_users_stop_service (users);
  g_assert_false (dou_authenticator_can_check (users->authenticator, token));
  g_test_expect_message ("doutok", G_LOG_LEVEL_INFO, "*sending the batch again");
  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "GetGenerations: *");
  g_assert_false (prepare (users, token, &error));
  g_assert_cmpint (dou_status_from_error (error), ==, DOU_STATUS_UNAVAILABLE);
  assert_check (users, token, DOU_STATUS_UNAVAILABLE, 0);

  dou_test_users_start_service (users);
  assert_prepared (users, token);
  assert_check (users, token, DOU_STATUS_OK, 1);
  g_assert_cmpuint (dou_test_users_get_n_calls (users), ==, 2);
}

/* Test that a user is asked about once, and known from then on with every token. */
static void
test_known (DouTestUsers *users, gconstpointer data)
{
  g_autofree char *token = dou_test_users_issue (users, 1, 0);
  g_autofree char *later = NULL;

  assert_prepared (users, token);
  dou_manual_clock_set (users->clock, DOU_TEST_USERS_NOW + 1000);
  later = dou_test_users_issue (users, 1, 0);
  g_assert_cmpstr (later, !=, token);

  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (dou_authenticator_can_check (users->authenticator, later));
      assert_check (users, later, DOU_STATUS_OK, 1);
      assert_check (users, token, DOU_STATUS_OK, 1);
      assert_prepared (users, token);
    }
  g_assert_cmpuint (dou_test_users_get_n_calls (users), ==, 1);
}

/* Test that a remembered token expires like any other. */
static void
test_expiry (DouTestUsers *users, gconstpointer data)
{
  g_autofree char *token = dou_test_users_issue (users, 1, 0);

  assert_prepared (users, token);
  dou_manual_clock_set (users->clock, DOU_TEST_USERS_NOW + DOU_TEST_USERS_LIFETIME * 1000 - 1);
  assert_check (users, token, DOU_STATUS_OK, 1);
  dou_manual_clock_set (users->clock, DOU_TEST_USERS_NOW + DOU_TEST_USERS_LIFETIME * 1000);
  assert_check (users, token, DOU_STATUS_UNAUTHORIZED, 0);
}

/* Test that who changes the password finds the older tokens dead when the answer is there, without
 * another question, and the newer ones good; and that others do not notice. */
static void
test_changed (DouTestUsers *users, gconstpointer data)
{
  g_autofree char *old_token = dou_test_users_issue (users, 1, 0);
  g_autofree char *new_token = dou_test_users_issue (users, 1, 1);
  g_autofree char *other_token = dou_test_users_issue (users, 2, 0);

  assert_prepared (users, old_token);
  assert_prepared (users, other_token);
  assert_check (users, old_token, DOU_STATUS_OK, 1);

  dou_test_users_call (users, "ChangePasswords", "([(int64 1, 'pw', 'new')],)");
  assert_check (users, old_token, DOU_STATUS_UNAUTHORIZED, 0);
  assert_check (users, new_token, DOU_STATUS_OK, 1);
  assert_check (users, other_token, DOU_STATUS_OK, 2);
  g_assert_cmpuint (dou_test_users_get_n_calls (users), ==, 2);
}

/* Test that a change which was made before this gateway knew the user counts, and outlives the
 * service. */
static void
test_changed_before (DouTestUsers *users, gconstpointer data)
{
  g_autofree char *old_token = dou_test_users_issue (users, 1, 0);
  g_autofree char *new_token = dou_test_users_issue (users, 1, 1);

  dou_test_users_call (users, "ChangePasswords", "([(int64 1, 'pw', 'new')],)");
  dou_test_users_stop_service (users);
  dou_test_users_start_service (users);
  assert_prepared (users, old_token);
  assert_check (users, old_token, DOU_STATUS_UNAUTHORIZED, 0);
  assert_check (users, new_token, DOU_STATUS_OK, 1);
}

/* Test that an answer which is overtaken by a change does not bring the older tokens back. */
static void
test_overtaken (DouTestUsers *users, gconstpointer data)
{
  g_autofree char *token = dou_test_users_issue (users, 1, 0);
  GVariant *generations = g_variant_new_parsed ("[(int64 1, int64 5)]");
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  dou_authenticator_prepare_async (users->authenticator, token, NULL, dou_test_wait_result_cb,
                                   &waited);
  dou_dbus_user1_emit_generations_changed (DOU_DBUS_USER1 (users->impl), generations);
  result = dou_test_wait_result (&waited);
  g_assert_true (dou_authenticator_prepare_finish (users->authenticator, result, NULL));
  g_assert_cmpuint (dou_test_users_get_n_calls (users), ==, 1);
  assert_check (users, token, DOU_STATUS_UNAUTHORIZED, 0);
}

typedef struct
{
  DouTestUsers *users; /* (unowned) */
  const char *token;   /* (unowned) */
  DouStatus status;
} Expected;

static gboolean
is_as_expected (gpointer data)
{
  const Expected *expected = data;
  gint64 user_id;

  return dou_authenticator_check (expected->users->authenticator, expected->token, &user_id)
         == expected->status;
}

static void
tell_generation (DouTestUsers *users, gint64 user_id, gint64 generation)
{
  dou_dbus_user1_emit_generations_changed (
      DOU_DBUS_USER1 (users->impl), g_variant_new_parsed ("[(%x, %x)]", user_id, generation));
}

/* Test that whoever is banned is told so, whatever the token, until that ends; and that news of the ban
 * which comes late does not begin it again. */
static void
test_banned (DouTestUsers *users, gconstpointer data)
{
  g_autofree char *before = dou_test_users_issue (users, 1, 0);
  g_autofree char *meanwhile = dou_test_users_issue (users, 1, 1);
  g_autofree char *after = dou_test_users_issue (users, 1, 2);
  Expected banned = { users, before, DOU_STATUS_USER_BANNED };
  Expected unbanned = { users, before, DOU_STATUS_UNAUTHORIZED };
  Expected other = { users, after, DOU_STATUS_UNAUTHORIZED };

  assert_prepared (users, before);
  tell_generation (users, 1, 1 + DOU_GENERATION_BANNED);
  dou_test_wait_until (is_as_expected, &banned);
  assert_check (users, meanwhile, DOU_STATUS_USER_BANNED, 0);
  assert_check (users, after, DOU_STATUS_USER_BANNED, 0);

  tell_generation (users, 1, 2);
  dou_test_wait_until (is_as_expected, &unbanned);
  assert_check (users, meanwhile, DOU_STATUS_UNAUTHORIZED, 0);
  assert_check (users, after, DOU_STATUS_OK, 1);

  tell_generation (users, 1, 1 + DOU_GENERATION_BANNED);
  assert_check (users, after, DOU_STATUS_OK, 1);
  tell_generation (users, 1, 3);
  dou_test_wait_until (is_as_expected, &other);
}

static gboolean
is_remembered (DouTestUsers *users, gint64 user_id)
{
  g_autofree char *token = dou_test_users_issue (users, user_id, 0);

  return dou_authenticator_can_check (users->authenticator, token);
}

typedef struct
{
  DouTestUsers *users; /* (unowned) */
  gint64 user_id;
} Wanted;

static gboolean
is_wanted_remembered (gpointer data)
{
  const Wanted *wanted = data;

  return is_remembered (wanted->users, wanted->user_id);
}

/* Test that only so many users are remembered, those who were seen last. */
static void
test_bounded (DouTestUsers *users, gconstpointer data)
{
  const gint64 last = DOU_AUTHENTICATOR_MAX_REMEMBERED + 100;
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xx)"));
  Wanted wanted = { users, last };

  for (gint64 i = 1; i <= last; i++)
    g_variant_builder_add (&builder, "(xx)", i, (gint64) 1);
  dou_dbus_user1_emit_generations_changed (DOU_DBUS_USER1 (users->impl),
                                           g_variant_builder_end (&builder));
  dou_test_wait_until (is_wanted_remembered, &wanted);

  g_assert_false (is_remembered (users, 1));
  g_assert_false (is_remembered (users, 100));
  g_assert_true (is_remembered (users, 101));
}

/* Test that many who come at one time are asked about in a few calls, and all get their answer. */
static void
test_together (DouTestUsers *users, gconstpointer data)
{
  GAsyncResult *waited[64] = { NULL };
  g_autofree char *first = dou_test_users_issue (users, 1, 0);
  g_autofree char *second = dou_test_users_issue (users, 2, 0);

  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    dou_authenticator_prepare_async (users->authenticator, i % 2 == 0 ? first : second, NULL,
                                     dou_test_wait_result_cb, &waited[i]);
  for (guint i = 0; i < G_N_ELEMENTS (waited); i++)
    {
      g_autoptr (GAsyncResult) result = dou_test_wait_result (&waited[i]);

      g_assert_true (dou_authenticator_prepare_finish (users->authenticator, result, NULL));
    }

  assert_check (users, first, DOU_STATUS_OK, 1);
  assert_check (users, second, DOU_STATUS_OK, 2);
  g_assert_cmpuint (dou_test_users_get_n_calls (users), <=, 4);
}

/* Test that a client which hangs up while it is asked about leaves nothing behind. */
static void
test_cancelled (DouTestUsers *users, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *token = dou_test_users_issue (users, 1, 0);
  GAsyncResult *waited = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  dou_authenticator_prepare_async (users->authenticator, token, cancellable,
                                   dou_test_wait_result_cb, &waited);
  g_cancellable_cancel (cancellable);
  result = dou_test_wait_result (&waited);
  g_assert_false (dou_authenticator_prepare_finish (users->authenticator, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_prepared (users, token);
  assert_check (users, token, DOU_STATUS_OK, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/gateway/authenticator/" name, DouTestUsers, NULL, dou_test_users_set_up, func,     \
              dou_test_users_tear_down)
  ADD ("forged", test_forged);
  ADD ("unknown-user", test_unknown_user);
  ADD ("unprepared", test_unprepared);
  ADD ("service-gone", test_service_gone);
  ADD ("known", test_known);
  ADD ("expiry", test_expiry);
  ADD ("changed", test_changed);
  ADD ("changed-before", test_changed_before);
  ADD ("overtaken", test_overtaken);
  ADD ("banned", test_banned);
  ADD ("bounded", test_bounded);
  ADD ("together", test_together);
  ADD ("cancelled", test_cancelled);
#undef ADD

  return g_test_run ();
}
