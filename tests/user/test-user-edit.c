/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "common/dou-text.h"
#include "user/dou-user-edit.h"

static void
assert_set (const char *member, const char *value, DouStatus expected)
{
  DouUserEdit edit = { 1 };

  dou_user_edit_set (&edit, member, value);
  g_assert_cmpint (edit.status, ==, expected);
}

/* Test that only the members of a profile can be set. */
static void
test_unknown_members (void)
{
  const char *members[] = { "", "name", "id", "password", "Signature", "signature ", "background" };

  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    assert_set (members[i], "", DOU_STATUS_BAD_PARAMETER);
}

/* Test that a signature which would spoil a page, or says nothing, is refused. */
static void
test_bad_signatures (void)
{
  g_autofree char *long_text = g_strnfill (DOU_TEXT_SIGNATURE_MAX + 1, 's');
  const char *texts[] = { " ",
                          "\n \n",
                          "a\tb",
                          "a\rb",
                          "a\x1b[31m",
                          "a\x7f",
                          "\xff",
                          "a\xc2\x85"
                          "b",
                          "\xed\xa0\xbd",
                          long_text };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_set ("signature", texts[i], DOU_STATUS_BAD_SIGNATURE);
}

/* Test that a picture is in its own directory, under a name that leads nowhere else. */
static void
test_bad_pictures (void)
{
  const char *paths[] = {
    "avatar",
    "avatar/",
    "avatar/07/28672",
    "avatar/07/.jpg",
    "avatar/07/28672.png",
    "avatar/07/28672.jpg ",
    "avatar/07/28672.JPG",
    "avatar/07/028672.jpg",
    "avatar/07/+28672.jpg",
    "avatar/07/ 28672.jpg",
    "avatar/07/28672-1.jpg",
    "avatar/7/28672.jpg",
    "avatar/08/28672.jpg",
    "avatar/0A/40960.jpg",
    "avatar/00/0.jpg",
    "avatar/00/9007199254740992.jpg",
    "avatar/00/18446744073709551616.jpg",
    "avatar/../avatar/07/28672.jpg",
    "avatar//07/28672.jpg",
    "/avatar/07/28672.jpg",
    "background/07/28672.jpg",
    "cover/07/28672.jpg",
    "http://example.org/avatar/07/28672.jpg",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    assert_set ("avatar", paths[i], DOU_STATUS_BAD_PARAMETER);
  assert_set ("background_image", "avatar/07/28672.jpg", DOU_STATUS_BAD_PARAMETER);
  assert_set ("background_image", "background_image/07/28672.jpg", DOU_STATUS_BAD_PARAMETER);
}

/* Test what is accepted: the longest, the largest, and nothing. */
static void
test_good (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < DOU_TEXT_SIGNATURE_MAX; i++)
    g_string_append (text, "😀");

  assert_set ("signature", text->str, DOU_STATUS_OK);
  assert_set ("signature", "", DOU_STATUS_OK);
  assert_set ("signature", " two\nlines שלום ", DOU_STATUS_OK);
  assert_set ("avatar", "", DOU_STATUS_OK);
  assert_set ("avatar", "avatar/0a/40960.jpg", DOU_STATUS_OK);
  assert_set ("avatar", "avatar/ff/9007199254740991.jpg", DOU_STATUS_OK);
  assert_set ("background_image", "", DOU_STATUS_OK);
  assert_set ("background_image", "background/00/256.jpg", DOU_STATUS_OK);
}

/* Test that a refused member is not forgotten over a good one. */
static void
test_status_stays (void)
{
  DouUserEdit edit = { 1 };

  dou_user_edit_set (&edit, "signature", "\t");
  dou_user_edit_set (&edit, "avatar", "");
  g_assert_cmpint (edit.status, ==, DOU_STATUS_BAD_SIGNATURE);
}

/* Test that of two edits the later one counts, member by member. */
static void
test_merge (void)
{
  DouUserEdit edit = { .id = 1, .signature = "a", .avatar = "avatar/01/1.jpg" };
  const DouUserEdit later = { .id = 1, .signature = "", .background_image = "background/02/2.jpg" };

  dou_user_edit_merge (&edit, &later);
  g_assert_cmpstr (edit.signature, ==, "");
  g_assert_cmpstr (edit.avatar, ==, "avatar/01/1.jpg");
  g_assert_cmpstr (edit.background_image, ==, "background/02/2.jpg");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/user/edit/unknown-members", test_unknown_members);
  g_test_add_func ("/user/edit/bad-signatures", test_bad_signatures);
  g_test_add_func ("/user/edit/bad-pictures", test_bad_pictures);
  g_test_add_func ("/user/edit/good", test_good);
  g_test_add_func ("/user/edit/status-stays", test_status_stays);
  g_test_add_func ("/user/edit/merge", test_merge);

  return g_test_run ();
}
