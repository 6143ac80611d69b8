/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-object-store.h"
#include "gateway/dou-request.h"

G_BEGIN_DECLS

/* Files that a gateway passes on at a time: 64 MiB of pieces at most. */
#define DOU_MEDIA_REMOTE_STREAMS 512

/**
 * DouMediaRemote:
 *
 * The media directory's other half: files that are in an object store.
 */
#define DOU_TYPE_MEDIA_REMOTE (dou_media_remote_get_type ())
G_DECLARE_FINAL_TYPE (DouMediaRemote, dou_media_remote, DOU, MEDIA_REMOTE, GObject)

DouMediaRemote *dou_media_remote_new (const DouObjectAddress *address, guint max_streams);
void dou_media_remote_handle (DouMediaRemote *self, DouRequest *request, const char *name);

G_END_DECLS
