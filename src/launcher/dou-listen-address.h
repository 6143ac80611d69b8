/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean dou_listen_address_parse (const char *text, char **host, guint16 *port, GError **error);
GPtrArray *dou_listen_address_resolve (const char *text, GError **error);

G_END_DECLS
