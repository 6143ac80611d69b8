/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "gateway/dou-cache.h"
#include "gateway/dou-test-services.h"

#define PLENTY (1024 * 1024)
#define COUNTS DOU_FACT_BIT (DOU_FACT_USER_COUNTS)
#define PROFILE DOU_FACT_BIT (DOU_FACT_PROFILE)

typedef struct
{
  DouTestServices services; /* must be first */
  DouCache *cache;          /* (owned) */
} Fixture;

/* A request. */
typedef struct
{
  Fixture *fixture;  /* (unowned) */
  DouRecord *record; /* (owned) */
  gboolean is_done;
  DouStatus status;
} Request;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  dou_test_services_set_up (&fixture->services, data);
  fixture->cache = dou_cache_new (fixture->services.backend, fixture->services.watch, PLENTY);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->cache);
  dou_test_services_tear_down (&fixture->services, data);
}

static void
loaded_cb (const GError *error, gpointer user_data)
{
  Request *request = user_data;

  request->is_done = TRUE;
  request->status = dou_status_from_error (error);
}

static void
request_begin (Request *request, Fixture *fixture, gint64 user, guint facts)
{
  *request = (Request){ fixture, dou_cache_get_user (fixture->cache, user), FALSE, DOU_STATUS_OK };
  request->is_done
      = dou_cache_load (fixture->cache, &request->record, 1, facts, loaded_cb, request);
}

static void
request_wait (Request *request)
{
  while (!request->is_done)
    g_main_context_iteration (NULL, TRUE);
}

static void
request_end (Request *request)
{
  g_assert_true (request->is_done);
  dou_record_unref (request->record);
}

/* Asks for the counts of user 1 and asserts what its follows are, without any call. */
static void
assert_known (Fixture *fixture, gint64 n_follows)
{
  guint n_calls = fixture->services.n_calls;
  Request request;

  request_begin (&request, fixture, 1, COUNTS);
  g_assert_true (request.is_done);
  g_assert_cmpint (request.record->counts[0], ==, n_follows);
  g_assert_cmpuint (fixture->services.n_calls, ==, n_calls);
  request_end (&request);
}

static void
learn_counts (Fixture *fixture)
{
  Request request;

  request_begin (&request, fixture, 1, COUNTS);
  g_assert_false (request.is_done);
  dou_test_services_answer (&fixture->services, "GetUserCounts", "[1]", "[(10, 0, 0, 0)]");
  request_wait (&request);
  g_assert_cmpint (request.record->counts[0], ==, 10);
  request_end (&request);
}

/* Test that an error reaches all who wait, is not remembered, and ends the load. */
static void
test_error (Fixture *fixture, gconstpointer data)
{
  Request first, second;

  request_begin (&first, fixture, 1, COUNTS);
  request_begin (&second, fixture, 1, COUNTS);
  dou_test_services_refuse (&fixture->services, "GetUserCounts");
  request_wait (&first);
  request_wait (&second);
  g_assert_cmpint (first.status, ==, DOU_STATUS_UNAVAILABLE);
  g_assert_cmpint (second.status, ==, DOU_STATUS_UNAVAILABLE);
  request_end (&first);
  request_end (&second);

  learn_counts (fixture);
}

/* Test that who does not exist is asked for again: nobody tells when an account is made. */
static void
test_missing (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      Request request;

      request_begin (&request, fixture, 1, PROFILE);
      g_assert_false (request.is_done);
      dou_test_services_answer (&fixture->services, "GetUsers", "[1]",
                                "[(14, 1, '', '', '', '')]");
      request_wait (&request);
      g_assert_cmpint (request.record->status, ==, DOU_STATUS_USER_NOT_FOUND);
      request_end (&request);
    }
}

/* Test that what is known is not asked for again, and that facts are known one by one. */
static void
test_hit (Fixture *fixture, gconstpointer data)
{
  Request request;

  learn_counts (fixture);
  assert_known (fixture, 10);

  request_begin (&request, fixture, 1, COUNTS | PROFILE);
  g_assert_false (request.is_done);
  dou_test_services_answer (&fixture->services, "GetUsers", "[1]", "[(0, 1, 'Ann', '', '', '')]");
  request_wait (&request);
  g_assert_cmpint (request.record->status, ==, DOU_STATUS_OK);
  request_end (&request);
  g_assert_cmpuint (fixture->services.n_calls, ==, 2);
  g_assert_cmpuint (dou_cache_get_statistics (fixture->cache)->hits[DOU_FACT_USER_COUNTS], ==, 2);
  g_assert_cmpuint (dou_cache_get_statistics (fixture->cache)->misses[DOU_FACT_USER_COUNTS], ==, 1);
}

/* Test that requests for the same fact make one call. */
static void
test_single_flight (Fixture *fixture, gconstpointer data)
{
  Request requests[3];

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    request_begin (&requests[i], fixture, 1, COUNTS);
  dou_test_services_answer (&fixture->services, "GetUserCounts", "[1]", "[(10, 0, 0, 0)]");
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      request_wait (&requests[i]);
      request_end (&requests[i]);
    }
  g_assert_cmpuint (fixture->services.n_calls, ==, 1);
}

/* Test that a change makes the fact unknown, and only that fact of only that user. */
static void
test_change (Fixture *fixture, gconstpointer data)
{
  guint64 moment;
  guint version;
  Request request;

  learn_counts (fixture);
  moment = dou_cache_get_moment (fixture->cache);
  dou_test_services_emit (&fixture->services, "User", "Changed", "([int64 1],)");
  dou_test_services_emit (&fixture->services, "Social", "UsersChanged", "([int64 2],)");
  dou_test_services_emit (&fixture->services, "Social", "VideosChanged", "([int64 1],)");
  assert_known (fixture, 10);
  g_assert_cmpuint (dou_cache_get_moment (fixture->cache), !=, moment);

  request_begin (&request, fixture, 1, COUNTS);
  version = request.record->version;
  dou_test_services_emit (&fixture->services, "Social", "UsersChanged", "([int64 1],)");
  g_assert_false (dou_cache_knows (fixture->cache, request.record, COUNTS));
  g_assert_cmpuint (request.record->version, !=, version);
  request_end (&request);
}

/* Test that a reply that was overtaken by a change is given to who asked before, and not kept. */
static void
test_overtaken (Fixture *fixture, gconstpointer data)
{
  Request before, after;

  request_begin (&before, fixture, 1, COUNTS);
  dou_test_services_emit (&fixture->services, "Social", "UsersChanged", "([int64 1],)");
  request_begin (&after, fixture, 1, COUNTS);

  dou_test_services_answer (&fixture->services, "GetUserCounts", "[1]", "[(10, 0, 0, 0)]");
  request_wait (&before);
  g_assert_cmpint (before.record->counts[0], ==, 10);
  g_assert_false (after.is_done);

  dou_test_services_answer (&fixture->services, "GetUserCounts", "[1]", "[(11, 0, 0, 0)]");
  request_wait (&after);
  g_assert_cmpint (after.record->counts[0], ==, 11);
  request_end (&before);
  request_end (&after);
  assert_known (fixture, 11);
}

/* Test that a change during the only load leaves nothing known. */
static void
test_overtaken_alone (Fixture *fixture, gconstpointer data)
{
  Request request;

  request_begin (&request, fixture, 1, COUNTS);
  dou_test_services_emit (&fixture->services, "Social", "UsersChanged", "([int64 1],)");
  dou_test_services_answer (&fixture->services, "GetUserCounts", "[1]", "[(9, 0, 0, 0)]");
  request_wait (&request);
  request_end (&request);

  learn_counts (fixture);
}

/* Test that an older reply that comes last does not undo a newer one. */
static void
test_late (Fixture *fixture, gconstpointer data)
{
  Request before, after;
  GDBusMethodInvocation *first;

  request_begin (&before, fixture, 1, COUNTS);
  while (fixture->services.calls->len < 1)
    g_main_context_iteration (NULL, TRUE);
  first = g_ptr_array_steal_index (fixture->services.calls, 0);

  dou_test_services_emit (&fixture->services, "Social", "UsersChanged", "([int64 1],)");
  request_begin (&after, fixture, 1, COUNTS);
  dou_test_services_answer (&fixture->services, "GetUserCounts", "[1]", "[(11, 0, 0, 0)]");
  request_wait (&after);

  g_ptr_array_add (fixture->services.calls, first);
  dou_test_services_answer (&fixture->services, "GetUserCounts", "[1]", "[(10, 0, 0, 0)]");
  request_wait (&before);
  g_assert_cmpint (before.record->counts[0], ==, 11);
  request_end (&before);
  request_end (&after);
  assert_known (fixture, 11);
}

/* Test that a lost service takes with it what it has told, and what it is asked for. */
static void
test_lost (Fixture *fixture, gconstpointer data)
{
  Request before;

  learn_counts (fixture);
  dou_test_services_restart (&fixture->services);
  learn_counts (fixture);
  assert_known (fixture, 10);

  dou_test_services_emit (&fixture->services, "Social", "UsersChanged", "([int64 1],)");
  request_begin (&before, fixture, 1, COUNTS);
  dou_test_services_answer (&fixture->services, "GetUserCounts", "[1]", "[(9, 0, 0, 0)]");
  dou_test_services_restart (&fixture->services);
  request_wait (&before);
  request_end (&before);
  learn_counts (fixture);
}

/* Test that the cache stays below its bound, forgets what was unused for longest, and that what it has
 * forgotten is still good for who holds it, but no longer known. */
static void
test_bound (Fixture *fixture, gconstpointer data)
{
  const gsize bound = 20000;
  g_autoptr (DouCache) small
      = dou_cache_new (fixture->services.backend, fixture->services.watch, bound);
  g_autoptr (DouRecord) first = dou_cache_get_user (small, 1);
  gboolean is_kept = FALSE;
  gboolean known;

  known = dou_cache_load (small, &first, 1, PROFILE, loaded_cb,
                          &(Request){ .fixture = fixture });
  g_assert_false (known);
  dou_test_services_answer (&fixture->services, "GetUsers", "[1]", "[(0, 1, 'Ann', '', '', '')]");
  while (!dou_cache_knows (small, first, PROFILE))
    g_main_context_iteration (NULL, TRUE);

  for (gint64 id = 2; id < 1000; id++)
    {
      g_autoptr (DouRecord) other = dou_cache_get_user (small, id);
      g_autoptr (DouRecord) used = dou_cache_get_user (small, 2);

      g_assert_cmpuint (dou_cache_get_size (small), <=, bound);
      g_assert_false (used->is_dropped);
      is_kept |= !other->is_dropped;
    }
  g_assert_true (is_kept);
  g_assert_true (first->is_dropped);
  g_assert_false (dou_cache_knows (small, first, PROFILE));
  g_assert_cmpint (first->status, ==, DOU_STATUS_OK);
}

/* Test that a cache without room still loads. */
static void
test_no_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DouCache) none = dou_cache_new (fixture->services.backend, fixture->services.watch, 0);
  Request request = { .fixture = fixture, .record = dou_cache_get_user (none, 1) };

  g_assert_false (dou_cache_load (none, &request.record, 1, COUNTS, loaded_cb, &request));
  dou_test_services_answer (&fixture->services, "GetUserCounts", "[1]", "[(10, 0, 0, 0)]");
  request_wait (&request);
  g_assert_cmpint (request.record->counts[0], ==, 10);
  g_assert_cmpuint (dou_cache_get_size (none), ==, 0);
  request_end (&request);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add ("/gateway/cache/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("error", test_error);
  ADD ("missing", test_missing);
  ADD ("hit", test_hit);
  ADD ("single-flight", test_single_flight);
  ADD ("change", test_change);
  ADD ("overtaken", test_overtaken);
  ADD ("overtaken-alone", test_overtaken_alone);
  ADD ("late", test_late);
  ADD ("lost", test_lost);
  ADD ("bound", test_bound);
  ADD ("no-room", test_no_room);

  return g_test_run ();
}
