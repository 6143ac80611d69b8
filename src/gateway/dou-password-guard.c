/* SPDX-License-Identifier: Apache-2.0 */

/* Users who have logged in are asked for their password again where a token is not enough: to change it, to
 * take all that is kept of them along, to delete the account. Who has a token must not be able to find the
 * password out there, so guesses count as those of a login, and all together, whatever is asked for.
 *
 * They do not count as logins: who guesses here would keep the user from logging in, and who tries to log in,
 * which anybody may, from what needs a password here. */

#include "config.h"

#include "gateway/dou-password-guard.h"

/**
 * dou_password_guard_begin:
 * @context: what the handlers work with
 * @request: has a password
 * @user: whose it is to be
 *
 * Returns: %DOU_STATUS_OK, and then dou_password_guard_end() is to be called; or %DOU_STATUS_RATE_LIMITED,
 *   and the password must not be looked at
 */
DouStatus
dou_password_guard_begin (DouContext *context, DouRequest *request, gint64 user)
{
  g_autoptr (GInetAddress) client = dou_request_get_client_address (request);

  return dou_request_delay (request, dou_rate_limiter_begin_guess (context->limiter, user, client));
}

/**
 * dou_password_guard_end:
 * @context: what the handlers work with
 * @request: of dou_password_guard_begin()
 * @user: of dou_password_guard_begin()
 * @status: what has come of it; only %DOU_STATUS_BAD_CREDENTIALS is a guess
 */
void
dou_password_guard_end (DouContext *context, DouRequest *request, gint64 user, DouStatus status)
{
  g_autoptr (GInetAddress) client = dou_request_get_client_address (request);

  dou_rate_limiter_end_guess (context->limiter, user, client, status == DOU_STATUS_BAD_CREDENTIALS);
}
