/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define DOU_REQUEST_ID_HEADER "X-Request-Id"
/* Characters of an id that is minted here. */
#define DOU_REQUEST_ID_LENGTH 16

gboolean dou_request_id_is_sane (const char *text);
void dou_request_id_mint (char id[DOU_REQUEST_ID_LENGTH + 1]);

G_END_DECLS
