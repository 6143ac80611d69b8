/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/dou-test-http.h"

G_BEGIN_DECLS

#define DOU_TEST_N_USERS 20
#define DOU_TEST_N_VIDEOS 12

/**
 * DouTestModel:
 * @tokens: (element-type utf8) (owned): of the users, who are numbers in everything else
 * @users: their ids
 * @videos: ids of videos, the oldest first
 * @authors: who has published each
 * @likes: who likes what
 * @follows: who follows whom
 * @n_comments: how many comments stand under each video
 * @deleted: which videos are gone
 * @n_messages: how many messages one has written to another
 *
 * What there is after some operations.
 */
typedef struct
{
  char *tokens[DOU_TEST_N_USERS];
  gint64 users[DOU_TEST_N_USERS];
  gint64 videos[DOU_TEST_N_VIDEOS];
  guint authors[DOU_TEST_N_VIDEOS];
  gboolean likes[DOU_TEST_N_USERS][DOU_TEST_N_VIDEOS];
  gboolean follows[DOU_TEST_N_USERS][DOU_TEST_N_USERS];
  guint n_comments[DOU_TEST_N_VIDEOS];
  gboolean deleted[DOU_TEST_N_VIDEOS];
  guint n_messages[DOU_TEST_N_USERS][DOU_TEST_N_USERS];
} DouTestModel;

void dou_test_model_delete_video (DouTestModel *self, guint video);
char *dou_test_model_compare (const DouTestModel *self, DouTestHttp *http);

G_END_DECLS
