/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "user/dou-user-call.h"

G_BEGIN_DECLS

/**
 * DouUserActItem:
 *
 * One user on the way through a call of the administration.
 */
typedef struct
{
  GTask *task; /* (owned) of the call, while the hasher works */
  gint64 id;
  DouStatus status;
  gboolean settled; /* status is final */
  gboolean ban;
  char *why;      /* (owned) */
  char *password; /* (owned) (nullable) wiped when freed */
  char *hash;     /* (owned) (nullable) */
} DouUserActItem;

/**
 * DouUserActCall:
 *
 * Many users who came together; the data of the call's task.
 */
typedef struct
{
  DouCaller caller;      /* (owned) */
  DouUserActItem *items; /* (owned) (array length=n_items) */
  guint n_items;
  GHashTable *seen; /* (owned) (element-type gint64) users of the items so far */
  GArray *places;   /* (owned) (element-type guint) of the items that the store was asked about */
  guint n_pending;  /* items that are with the hasher */
} DouUserActCall;

GTask *dou_user_act_call_new (DouUserManager *manager, gpointer source_tag, const DouCaller *caller,
                              guint n_items, GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data);
void dou_user_act_call_fill (DouUserActCall *self, guint i, gint64 id, const char *why);
gboolean dou_user_act_call_collect (DouUserActCall *self);
DouUserActItem *dou_user_act_call_get_asked (DouUserActCall *self, guint i);
void dou_user_act_call_return (GTask *task);

void dou_user_act_item_settle (DouUserActItem *item, DouStatus status);

G_END_DECLS
