/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/dou-context.h"

G_BEGIN_DECLS

/**
 * DouAction:
 *
 * A request of a user to change something, on its way through the domains it concerns: first the owner of
 * what it is about is asked whether that exists, then the domain that stores it.
 */
typedef struct _DouAction DouAction;

/**
 * DouActionFunc:
 * @action: (transfer full): the action
 * @result: (nullable): of the one item that was submitted; %NULL if nothing was, or if @status is not
 *   %DOU_STATUS_OK
 * @status: whether the call as a whole succeeded
 *
 * What comes next. It goes on with dou_action_call(), or answers and frees @action.
 */
typedef void (*DouActionFunc) (DouAction *action, GVariant *result, DouStatus status);

struct _DouAction
{
  DouContext *context; /* (unowned) */
  DouRequest *request; /* (owned) */
  DouActionFunc next;  /* what follows the call under way */
  DouRecord *record;   /* (owned) (nullable) of what it is about */
  struct _DouUserSet *users; /* (owned) (nullable) who is to be shown in the answer */
  gint64 viewer;       /* who wants it */
  gint64 target;       /* the video or the user it is about */
  gint64 author;       /* of the video, once that is known */
  gint64 type;         /* the parameter action_type */
  gint64 id;           /* of what is made or removed */
  gint64 time;         /* at which it was made, in milliseconds */
  char *text;          /* (owned) (nullable) of a comment or message */
  GVariant *made;      /* (owned) (nullable) the comment that is answered */
  guint8 is_apart;     /* whether viewer and target are */
};

DouAction *dou_action_new (DouContext *context, DouRequest *request, const char *target_name,
                           gint64 max_type, DouStatus *status);
void dou_action_free (DouAction *self);

void dou_action_call (DouAction *self, DouBackendMethod method, GVariant *item, DouActionFunc next);
void dou_action_find_video (DouAction *self, DouActionFunc next);
void dou_action_find_user (DouAction *self, DouActionFunc next);
DouStatus dou_action_get_status (GVariant *result, DouStatus status);
void dou_action_finish (DouAction *self, GVariant *result, DouStatus status);

DouStatus dou_action_receive (DouBatcher *batcher, GAsyncResult *result, GVariant **own);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouAction, dou_action_free)

G_END_DECLS
