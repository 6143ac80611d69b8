/* SPDX-License-Identifier: Apache-2.0 */

/* What a node has beside its database where there are several of them: a Redis, and an object store for its
 * media. Both are real. The object store is shared by the servers of a test program, each with a bucket of
 * its own; a Redis is not, since what one has counted in it would count for the next. */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/dou-test-object-store.h"
#include "lib/dou-test-redis.h"
#include "lib/dou-test-surroundings.h"

static GPtrArray *redises;          /* (owned) (nullable) (element-type DouTestRedis) */
static DouTestObjectStore *objects; /* (owned) (nullable) */

static void
end_surroundings (void)
{
  g_clear_pointer (&redises, g_ptr_array_unref);
  g_clear_pointer (&objects, dou_test_object_store_free);
}

static void
ensure_surroundings (void)
{
  if (objects != NULL)
    return;

  redises = g_ptr_array_new_with_free_func ((GDestroyNotify) dou_test_redis_free);
  objects = dou_test_object_store_new ();
  atexit (end_surroundings);
}

/**
 * dou_test_surroundings_make_bucket:
 *
 * Returns: (transfer full) (nullable): the name of a new bucket for the media of one server; %NULL if nothing is
 *   around the servers under test
 */
char *
dou_test_surroundings_make_bucket (void)
{
  char *bucket;

  if (g_getenv ("DOUTOK_TEST_SURROUNDINGS") == NULL)
    return NULL;

  ensure_surroundings ();
  bucket = g_strdup_printf ("surroundings-%u", redises->len);
  dou_test_object_store_make_bucket (objects, bucket);
  return bucket;
}

/**
 * dou_test_surroundings_get_config:
 * @bucket: (nullable): of dou_test_surroundings_make_bucket()
 *
 * Returns: (transfer full): groups of a configuration file for a server with that bucket, and a new Redis;
 *   without a bucket, nothing
 */
char *
dou_test_surroundings_get_config (const char *bucket)
{
  DouTestRedis *redis;
  g_autofree char *url = NULL;

  if (bucket == NULL)
    return g_strdup ("");

  redis = dou_test_redis_new (NULL);
  g_ptr_array_add (redises, redis);
  url = dou_test_redis_get_url (redis);
  return g_strdup_printf ("[redis]\nurl=%s\n[media]\nstore=s3\ns3-endpoint=http://%s\ns3-bucket=%s\n"
                          "s3-access-key=" DOU_TEST_ACCESS_KEY "\ns3-secret-key=" DOU_TEST_SECRET_KEY "\n"
                          "s3-redirect=proxy\n",
                          url, objects->host, bucket);
}

/**
 * dou_test_surroundings_list:
 * @bucket: of dou_test_surroundings_make_bucket()
 *
 * Returns: (transfer full) (element-type utf8): the names of all objects in it, as `video/ab/1.mp4`
 */
GPtrArray *
dou_test_surroundings_list (const char *bucket)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *list = dou_test_object_store_list (objects, bucket, NULL);
  g_auto (GStrv) parts = g_strsplit (list, "<Key>", -1);

  g_assert_null (strstr (list, "<IsTruncated>true"));
  for (guint i = 1; i < g_strv_length (parts); i++)
    g_ptr_array_add (names, g_strndup (parts[i], strcspn (parts[i], "<")));
  return names;
}

GBytes *
dou_test_surroundings_get (const char *bucket, const char *name)
{
  return dou_test_object_store_get (objects, bucket, name);
}

void
dou_test_surroundings_remove (const char *bucket, const char *name)
{
  dou_test_object_store_remove (objects, bucket, name);
}
