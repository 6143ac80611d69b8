/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <string.h>

#include "gateway/dou-parameters.h"

#define FORM "application/x-www-form-urlencoded"
#define MULTIPART "multipart/form-data; boundary=b"

static void
assert_form_status (const char *form, gsize length, DouStatus expected)
{
  g_autofree char *escaped = g_strescape (form, NULL);
  g_auto (DouParameters) parameters;

  dou_parameters_init (&parameters);
  g_test_message ("“%s”", escaped);
  g_assert_cmpint (dou_parameters_add_form (&parameters, form, length), ==, expected);
}

static DouStatus
add_body (DouParameters *parameters, const char *type, const char *body)
{
  return dou_parameters_add_body (parameters, type, (const guint8 *) body, strlen (body));
}

/* Test that what cannot be read is refused, rather than taken for something else or for nothing. */
static void
test_refused (void)
{
  const char *bad[] = {
    "a=%",    "a=%1",     "a=%zz",       "a=%0g",    "%=1",    "a=1&b=%",
    "a=%00",  "%00=a",    "a=1%002",     "a=%ff",    "a=\xff", "a=%c3",
    "a=\xc3", "%e4%bd=1", "a=%ed%a0%bd", "a=%c0%80", "a=%+41", "a=% 41",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_form_status (bad[i], strlen (bad[i]), DOU_STATUS_BAD_PARAMETER);

  assert_form_status ("a=1\0&b=2", 8, DOU_STATUS_BAD_PARAMETER);
}

/* Test that there is a limit to how many there are, and that it is where it says. */
static void
test_too_many (void)
{
  g_autoptr (GString) form = g_string_new ("a0=0");

  for (guint i = 1; i < DOU_PARAMETERS_MAX; i++)
    g_string_append_printf (form, "&a%u=%u", i, i);
  assert_form_status (form->str, form->len, DOU_STATUS_OK);

  g_string_append (form, "&");
  assert_form_status (form->str, form->len, DOU_STATUS_OK);

  g_string_append (form, "z=1");
  assert_form_status (form->str, form->len, DOU_STATUS_BAD_PARAMETER);
}

/* Test that a multipart body which is cut off, or no such thing, is refused. */
static void
test_bad_multipart (void)
{
  const char *bad[] = {
    "",
    "--b\r\n",
    "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n",
    "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b",
    "a=1&b=2",
  };
  g_auto (DouParameters) parameters;

  dou_parameters_init (&parameters);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_cmpint (add_body (&parameters, MULTIPART, bad[i]), ==, DOU_STATUS_BAD_REQUEST);

  g_assert_cmpint (add_body (&parameters, "multipart/form-data", "--b--\r\n"), ==,
                   DOU_STATUS_BAD_REQUEST);
}

/* Test that a field which is not text is refused, wherever it comes from. */
static void
test_bad_field (void)
{
  static const char nul[]
      = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\0002\r\n--b--\r\n";
  static const char latin[]
      = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xe9\r\n--b--\r\n";
  g_auto (DouParameters) parameters;

  dou_parameters_init (&parameters);
  g_assert_cmpint (
      dou_parameters_add_body (&parameters, MULTIPART, (const guint8 *) nul, sizeof nul - 1), ==,
      DOU_STATUS_BAD_PARAMETER);
  g_assert_cmpint (add_body (&parameters, MULTIPART, latin), ==, DOU_STATUS_BAD_PARAMETER);
  g_assert_cmpint (dou_parameters_add (&parameters, "a", "\xe9"), ==, DOU_STATUS_BAD_PARAMETER);
  g_assert_null (dou_parameters_get (&parameters, "a"));
}

/* Test what a query may look like. */
static void
test_form (void)
{
  static const char form[] = "plain=1&plus=a+b&escaped=%e4%bd%a0%2B%26%3D&UPPER=%E4%BD%A0"
                             "&raw=\xe4\xbd\xa0&empty=&bare&two=1=2&&=nameless&%6eame=n";
  g_auto (DouParameters) parameters;

  dou_parameters_init (&parameters);
  g_assert_cmpint (dou_parameters_add_form (&parameters, form, strlen (form)), ==, DOU_STATUS_OK);

  g_assert_cmpstr (dou_parameters_get (&parameters, "plain"), ==, "1");
  g_assert_cmpstr (dou_parameters_get (&parameters, "plus"), ==, "a b");
  g_assert_cmpstr (dou_parameters_get (&parameters, "escaped"), ==, "你+&=");
  g_assert_cmpstr (dou_parameters_get (&parameters, "UPPER"), ==, "你");
  g_assert_cmpstr (dou_parameters_get (&parameters, "raw"), ==, "你");
  g_assert_cmpstr (dou_parameters_get (&parameters, "empty"), ==, "");
  g_assert_cmpstr (dou_parameters_get (&parameters, "bare"), ==, "");
  g_assert_cmpstr (dou_parameters_get (&parameters, "two"), ==, "1=2");
  g_assert_cmpstr (dou_parameters_get (&parameters, "name"), ==, "n");
  g_assert_null (dou_parameters_get (&parameters, "Plain"));
  g_assert_null (dou_parameters_get (&parameters, "plai"));
  g_assert_null (dou_parameters_get (&parameters, ""));
}

/* Test that the first of a name wins, also over places, and that the query comes first. */
static void
test_order (void)
{
  g_auto (DouParameters) parameters;

  dou_parameters_init (&parameters);
  g_assert_cmpint (dou_parameters_add_form (&parameters, "a=1&a=2&b=1", 11), ==, DOU_STATUS_OK);
  g_assert_cmpint (add_body (&parameters, FORM, "a=3&c=3&c=4"), ==, DOU_STATUS_OK);
  g_assert_cmpint (dou_parameters_add (&parameters, "b", "5"), ==, DOU_STATUS_OK);
  g_assert_cmpint (dou_parameters_add (&parameters, "d", "5"), ==, DOU_STATUS_OK);

  g_assert_cmpstr (dou_parameters_get (&parameters, "a"), ==, "1");
  g_assert_cmpstr (dou_parameters_get (&parameters, "b"), ==, "1");
  g_assert_cmpstr (dou_parameters_get (&parameters, "c"), ==, "3");
  g_assert_cmpstr (dou_parameters_get (&parameters, "d"), ==, "5");
}

/* Test that fields of a multipart body are read, and files among them passed over. */
static void
test_multipart (void)
{
  static const char body[]
      = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1+%31\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n\xff\xfe\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"名\"\r\n\r\n字\r\n--b--\r\n";
  g_auto (DouParameters) parameters;

  dou_parameters_init (&parameters);
  g_assert_cmpint (add_body (&parameters, MULTIPART, body), ==, DOU_STATUS_OK);

  g_assert_cmpstr (dou_parameters_get (&parameters, "a"), ==, "1+%31");
  g_assert_cmpstr (dou_parameters_get (&parameters, "empty"), ==, "");
  g_assert_cmpstr (dou_parameters_get (&parameters, "名"), ==, "字");
  g_assert_null (dou_parameters_get (&parameters, "f"));
}

/* Test that the type says what a body is, in any spelling, and that other types have no fields. */
static void
test_types (void)
{
  const char *forms[]
      = { FORM, FORM ";charset=utf-8", FORM " ; x", "Application/X-WWW-Form-Urlencoded" };
  const char *others[] = { NULL, "", "text/plain", "application/json", FORM "x", "multipart" };

  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_auto (DouParameters) parameters;

      dou_parameters_init (&parameters);
      g_assert_cmpint (add_body (&parameters, forms[i], "a=1"), ==, DOU_STATUS_OK);
      g_assert_cmpstr (dou_parameters_get (&parameters, "a"), ==, "1");
    }

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_auto (DouParameters) parameters;

      dou_parameters_init (&parameters);
      g_assert_cmpint (add_body (&parameters, others[i], "a=1&b=%"), ==, DOU_STATUS_OK);
      g_assert_null (dou_parameters_get (&parameters, "a"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gateway/parameters/refused", test_refused);
  g_test_add_func ("/gateway/parameters/too-many", test_too_many);
  g_test_add_func ("/gateway/parameters/bad-multipart", test_bad_multipart);
  g_test_add_func ("/gateway/parameters/bad-field", test_bad_field);
  g_test_add_func ("/gateway/parameters/form", test_form);
  g_test_add_func ("/gateway/parameters/order", test_order);
  g_test_add_func ("/gateway/parameters/multipart", test_multipart);
  g_test_add_func ("/gateway/parameters/types", test_types);

  return g_test_run ();
}
