/* SPDX-License-Identifier: Apache-2.0 */

/* What a node has beside its database where there are several of them: a Redis, and an object store for its
 * media. Both are real, and shared by the servers of a test program, one after the other. */

#include "config.h"

#include <stdlib.h>

#include "lib/dou-test-object-store.h"
#include "lib/dou-test-redis.h"
#include "lib/dou-test-surroundings.h"

static DouTestRedis *redis;         /* (owned) (nullable) */
static DouTestObjectStore *objects; /* (owned) (nullable) */
static guint n_buckets;

static void
end_surroundings (void)
{
  g_clear_pointer (&redis, dou_test_redis_free);
  g_clear_pointer (&objects, dou_test_object_store_free);
}

static void
ensure_surroundings (void)
{
  if (redis != NULL)
    return;

  redis = dou_test_redis_new (NULL);
  objects = dou_test_object_store_new ();
  atexit (end_surroundings);
}

/**
 * dou_test_surroundings_get_config:
 *
 * Returns: (transfer full) (nullable): groups of a configuration file for a server with what is around it
 *   under test, among it a bucket of its own; %NULL if there is nothing around it
 */
char *
dou_test_surroundings_get_config (void)
{
  g_autofree char *bucket = NULL;
  g_autofree char *url = NULL;

  if (g_getenv ("DOUTOK_TEST_SURROUNDINGS") == NULL)
    return NULL;

  ensure_surroundings ();
  bucket = g_strdup_printf ("surroundings-%u", n_buckets++);
  dou_test_object_store_make_bucket (objects, bucket);
  url = dou_test_redis_get_url (redis);
  return g_strdup_printf ("[redis]\nurl=%s\n[media]\nstore=s3\ns3-endpoint=http://%s\ns3-bucket=%s\n"
                          "s3-access-key=" DOU_TEST_ACCESS_KEY "\ns3-secret-key=" DOU_TEST_SECRET_KEY "\n"
                          "s3-redirect=proxy\n",
                          url, objects->host, bucket);
}
