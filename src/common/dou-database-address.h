/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-config.h"

G_BEGIN_DECLS

/**
 * DouDatabaseAddress:
 * @engine: `sqlite`, `postgresql` or `mysql`
 * @path: (nullable): of SQLite, the file
 * @host: (nullable): of a server, a name or address, or the path of its unix socket (of PostgreSQL, of
 *   the directory in which the socket is)
 * @port: of a server
 * @name: (nullable): of the database on the server
 * @user: (nullable): who logs in
 * @password: (nullable): with what; never shown
 * @n_readers: connections to read over, beside the one to write over
 *
 * Where a domain has its tables.
 */
typedef struct
{
  char *engine;
  char *path;
  char *host;
  guint port;
  char *name;
  char *user;
  char *password;
  guint n_readers;
} DouDatabaseAddress;

DouDatabaseAddress *dou_database_address_new_for_file (const char *path);
DouDatabaseAddress *dou_database_address_new_in (const char *directory, const char *domain);
DouDatabaseAddress *dou_database_address_new_for_server (const char *engine, const char *host,
                                                         guint port, const char *name,
                                                         const char *user, const char *password);
DouDatabaseAddress *dou_database_address_new_from_config (DouConfig *config, const char *domain,
                                                          GError **error);
DouDatabaseAddress *dou_database_address_copy (const DouDatabaseAddress *self);
void dou_database_address_free (DouDatabaseAddress *self);

gboolean dou_database_address_is_file (const DouDatabaseAddress *self);
char *dou_database_address_describe (const DouDatabaseAddress *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DouDatabaseAddress, dou_database_address_free)

G_END_DECLS
