/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "launcher/dou-test-tree.h"

/* What makes no sense as a command line. */
#define USAGE 2

static void
set_up (DouTestTree **tree, gconstpointer data)
{
  *tree = dou_test_tree_new ();
}

static void
tear_down (DouTestTree **tree, gconstpointer data)
{
  dou_test_tree_free (*tree);
}

static void
assert_run (DouTestTree *tree, int expected, const char *in_output, const char *in_errors,
            const char *first, const char *second, const char *third)
{
  g_autoptr (DouTestRun) run = dou_test_run_new (tree, NULL, first, second, third, NULL);
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  int exit_status = dou_test_run_wait (run, &output, &errors);

  g_assert_cmpint (exit_status, ==, expected);
  if (in_output != NULL)
    g_assert_nonnull (strstr (output, in_output));
  else
    g_assert_cmpstr (output, ==, "");
  if (in_errors != NULL)
    g_assert_nonnull (strstr (errors, in_errors));
  else
    g_assert_cmpstr (errors, ==, "");
}

/* Test that every mistake is named, with a hint where help is, and exit status 2. */
static void
test_mistakes (DouTestTree **tree, gconstpointer data)
{
  static const struct
  {
    const char *arguments[4];
    const char *named;
    const char *hint;
  } cases[] = {
    { { NULL }, "doutok: a command is missing\n", "doutok --help" },
    { { "server" }, "“server”", "doutok --help" },
    { { "--verbose" }, "“--verbose”", "doutok --help" },
    { { "serve", "--port=80" }, "--port", "doutok serve --help" },
    { { "serve", "now" }, "“now”", "doutok serve --help" },
    { { "serve", "--listen" }, "--listen", "doutok serve --help" },
    { { "check", "--listen=:0" }, "--listen", "doutok check --help" },
    { { "bus" }, "address", "doutok bus --help" },
    { { "bus", "list" }, "“list”", "doutok bus --help" },
    { { "bus", "address", "please" }, "“please”", "doutok bus address --help" },
    { { "log-level", "video" }, "a part and a level", "doutok log-level --help" },
    { { "log-level", "video", "loud" }, "“loud”", "doutok log-level --help" },
    { { "demo", "--users=0" }, "--users", "doutok demo --help" },
    { { "demo", "--videos=5" }, "--videos", "doutok demo --help" },
    { { "demo", "--videos=many" }, "many", "doutok demo --help" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *const *arguments = cases[i].arguments;

      assert_run (*tree, USAGE, NULL, cases[i].named, arguments[0], arguments[1], arguments[2]);
      assert_run (*tree, USAGE, NULL, cases[i].hint, arguments[0], arguments[1], arguments[2]);
    }
}

/* Test that a bad setting is named by its option, or by file, group and key. */
static void
test_bad_settings (DouTestTree **tree, gconstpointer data)
{
  g_autofree char *path = g_build_filename ((*tree)->path, "doutok.conf", NULL);
  g_autofree char *option = g_strconcat ("--config=", path, NULL);
  g_autofree char *named = g_strconcat ("doutok: ", path, ": [server] port: ", NULL);

  assert_run (*tree, EXIT_FAILURE, NULL, "doutok: --workers: ", "serve", "--workers=x", NULL);
  g_assert_true (g_file_set_contents (path, "[server]\nport=80\n", -1, NULL));
  assert_run (*tree, EXIT_FAILURE, NULL, named, "serve", "--config", path);
  assert_run (*tree, EXIT_FAILURE, NULL, named, "bus", "address", option);
}

/* Test what is printed when it is asked for, on standard output. */
static void
test_help (DouTestTree **tree, gconstpointer data)
{
  assert_run (*tree, EXIT_SUCCESS, "doutok " DOU_VERSION "\n", NULL, "--version", NULL, NULL);
  assert_run (*tree, EXIT_SUCCESS, "  serve ", NULL, "--help", NULL, NULL);
  assert_run (*tree, EXIT_SUCCESS, "doutok serve [OPTION…]", NULL, "serve", "--help", NULL);
  assert_run (*tree, EXIT_SUCCESS, "--listen=ADDRESS:PORT", NULL, "serve", "--help", NULL);
  assert_run (*tree, EXIT_SUCCESS, "--if-empty", NULL, "demo", "--help", NULL);
  assert_run (*tree, EXIT_SUCCESS, "doutok check", NULL, "check", "--help", NULL);
  assert_run (*tree, EXIT_SUCCESS, "doutok bus address", NULL, "bus", "--help", NULL);
  assert_run (*tree, EXIT_SUCCESS, "--state-dir", NULL, "bus", "address", "--help");
}

/* Test that what people read arrives whole where no locale is set, as on a bare Debian. */
static void
test_no_locale (DouTestTree **tree, gconstpointer data)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_subprocess_launcher_set_environ (launcher, (char *[]){ NULL });
  process = g_subprocess_launcher_spawn (launcher, &error, (*tree)->doutok, "frob", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &text, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (text, "“frob”"));
}

/* The program of the build tree or the installed one: the tree of a test has no translations. */
static char *
get_program (void)
{
  const char *directory = g_getenv ("DOUTOK_TEST_BINDIR");

  return directory != NULL
             ? g_build_filename (directory, "doutok", NULL)
             : g_test_build_filename (G_TEST_BUILT, "..", "src", "launcher", "doutok", NULL);
}

/* What a program says on standard output, or on standard error, in an environment of two variables. */
static char *
run_program_in (const char *program, const char *first, const char *second,
                const char *const *arguments)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_ptr_array_add (argv, (gpointer) program);
  for (gsize i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) arguments[i]);
  g_ptr_array_add (argv, NULL);

  g_subprocess_launcher_set_environ (launcher, (char *[]){ (char *) first, (char *) second, NULL });
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* What the command says in an environment of two variables. */
static char *
run_in (const char *first, const char *second, const char *const *arguments)
{
  g_autofree char *program = get_program ();

  return run_program_in (program, first, second, arguments);
}

/* Test that the parts of the server, too, say in the language of the environment why they cannot start. */
static void
test_parts (DouTestTree **tree, gconstpointer data)
{
  static const char *const parts[] = { "user", "video", "social", "chat", "gateway" };
  static const struct
  {
    const char *arguments[3];
    const char *english;
    const char *chinese;
  } cases[] = {
    { { NULL }, "No bus: give --bus-address", "没有总线" },
    { { "--bus-address=unix:path=/nonexistent" },
      "Cannot connect to the bus at unix:path=/nonexistent: ",
      "无法连接位于 unix:path=/nonexistent 的总线" },
    { { "--config=/nonexistent" }, "/nonexistent: ", "/nonexistent: " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (cases); j++)
      {
        g_autofree char *name = g_strdup_printf ("doutok-%s", parts[i]);
        g_autofree char *program
            = g_test_build_filename (G_TEST_BUILT, "..", "src", parts[i], name, NULL);
        g_autofree char *english
            = run_program_in (program, "LANG=C.UTF-8", NULL, cases[j].arguments);
        g_autofree char *chinese
            = run_program_in (program, "LANG=zh_CN.UTF-8", NULL, cases[j].arguments);

        g_test_message ("%s: %s%s", name, english, chinese);
        g_assert_nonnull (strstr (english, cases[j].english));
        g_assert_nonnull (strstr (chinese, cases[j].chinese));
      }
}

/* Test that all of the help, and mistakes, are in the language of the environment, whether its locale is
 * installed or not. */
static void
test_chinese (DouTestTree **tree, gconstpointer data)
{
  static const char *const environments[][2] = {
    { "LANG=zh_CN.UTF-8", NULL },
    { "LANG=zh_CN", NULL },
    { "LANG=zh", NULL },
    { "LANG=zh_TW.UTF-8", NULL },
    { "LANG=zh_HK", NULL },
    { "LANG=zh_SG.utf8", "LANGUAGE=" },
    { "LC_ALL=zh_CN.UTF-8", "LANG=en_US.UTF-8" },
    { "LC_MESSAGES=zh_CN.utf8", "LANG=C" },
    { "LANG=C.UTF-8", "LANGUAGE=zh_CN" },
    { "LANG=C.UTF-8", "LANGUAGE=zh" },
    { "LANG=C.UTF-8", "LANGUAGE=de:zh_TW:en" },
    { "LANG=en_US.UTF-8", "LANGUAGE=zh_CN:en" },
  };
  static const struct
  {
    const char *arguments[5];
    const char *text;
  } cases[] = {
    { { "--help" }, "运行服务器" },
    { { "serve", "--help" }, "手机访问本服务器所用的地址" },
    { { "check", "--help" }, "逐项检查" },
    { { "demo", "--help" }, "要发布的视频数" },
    { { "bus", "--help" }, "用法" },
    { { "bus", "address", "--help" }, "运行中的服务器的 D-Bus 地址" },
    { { "frob" }, "没有命令“frob”" },
    { { "serve", "--listen=frob" }, "无法监听“frob”：" },
    { { "check", "--config=/nonexistent" }, "FAIL configuration: " },
    { { "check", "--state-dir=/nonexistent" }, "（尚未创建）" },
    { { "demo", "--url=http://127.0.0.1:1/" }, "http://127.0.0.1:1 没有服务器应答" },
    { { "bus", "address", "--state-dir=/nonexistent" }, "doutok 在运行" },
    { { NULL }, "缺少命令" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (environments); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (cases); j++)
      {
        g_autofree char *text
            = run_in (environments[i][0], environments[i][1], cases[j].arguments);

        g_test_message ("%s: %s", environments[i][0], text);
        g_assert_nonnull (strstr (text, cases[j].text));
      }
}

/* Test that everybody else is spoken to in English. */
static void
test_english (DouTestTree **tree, gconstpointer data)
{
  static const char *const environments[][2] = {
    { NULL, NULL },
    { "LANG=C", NULL },
    { "LANG=C.UTF-8", NULL },
    { "LANG=en_US.UTF-8", NULL },
    { "LANG=de_DE.UTF-8", NULL },
    { "LANG=nonsense", NULL },
    { "LC_ALL=C", "LANG=zh_CN.UTF-8" },
    { "LANG=zh_CN.UTF-8", "LANGUAGE=en" },
    { "LANG=C.UTF-8", "LANGUAGE=zha" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (environments); i++)
    {
      g_autofree char *text = run_in (environments[i][0], environments[i][1],
                                      (const char *const[]){ "--help", NULL });

      g_test_message ("%s", environments[i][0]);
      g_assert_nonnull (strstr (text, "run the server"));
    }
}

/* Test that a command which needs a server says that there is none. */
static void
test_no_server (DouTestTree **tree, gconstpointer data)
{
  assert_run (*tree, EXIT_FAILURE, NULL, "No doutok is running on", "bus", "address", NULL);
  assert_run (*tree, EXIT_FAILURE, "1/", "No server answers at http://127.0.0.1:1", "demo",
              "--url=http://127.0.0.1:1/", NULL);
  assert_run (*tree, EXIT_FAILURE, NULL, "“ftp://127.0.0.1” is not a URL", "demo",
              "--url=ftp://127.0.0.1", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) \
  g_test_add ("/launcher/command-line/" name, DouTestTree *, NULL, set_up, func, tear_down)
  ADD ("mistakes", test_mistakes);
  ADD ("bad-settings", test_bad_settings);
  ADD ("help", test_help);
  ADD ("no-locale", test_no_locale);
  ADD ("chinese", test_chinese);
  ADD ("parts", test_parts);
  ADD ("english", test_english);
  ADD ("no-server", test_no_server);
#undef ADD

  return g_test_run ();
}
