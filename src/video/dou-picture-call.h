/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-call.h"
#include "video/dou-picture-importer.h"

G_BEGIN_DECLS

void dou_picture_call_handle (DouCall *call, DouPictureImporter *importer, GUnixFDList *files);

G_END_DECLS
