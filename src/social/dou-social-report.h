/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-audit.h"

G_BEGIN_DECLS

/* The most reports of one page: the LIMIT of the statements. */
#define DOU_SOCIAL_REPORT_PAGE_MAX 500
/* The most pages of one call: each may have some megabytes of text. */
#define DOU_SOCIAL_REPORT_PAGES_MAX 8

/**
 * DouSocialReportKind:
 *
 * What is reported. The numbers are in the database.
 */
typedef enum
{
  DOU_SOCIAL_REPORT_VIDEO = 1,
  DOU_SOCIAL_REPORT_COMMENT = 2,
  DOU_SOCIAL_REPORT_USER = 3,
} DouSocialReportKind;

/**
 * DouSocialReport:
 *
 * What a user tells the administration.
 */
typedef struct
{
  gint64 reporter;
  gint32 kind; /* a #DouSocialReportKind, unless it came from outside */
  gint64 target;
  char *reason; /* (owned) */
} DouSocialReport;

/**
 * DouSocialResolution:
 *
 * A report with which the administration is done.
 */
typedef struct
{
  gint64 id;
  char *why; /* (owned) may be empty */
} DouSocialResolution;

GArray *dou_social_reports_new (guint n_reports);
GArray *dou_social_resolutions_new (guint n_resolutions);

G_END_DECLS
