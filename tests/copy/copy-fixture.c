/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "common/dou-database-schema.h"
#include "copy/dou-copy-catalog.h"
#include "copy/dou-copy-plan.h"
#include "copy-fixture.h"
#include "lib/dou-test-dir.h"
#include "lib/dou-test-engine.h"

#define LARGEST "9223372036854775807"
#define SMALLEST "-9223372036854775808"

/* What somebody may call a video. In JSON; in C, each backslash is two. */
#define HOSTILE \
  "\"'; DROP TABLE videos; -- \\\\ \\\" ` %s ##json::string $1 ? \\n\\t\\u0001 😀 e\\u0301 \\u2028 \\\\0\""

typedef struct
{
  const char *domain;
  const char *sql;
  const char *json;
} Rows;

/* Written as the stores write: the triggers of the source make the rest. */
static const Rows rows[] = {
  { "user", "users (id, name, name_key, password_hash, avatar, background_image, signature, generation)",
    "[[1,\"Ann\",\"ann\",\"$argon2id$x\",\"avatar/00/5.jpg\",\"\",\"\",0],"
    "[2," HOSTILE "," HOSTILE ",\"\",\"\",\"\"," HOSTILE ",3],"
    "[" LARGEST ",\"blanks  \",\"blanks  \",\"\",\" \",\"\\n\",\"\",9007199254740993],"
    "[" SMALLEST ",\"БОЛЬ\",\"боль\",\"\",\"\",\"\",\"\",0],"
    "[-1,\"漢字\",\"漢字\",\"null\",\"\",\"\",\"[1]\",0]]" },
  { "user", "user_audit (id, acted, uid, login, action, target, why)",
    "[[1,5,0,\"root\",\"ban\",2,\"\"],[7,6,1000,\"ann\",\"unban\",2," HOSTILE "]]" },
  { "user", "user_deletions (id, name_key, deleted)", "[[5," HOSTILE ",7],[6,\"gone\",8]]" },
  { "video", "videos (id, author_id, title, file, cover, publish_time, transcode, attempts)",
    "[[10,1,\"\",\"video/00/10.mp4\",\"cover/00/10.jpg\",1000,0,0],"
    "[11,1," HOSTILE ",\"video/00/11.mp4\",\"\",1001,1,2],"
    "[" LARGEST ",2,\"true\",\"\",\"\"," LARGEST ",2,3]]" },
  { "video", "pictures (id, owner_id, kind, settled)", "[[5,1,0,1],[6,1,1,0]]" },
  { "video", "deleted_videos (id, author_id, deleted, pending)", "[[9,1,5,1],[8,2,6,0]]" },
  { "video", "video_removed_users (id)", "[[5],[6]]" },
  { "social", "social_removed_users (id)", "[[5],[6]]" },
  { "chat", "chat_removed_users (id)", "[[5],[6]]" },
  { "social", "favorites (sequence, user, video, author)",
    "[[1,1,10,1],[2,2,10,1],[3,2,11,1],[40,-1,11,1]]" },
  { "social", "follows (sequence, user, whom)", "[[1,1,2],[2,2,1],[3,-1,1],[7,2,-1],[8,-1,2]]" },
  { "social", "comments (id, video, user, text, created)",
    "[[100,10,1," HOSTILE ",1],[101,10,2,\"\",2],[102,11,2,\"plain\",3]]" },
  { "social", "feelings (comment, user, feeling)", "[[100,1,1],[100,2,2],[101,2,1]]" },
  { "social", "comment_requests (comment, user, request, created)",
    "[[100,1," HOSTILE ",1],[101,2,\" x \",2],[102,2,\" x\",3]]" },
  { "social", "deleted_comments (id, video, user, created, deleter, deleted)", "[[99,10,1,1,2,3]]" },
  { "social", "removed_videos (video, pending)", "[[9,1],[8,0]]" },
  { "chat", "messages (receiver, sender, time, id, request_id, text)",
    "[[1,2,1,1000,null," HOSTILE "],[1,2,2,1001,\"\",\"\"],[2,1,3,1002," HOSTILE ",\"x\"],"
    "[1,-1,4,1003,\"a \",\"y\"],[1,-1,5,1004,\"a\",\"z\"],[" LARGEST "," SMALLEST "," LARGEST ","
    LARGEST ",null,\"w\"]]" },
  { "chat", "read_marks (reader, other, time)", "[[1,2,2],[2,1,3]]" },
  { "chat", "conversations (reader, other, message)",
    "[[1,2,1002],[2,1,1002],[1,-1,1004],[-1,1,1004]]" },
};

static const char *const media[] = { "video/00/10.mp4", "cover/00/10.jpg", "avatar/00/5.jpg" };

static char *
make_path (DouConfig *config, const char *name)
{
  return g_build_filename (dou_config_get_string (config, DOU_CONFIG_STATE_DIR), name, NULL);
}

static void
write_file (DouConfig *config, const char *name, const char *text)
{
  g_autofree char *path = make_path (config, name);
  g_autofree char *directory = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

/**
 * copy_fixture_make_config:
 * @self: the fixture
 * @name: of the state directory, which is made
 *
 * Returns: (transfer full): a configuration, on SQLite
 */
DouConfig *
copy_fixture_make_config (CopyFixture *self, const char *name)
{
  g_autofree char *state_dir = g_build_filename (self->directory, name, NULL);
  DouConfig *config = dou_config_new ();

  g_assert_cmpint (g_mkdir_with_parents (state_dir, 0700), ==, 0);
  g_assert_true (dou_config_set (config, DOU_CONFIG_STATE_DIR, state_dir, NULL));
  return config;
}

static void
use_server (DouConfig *config, const DouDatabaseAddress *address)
{
  g_autofree char *port = g_strdup_printf ("%u", address->port);

  g_assert_true (dou_config_set (config, DOU_CONFIG_DATABASE_ENGINE, address->engine, NULL));
  g_assert_true (dou_config_set (config, DOU_CONFIG_DATABASE_HOST, address->host, NULL));
  g_assert_true (dou_config_set (config, DOU_CONFIG_DATABASE_PORT, port, NULL));
  g_assert_true (dou_config_set (config, DOU_CONFIG_DATABASE_NAME, address->name, NULL));
  g_assert_true (dou_config_set (config, DOU_CONFIG_DATABASE_USER, address->user, NULL));
  g_assert_true (dou_config_set (config, DOU_CONFIG_DATABASE_PASSWORD, address->password, NULL));
}

/**
 * copy_fixture_connect:
 * @config: where to
 * @domain: whose tables
 *
 * Returns: (transfer full): a connection
 */
DouTransaction *
copy_fixture_connect (DouConfig *config, const char *domain)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DouDatabaseAddress) address
      = dou_database_address_new_from_config (config, domain, &error);
  DouTransaction *database = NULL;

  g_assert_no_error (error);
  database = dou_copy_catalog_connect (address, &error);
  g_assert_no_error (error);
  return database;
}

void
copy_fixture_execute (DouConfig *config, const char *domain, const char *sql)
{
  g_autoptr (DouTransaction) database = copy_fixture_connect (config, domain);
  g_autoptr (GError) error = NULL;

  dou_transaction_run_sql (database, sql, &error);
  g_assert_no_error (error);
}

gint64
copy_fixture_get_number (DouConfig *config, const char *domain, const char *sql)
{
  g_autoptr (DouTransaction) database = copy_fixture_connect (config, domain);
  g_autoptr (GError) error = NULL;
  gint64 number;

  dou_copy_catalog_get_number (database, "number", sql, &number, &error);
  g_assert_no_error (error);
  return number;
}

static void
make_tables (DouConfig *config)
{
  for (guint i = 0; i < DOU_COPY_N_DOMAINS; i++)
    {
      g_autoptr (DouTransaction) database = copy_fixture_connect (config, dou_copy_domains[i]);
      g_autoptr (GError) error = NULL;
      guint version;

      dou_database_schema_migrate (database, dou_copy_domains[i], &version, &error);
      g_assert_no_error (error);
    }
}

static void
insert (DouConfig *config, const Rows *what)
{
  g_autoptr (DouTransaction) database = copy_fixture_connect (config, what->domain);
  g_autoptr (GString) sql = g_string_new ("INSERT INTO ");
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) columns = g_strsplit (what->sql, ",", -1);

  g_string_append_printf (sql, "%s SELECT ", what->sql);
  for (guint i = 0; columns[i] != NULL; i++)
    g_string_append_printf (sql, "%sj.value ->> %u", i > 0 ? ", " : "", i);
  g_string_append (sql, " FROM json_each(##json::string) AS j");
  dou_transaction_add_statement (database, "insert", sql->str);
  dou_transaction_execute (database, "insert", what->json, NULL, &error);
  g_assert_no_error (error);
}

static void
fill (DouConfig *config)
{
  make_tables (config);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    insert (config, &rows[i]);

  /* A number that was used, and whose row is gone. */
  copy_fixture_execute (config, "social", "DELETE FROM favorites WHERE sequence = 40");
  write_file (config, "token-keys", "00000000 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
  for (gsize i = 0; i < G_N_ELEMENTS (media); i++)
    {
      g_autofree char *name = g_build_filename ("media", media[i], NULL);

      write_file (config, name, media[i]);
    }
}

void
copy_fixture_set_up (CopyFixture *self, gconstpointer data)
{
  g_autofree char *middle = NULL;

  self->directory = dou_test_dir_new ();
  self->first = copy_fixture_make_config (self, "first");
  self->middle = copy_fixture_make_config (self, "middle");
  self->last = copy_fixture_make_config (self, "last");
  self->address = dou_test_engine_create (self->directory, "all");
  if (dou_test_engine_is_server ())
    use_server (self->middle, self->address);
  fill (self->first);
}

void
copy_fixture_tear_down (CopyFixture *self, gconstpointer data)
{
  g_clear_object (&self->first);
  g_clear_object (&self->middle);
  g_clear_object (&self->last);
  dou_test_engine_remove (self->address);
  dou_test_dir_remove (self->directory);
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* All that sqlite3(1) says of a file: schema, rows, sequences. Its lines are sorted, since the order of
 * triggers among indices means nothing. */
static char **
dump (DouConfig *config, const char *domain)
{
  g_autofree char *name = g_strconcat (domain, ".db", NULL);
  g_autofree char *path = make_path (config, name);
  const char *const argv[] = { "sqlite3", "-readonly", path, ".dump", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  char **lines;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, &status,
                &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  lines = g_strsplit (output, "\n", -1);
  qsort (lines, g_strv_length (lines), sizeof *lines, compare_lines);
  return lines;
}

/**
 * copy_fixture_assert_same_files:
 * @a: a configuration, on SQLite
 * @b: another one
 *
 * Asserts that databases, keys and media are the same.
 */
void
copy_fixture_assert_same_files (DouConfig *a, DouConfig *b)
{
  for (guint i = 0; i < DOU_COPY_N_DOMAINS; i++)
    {
      g_auto (GStrv) expected = dump (a, dou_copy_domains[i]);
      g_auto (GStrv) found = dump (b, dou_copy_domains[i]);

      g_assert_cmpuint (g_strv_length (found), >, 20);
      for (guint j = 0; expected[j] != NULL; j++)
        g_assert_cmpstr (found[j], ==, expected[j]);
      g_assert_cmpuint (g_strv_length (found), ==, g_strv_length (expected));
    }

  for (gsize i = 0; i <= G_N_ELEMENTS (media); i++)
    {
      g_autofree char *name = i < G_N_ELEMENTS (media) ? g_build_filename ("media", media[i], NULL)
                                                       : g_strdup ("token-keys");
      g_autofree char *expected_path = make_path (a, name);
      g_autofree char *found_path = make_path (b, name);
      g_autofree char *expected = NULL;
      g_autofree char *found = NULL;

      g_assert_true (g_file_get_contents (expected_path, &expected, NULL, NULL));
      g_assert_true (g_file_get_contents (found_path, &found, NULL, NULL));
      g_assert_cmpstr (found, ==, expected);
    }
}
