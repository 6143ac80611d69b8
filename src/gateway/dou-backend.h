/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"
#include "gateway/dou-batcher.h"

#include "dou-dbus-user.h"
#include "dou-dbus-video.h"

G_BEGIN_DECLS

/**
 * DouBackend:
 *
 * What the gateway knows of the services: one proxy each, and one batcher for each of their methods.
 */
#define DOU_TYPE_BACKEND (dou_backend_get_type ())
G_DECLARE_FINAL_TYPE (DouBackend, dou_backend, DOU, BACKEND, GObject)

/**
 * DouBackendMethod:
 *
 * The methods that are batched; each documented in data/dbus.
 */
typedef enum
{
  DOU_BACKEND_REGISTER,        /* (xss) → (ixx) */
  DOU_BACKEND_LOGIN,           /* (ss) → (ixx) */
  DOU_BACKEND_GET_USERS,       /* x → (ixssss) */
  DOU_BACKEND_SET_PROFILES,    /* (xa{ss}) → i */
  DOU_BACKEND_CHANGE_PASSWORDS, /* (xss) → (ix) */
  DOU_BACKEND_DELETE_USERS,    /* (xs) → i */
  DOU_BACKEND_GET_GENERATIONS, /* x → x */
  DOU_BACKEND_GET_FEED,        /* (xu) → (xax) */
  DOU_BACKEND_GET_WORKS,       /* (xxu) → (xax) */
  DOU_BACKEND_GET_VIDEOS,      /* x → (ixxsssx) */
  DOU_BACKEND_GET_WORK_COUNTS, /* x → x */
  DOU_BACKEND_DELETE_VIDEOS,   /* (xx) → i */
  DOU_BACKEND_SET_FAVORITES,   /* (xxxb) → i */
  DOU_BACKEND_SET_FOLLOWS,     /* (xxb) → i */
  DOU_BACKEND_SET_BLOCKS,      /* (xxb) → i */
  DOU_BACKEND_ADD_COMMENTS,    /* (xxxxss) → (ixx) */
  DOU_BACKEND_DELETE_COMMENTS, /* (xxxx) → i */
  DOU_BACKEND_SET_FEELINGS,    /* (xxi) → i */
  DOU_BACKEND_GET_FEELINGS,    /* (xx) → i */
  DOU_BACKEND_ADD_REPORTS,     /* (xixs) → i */
  DOU_BACKEND_GET_COMMENTS,    /* (xxu) → (xa(xxsxxx)) */
  DOU_BACKEND_GET_FAVORITES,   /* (xxu) → (xax) */
  DOU_BACKEND_GET_FOLLOWS,     /* (xxu) → (xax) */
  DOU_BACKEND_GET_FOLLOWERS,   /* (xxu) → (xax) */
  DOU_BACKEND_GET_FRIENDS,     /* (xxu) → (xax) */
  DOU_BACKEND_GET_BLOCKS,      /* (xxu) → (xax) */
  DOU_BACKEND_GET_APART,       /* (xxu) → (xax) */
  DOU_BACKEND_GET_VIDEO_COUNTS, /* x → (xx) */
  DOU_BACKEND_GET_USER_COUNTS, /* x → (xxxx) */
  DOU_BACKEND_ARE_FAVORITES,   /* (xx) → b */
  DOU_BACKEND_ARE_FOLLOWS,     /* (xx) → b */
  DOU_BACKEND_ARE_APART,       /* (xx) → b */
  DOU_BACKEND_SEND_MESSAGES,   /* (xxxss) → (ixx) */
  DOU_BACKEND_GET_MESSAGES,    /* (xxxbu) → (ia(xxxsx)) */
  DOU_BACKEND_GET_LATEST_MESSAGES, /* (xx) → (xxxsx) */
  DOU_BACKEND_GET_CONVERSATIONS, /* (xxu) → (ia(xxxsxu)) */
  DOU_BACKEND_MARK_READ,       /* (xxx) → i */
  DOU_N_BACKEND_METHODS
} DouBackendMethod;

DouBackend *dou_backend_new (GDBusConnection *connection, DouConfig *config, GError **error);

DouBatcher *dou_backend_get_batcher (DouBackend *self, DouBackendMethod method);
DouDBusUser1 *dou_backend_get_user (DouBackend *self);
DouDBusVideo1 *dou_backend_get_video (DouBackend *self);

G_END_DECLS
