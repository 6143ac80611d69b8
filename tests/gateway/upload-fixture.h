/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"
#include "gateway/dou-media.h"
#include "gateway/dou-test-server.h"

G_BEGIN_DECLS

/* A form's, and where the server takes it: one file, or two. */
#define CONTENT_TYPE "multipart/form-data; boundary=AaB03x"
#define PATH "/publish"
#define TWO_PATH "/two"

/* A server that takes uploads, says what arrived, and keeps what is given a path. */
typedef struct
{
  DouContext context;   /* only its configuration; first, since it is the routes' user data */
  DouTestServer server; /* (owned) */
  char *directory;      /* (owned) the state directory */
  DouMedia *media;      /* (owned) */
  guint n_handled;      /* uploads that came as far as the handler */
} UploadFixture;

void upload_fixture_set_up (UploadFixture *fixture, gconstpointer data);
void upload_fixture_tear_down (UploadFixture *fixture, gconstpointer data);

G_END_DECLS
