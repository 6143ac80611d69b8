/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * DouDemoClient:
 *
 * What the demo asks of a running server, over HTTP like any phone.
 */
#define DOU_TYPE_DEMO_CLIENT (dou_demo_client_get_type ())
G_DECLARE_FINAL_TYPE (DouDemoClient, dou_demo_client, DOU, DEMO_CLIENT, GObject)

DouDemoClient *dou_demo_client_new (const char *url, GError **error);

gboolean dou_demo_client_has_videos (DouDemoClient *self, gboolean *has_videos,
                                     GCancellable *cancellable, GError **error);
char *dou_demo_client_log_in (DouDemoClient *self, const char *name, const char *password,
                              GCancellable *cancellable, GError **error);
gboolean dou_demo_client_publish (DouDemoClient *self, const char *token, const char *title,
                                  const char *path, GCancellable *cancellable, GError **error);

G_END_DECLS
