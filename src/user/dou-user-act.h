/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-audit.h"

G_BEGIN_DECLS

/* The most accounts of one page: the LIMIT of the statements. */
#define DOU_USER_ACCOUNT_PAGE_MAX 500
/* The most pages of one call. */
#define DOU_USER_ACCOUNT_PAGES_MAX 64

/**
 * DouUserBan:
 *
 * A user whom the administration bans, or no longer does.
 */
typedef struct
{
  gint64 id;
  gboolean ban;
  const char *why; /* (unowned) may be empty */
} DouUserBan;

/**
 * DouUserReset:
 *
 * A user to whom the administration gives another password: in the store its hash.
 */
typedef struct
{
  gint64 id;
  const char *password; /* (unowned) */
  const char *why;      /* (unowned) may be empty */
} DouUserReset;

/**
 * DouUserDeletion:
 *
 * A user who is to be deleted: in the store by the hash of the password that was shown, or by the
 * administration.
 */
typedef struct
{
  gint64 id;
  const char *password; /* (unowned) (nullable) %NULL if it is the administration that deletes */
  const char *why;      /* (unowned) (nullable) the administration's reason */
} DouUserDeletion;

/**
 * DouUserBanEffect:
 *
 * What a #DouUserBan did.
 */
typedef struct
{
  gboolean exists;
  gboolean changed;
  gint64 generation; /* from then on, without %DOU_GENERATION_BANNED */
} DouUserBanEffect;

/**
 * DouUserExport:
 *
 * A user of whom the administration takes all that is known.
 */
typedef struct
{
  gint64 id;
  const char *why; /* (unowned) may be empty */
} DouUserExport;

G_END_DECLS
