/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "launcher/dou-private-bus.h"

G_BEGIN_DECLS

/**
 * DouDomain:
 * @name: in lower case: `user`; the program is doutok-NAME, the database NAME.db
 * @bus_name: `org.doutok.User`
 * @object_path: `/org/doutok/User`
 * @interface: `org.doutok.User1`
 * @counts: whether it keeps counters, and so has a method Recount
 *
 * One of the services that the bus activates.
 */
typedef struct
{
  const char *name;
  const char *bus_name;
  const char *object_path;
  const char *interface;
  gboolean counts;
} DouDomain;

extern const DouDomain dou_domains[];
extern const gsize dou_n_domains;

gboolean dou_domains_add_to_bus (DouPrivateBus *bus, const char *config_path, GError **error);

void dou_domain_probe_async (const DouDomain *domain, GDBusConnection *connection,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data);
char *dou_domain_probe_finish (GAsyncResult *result, GError **error);

void dou_domain_recount_async (const DouDomain *domain, GDBusConnection *connection,
                               GAsyncReadyCallback callback, gpointer user_data);
gint64 dou_domain_recount_finish (GAsyncResult *result, GError **error);

G_END_DECLS
