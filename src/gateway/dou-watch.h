/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * DouWatch:
 *
 * What the services tell everybody: their signals, and that one of them is lost. Each documented in
 * data/dbus.
 */
#define DOU_TYPE_WATCH (dou_watch_get_type ())
G_DECLARE_FINAL_TYPE (DouWatch, dou_watch, DOU, WATCH, GObject)

/**
 * DouWatchTopic:
 *
 * What can be told, and what the members of its items are.
 */
typedef enum
{
  DOU_WATCH_USERS,       /* User1.Changed: user */
  DOU_WATCH_GENERATIONS, /* User1.GenerationsChanged: user, generation */
  DOU_WATCH_VIDEOS,      /* Video1.Changed: video */
  DOU_WATCH_WORK_COUNTS, /* Video1.WorkCountsChanged: user */
  DOU_WATCH_VIDEO_COUNTS, /* Social1.VideosChanged: video */
  DOU_WATCH_USER_COUNTS, /* Social1.UsersChanged: user */
  DOU_WATCH_FEELINGS,    /* Social1.FeelingsChanged: user, comment, feeling */
  DOU_WATCH_FAVORITES,   /* Social1.FavoritesChanged: user, video, whether */
  DOU_WATCH_FOLLOWS,     /* Social1.FollowsChanged: user, whom, whether */
  DOU_WATCH_BLOCKS,      /* Social1.BlocksChanged: user, other, whether either blocks the other */
  DOU_WATCH_MESSAGES,    /* Chat1.MessagesSent: sender, receiver, time */
  DOU_WATCH_USER_LOST,   /* the service has another process, or none, or says Reset: no items */
  DOU_WATCH_VIDEO_LOST,
  DOU_WATCH_SOCIAL_LOST,
  DOU_WATCH_CHAT_LOST,
  DOU_N_WATCH_TOPICS
} DouWatchTopic;

/**
 * DouWatchItem:
 *
 * One item of what is told. Members that a topic does not have are 0.
 */
typedef struct
{
  gint64 a;
  gint64 b;
  gint64 c;
} DouWatchItem;

/**
 * DouWatchFunc:
 * @items: (array length=n_items): what is told; good during the call
 * @n_items: how many
 * @user_data: of the listener
 */
typedef void (*DouWatchFunc) (const DouWatchItem *items, gsize n_items, gpointer user_data);

DouWatch *dou_watch_new (const char *address, GError **error);
void dou_watch_listen (DouWatch *self, DouWatchTopic topic, DouWatchFunc func, gpointer user_data);
void dou_watch_forget (DouWatch *self, gpointer user_data);
const char *dou_watch_get_trouble (DouWatch *self);
void dou_watch_catch_up (DouWatch *self);

G_END_DECLS
