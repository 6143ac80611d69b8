/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#define G_LOG_DOMAIN "doutok"

#include "gateway/dou-test-server.h"
#include "gateway/dou-test-users.h"
#include "lib/dou-test-wait.h"

/* A server whose routes are guarded, and the user service. */
typedef struct
{
  DouTestUsers users;
  DouTestServer server;
  guint n_required; /* calls of the handler */
  gint64 viewer;    /* of the last one */
} Fixture;

/* Only for users. */
static void
required_handler (DouRequest *request, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_required++;
  dou_request_reply_status (
      request, dou_authenticator_require (fixture->users.authenticator, request, &fixture->viewer));
}

/* For guests too. */
static void
admitted_handler (DouRequest *request, gpointer user_data)
{
  Fixture *fixture = user_data;

  dou_request_reply_status (
      request, dou_authenticator_admit (fixture->users.authenticator, request, &fixture->viewer));
}

static const DouRoute routes[] = {
  { "/required", DOU_METHOD_GET | DOU_METHOD_POST, required_handler },
  { "/admitted", DOU_METHOD_GET | DOU_METHOD_POST, admitted_handler },
};

static void
set_up (Fixture *fixture, gconstpointer data)
{
  dou_test_users_set_up (&fixture->users, NULL);
  dou_test_server_set_up (&fixture->server, NULL);
  dou_router_add (fixture->server.router, routes, G_N_ELEMENTS (routes), fixture);
  dou_authenticator_guard (fixture->users.authenticator, fixture->server.router);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dou_test_server_tear_down (&fixture->server, NULL);
  dou_test_users_tear_down (&fixture->users, NULL);
}

static char *
make_request (const char *path, const char *token)
{
  return g_strdup_printf ("GET %s?token=%s HTTP/1.1\r\nHost: a\r\n\r\n", path, token);
}

/* @expected: who the handler finds has sent it, or 0 */
static void
assert_answer (Fixture *fixture, const char *path, const char *token, DouStatus status,
               gint64 expected)
{
  g_autofree char *request = make_request (path, token);
  g_autoptr (DouTestAnswer) answer = NULL;

  fixture->viewer = -1;
  answer = dou_test_server_exchange (&fixture->server, request);
  dou_test_assert_status (answer, dou_status_get_info (status)->http_code, status);
  g_assert_cmpint (fixture->viewer, ==, expected);
}

/* Test that guests and forgers do not make the gateway ask. */
static void
test_nobody (Fixture *fixture, gconstpointer data)
{
  assert_answer (fixture, "/required", "", DOU_STATUS_UNAUTHORIZED, 0);
  assert_answer (fixture, "/required", "rubbish", DOU_STATUS_UNAUTHORIZED, 0);
  assert_answer (fixture, "/admitted", "rubbish", DOU_STATUS_UNAUTHORIZED, 0);
  assert_answer (fixture, "/admitted", "", DOU_STATUS_OK, 0);
  g_assert_cmpuint (dou_test_users_get_n_calls (&fixture->users), ==, 0);
}

/* Test that a user is told to try again while the service is gone, and guests do not notice. */
static void
test_service_gone (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = dou_test_users_issue (&fixture->users, 1, 0);

  dou_test_users_stop_service (&fixture->users);
  g_test_expect_message ("doutok", G_LOG_LEVEL_INFO, "*sending the batch again");
  g_test_expect_message ("doutok", G_LOG_LEVEL_WARNING, "GetGenerations: *");
  assert_answer (fixture, "/admitted", token, DOU_STATUS_UNAVAILABLE, 0);
  assert_answer (fixture, "/admitted", "", DOU_STATUS_OK, 0);

  dou_test_users_start_service (&fixture->users);
  assert_answer (fixture, "/admitted", token, DOU_STATUS_OK, 1);
}

/* Test that a user is known from the first request on, until the password changes. */
static void
test_user (Fixture *fixture, gconstpointer data)
{
  g_autofree char *old_token = dou_test_users_issue (&fixture->users, 1, 0);
  g_autofree char *new_token = dou_test_users_issue (&fixture->users, 1, 1);

  for (guint i = 0; i < 3; i++)
    {
      assert_answer (fixture, "/required", old_token, DOU_STATUS_OK, 1);
      assert_answer (fixture, "/admitted", old_token, DOU_STATUS_OK, 1);
    }

  dou_test_users_call (&fixture->users, "ChangePasswords", "([(int64 1, 'pw', 'new')],)");
  assert_answer (fixture, "/required", old_token, DOU_STATUS_UNAUTHORIZED, 0);
  assert_answer (fixture, "/admitted", old_token, DOU_STATUS_UNAUTHORIZED, 0);
  assert_answer (fixture, "/required", new_token, DOU_STATUS_OK, 1);
  g_assert_cmpuint (dou_test_users_get_n_calls (&fixture->users), ==, 1);
}

/* Test that routes which do not care who asks are served through the gate too. */
static void
test_other_routes (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = dou_test_users_issue (&fixture->users, 1, 0);
  g_autofree char *request = make_request ("/hello", token);
  g_autoptr (DouTestAnswer) answer = dou_test_server_exchange (&fixture->server, request);

  dou_test_assert_status (answer, 200, DOU_STATUS_OK);
  g_assert_cmpuint (fixture->server.n_handled, ==, 1);
}

static gboolean
has_required (gpointer data)
{
  return ((Fixture *) data)->n_required == 1;
}

/* Test that a client which leaves while the gateway asks who it is leaves nothing behind. */
static void
test_client_gone (Fixture *fixture, gconstpointer data)
{
  g_autofree char *token = dou_test_users_issue (&fixture->users, 1, 0);
  g_autofree char *request = make_request ("/required", token);
  DouTestClient *client = dou_test_server_connect (&fixture->server);

  dou_test_client_send (client, request);
  dou_test_server_wait_requests (&fixture->server, 1);
  dou_test_client_reset (client);
  dou_test_client_free (client);
  dou_test_server_wait_connections (&fixture->server, 0);
  dou_test_wait_until (has_required, fixture);
  assert_answer (fixture, "/required", token, DOU_STATUS_OK, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func)                                                                            \
  g_test_add ("/gateway/authenticator-requests/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("nobody", test_nobody);
  ADD ("service-gone", test_service_gone);
  ADD ("user", test_user);
  ADD ("other-routes", test_other_routes);
  ADD ("client-gone", test_client_gone);
#undef ADD

  return g_test_run ();
}
