/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/dou-database-engine.h"
#include "common/dou-database-guard.h"
#include "common/dou-database-statement.h"
#include "common/dou-database-transaction.h"

G_BEGIN_DECLS

/* What dou-database-open.c and dou-database-transaction.c share, and nobody else sees. */

/* Seconds that a server may take to let us in; to answer, above the limits that servers are given
 * themselves (connect.sql) and below the time that a client waits; and for what is said to take long. */
#define DOU_TRANSACTION_OPEN_TIMEOUT 4
#define DOU_TRANSACTION_ANSWER_TIMEOUT 10
#define DOU_TRANSACTION_LONG_TIMEOUT 600

struct _DouTransaction
{
  const DouDatabaseEngine *engine; /* (unowned) */
  DouDatabaseGuard *guard;         /* (owned) (nullable) */
  GdaConnection *connection;       /* (owned) (nullable) */
  GdaSqlParser *parser;            /* (owned) (nullable) */
  GHashTable *statements;          /* (owned) (element-type utf8 DouDatabaseStatement) */
  guint timeout;                   /* seconds that an answer may take */
  glong code;                      /* that came with the last error, or 0 */
  DouDatabaseTrouble trouble;      /* with which a statement of this transaction failed */
  gboolean broken;                 /* the connection is of no use any more */
  gboolean is_open;                /* was begun, and has not ended */
  gboolean begins_late;            /* before the first statement that needs it */
  DouDatabaseStatement *first;     /* (unowned) (nullable) what was asked without having begun */
};

G_END_DECLS
