/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * DouTestAnswer:
 * @code: the HTTP status
 * @head: status line and headers
 * @body: ends in a NUL that is not counted
 * @length: bytes of @body
 */
typedef struct
{
  guint code;
  char *head; /* (owned) */
  char *body; /* (owned) */
  gsize length;
} DouTestAnswer;

/**
 * DouTestEnd:
 * @DOU_TEST_END_ORDERLY: the server shut down its side
 * @DOU_TEST_END_RESET: the server broke off
 */
typedef enum
{
  DOU_TEST_END_ORDERLY,
  DOU_TEST_END_RESET,
} DouTestEnd;

/**
 * DouTestClient:
 *
 * A client of HTTP that sends exactly the bytes it is told to, for a server on the main context of
 * the same thread.
 */
typedef struct _DouTestClient DouTestClient;

DouTestClient *dou_test_client_new (guint16 port);
void dou_test_client_free (DouTestClient *self);
int dou_test_client_get_fd (DouTestClient *self);

void dou_test_client_send (DouTestClient *self, const char *text);
gsize dou_test_client_send_some (DouTestClient *self, const void *data, gsize length);
void dou_test_client_send_all (DouTestClient *self, const void *data, gsize length);
void dou_test_client_shut_down (DouTestClient *self);
void dou_test_client_reset (DouTestClient *self);

DouTestAnswer *dou_test_client_receive (DouTestClient *self);
DouTestAnswer *dou_test_client_receive_head (DouTestClient *self);
DouTestAnswer *dou_test_client_request (DouTestClient *self, const char *method, const char *path,
                                        const char *headers);
DouTestEnd dou_test_client_wait_end (DouTestClient *self);
gboolean dou_test_client_has_input (DouTestClient *self);

void dou_test_answer_free (DouTestAnswer *self);
char *dou_test_answer_get_header (DouTestAnswer *self, const char *name);
void dou_test_answer_assert_header (DouTestAnswer *self, const char *name, const char *expected);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestClient, dou_test_client_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouTestAnswer, dou_test_answer_free)

G_END_DECLS
