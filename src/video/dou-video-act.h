/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-audit.h"
#include "video/dou-video.h"

G_BEGIN_DECLS

/* The most videos of one page of the list of all: the LIMIT of the statements. */
#define DOU_VIDEO_LIST_MAX 500
/* The most pages of one call. */
#define DOU_VIDEO_LISTS_MAX 64

/**
 * DouVideoHiding:
 *
 * A video that the administration hides, or no longer does.
 */
typedef struct
{
  gint64 id;
  gboolean hide;
  const char *why; /* (unowned) may be empty */
} DouVideoHiding;

/**
 * DouVideoRemoval:
 *
 * A video that the administration deletes.
 */
typedef struct
{
  gint64 id;
  const char *why; /* (unowned) may be empty */
} DouVideoRemoval;

/**
 * DouVideoRetry:
 *
 * A video that the administration wants to be transcoded after all.
 */
typedef struct
{
  gint64 id;
  const char *why; /* (unowned) may be empty */
} DouVideoRetry;

/**
 * DouVideoRetried:
 * @DOU_VIDEO_RETRIED_NONE: there is no such video
 * @DOU_VIDEO_RETRIED_BEFORE: it had not been given up, and is as it was
 * @DOU_VIDEO_RETRIED: it is to be transcoded
 *
 * What a #DouVideoRetry did.
 */
typedef enum
{
  DOU_VIDEO_RETRIED_NONE,
  DOU_VIDEO_RETRIED_BEFORE,
  DOU_VIDEO_RETRIED,
} DouVideoRetried;

/**
 * DouVideoHidden:
 *
 * What a #DouVideoHiding did.
 */
typedef struct
{
  DouVideoPlace place; /* all 0 if there is no such video */
  gint64 author;
  gboolean changed;
  gboolean hidden; /* from then on */
} DouVideoHidden;

/**
 * DouVideoDeletion:
 *
 * Somebody wants a video deleted.
 */
typedef struct
{
  gint64 video;
  gint64 user; /* who wants it */
} DouVideoDeletion;

G_END_DECLS
