/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gunixfdlist.h>

#include "common/dou-service.h"
#include "dou-dbus-video.h"
#include "video/dou-picture-importer.h"

G_BEGIN_DECLS

void dou_picture_call_handle (DouPictureImporter *importer, DouService *service,
                              DouDBusVideo1 *object, GDBusMethodInvocation *invocation,
                              GUnixFDList *files, GVariant *argument);

G_END_DECLS
