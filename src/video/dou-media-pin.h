/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "video/dou-media-info.h"

G_BEGIN_DECLS

void dou_media_pin (GStrvBuilder *arguments, DouMediaContainer container, const char *more_codecs);

G_END_DECLS
