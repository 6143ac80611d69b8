/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "user/dou-user-manager.h"

G_BEGIN_DECLS

/* What dou-user-manager.c and the files beside it that serve one kind of call each share, and
 * nobody else sees. */

/* Bytes of the longest password that is looked at when somebody shows one: 128 characters, the most
 * that max-password can be, of four bytes each. The configured maximum may have been larger when
 * the password was chosen. */
#define DOU_USER_PASSWORD_BYTES_MAX 512

/**
 * DouUserItem:
 *
 * One account on its way through a call.
 */
typedef struct
{
  GTask *task; /* (owned) (nullable) of the call, while the hasher works */
  DouUserOutcome outcome;
  gboolean settled;  /* outcome is final */
  gint64 id;         /* registering: the one to have; login: whose name it is, or 0 */
  char *name;        /* (owned) (nullable) in normal form; NULL if it is none */
  char *key;         /* (owned) (nullable) under which the name is unique */
  char *password;    /* (owned) wiped when freed */
  char *hash;        /* (owned) (nullable) */
  gint64 generation; /* login: how often the password was changed */
  gint64 banned;     /* login: since when, in milliseconds since 1970; 0 if not */
  guint first;       /* registering: the place of the first account with this name */
} DouUserItem;

/**
 * DouUserCall:
 *
 * Many accounts that came together; the data of the call's task.
 */
typedef struct
{
  DouUserItem *items; /* (owned) (array length=n_items) */
  guint n_items;
  guint *places; /* (owned) (array length=n_places) items that the store was asked about, in the
                  * order of the question */
  guint n_places;
  guint n_pending; /* passwords that are with the hasher */
} DouUserCall;

GTask *dou_user_call_new (DouUserManager *manager, gpointer source_tag,
                          const DouUserAccount *accounts, guint n_accounts,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data);
void dou_user_call_settle (DouUserItem *item, DouStatus status);
gboolean dou_user_call_find_names (GTask *task, GAsyncReadyCallback callback);
void dou_user_call_return (GTask *task);

void dou_user_register_start (GTask *task);
void dou_user_login_start (GTask *task);

DouPasswordHasher *dou_user_manager_get_hasher (DouUserManager *self);
gboolean dou_user_manager_accepts_password (DouUserManager *self, const char *password);
void dou_user_manager_report_changed (DouUserManager *self, GArray *ids);
void dou_user_manager_report_added (DouUserManager *self, GArray *ids, gint64 n_added);
void dou_user_manager_report_deleted (DouUserManager *self, GArray *ended, gint64 n_deleted);
void dou_user_manager_report_generations (DouUserManager *self, GArray *generations);

G_END_DECLS
