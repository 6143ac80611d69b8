/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "user/dou-user-store.h"

G_BEGIN_DECLS

/* Seconds before deletions that are not complete are gone on with, and what that grows to while a domain
 * cannot be reached. */
#define DOU_USER_ERASER_DELAY 1
#define DOU_USER_ERASER_DELAY_MAX 32
/* Seconds between two looks at what others may have left undone: nodes that share a database and died. */
#define DOU_USER_ERASER_PERIOD 60

/**
 * DouUserEraser:
 *
 * Removes all that was a deleted user's, in all domains.
 */
#define DOU_TYPE_USER_ERASER (dou_user_eraser_get_type ())
G_DECLARE_FINAL_TYPE (DouUserEraser, dou_user_eraser, DOU, USER_ERASER, GObject)

DouUserEraser *dou_user_eraser_new (DouUserStore *store, GDBusConnection *connection);
void dou_user_eraser_resume (DouUserEraser *self);

G_END_DECLS
