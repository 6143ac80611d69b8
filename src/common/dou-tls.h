/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-config.h"

G_BEGIN_DECLS

gboolean dou_tls_load (DouConfig *config, GTlsCertificate **certificate, GError **error);

G_END_DECLS
