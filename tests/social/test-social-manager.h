/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "dou-social-fixture.h"

G_BEGIN_DECLS

static inline void
assert_call (DouSocialFixture *fixture, const char *method, const char *items,
             const char *expected)
{
  dou_social_fixture_assert (fixture, method, items, expected);
}

static inline void
assert_told (DouSocialFixture *fixture, const char *expected)
{
  dou_social_fixture_assert_told (fixture, expected);
}

static inline void
forget_told (DouSocialFixture *fixture)
{
  g_string_truncate (fixture->told, 0);
}

#define SOCIAL_MANAGER_TEST(name, func)                                                            \
  g_test_add ("/social/manager/" name, DouSocialFixture, NULL, dou_social_fixture_set_up, func,    \
              dou_social_fixture_tear_down)

void add_comment_tests (void);

G_END_DECLS
