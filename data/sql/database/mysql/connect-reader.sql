-- SPDX-License-Identifier: Apache-2.0
-- What a reader's connection is told after connect.sql: a transaction sees one state throughout, and a
-- statement ends before the client gives it up and closes the connection (dou-database-transaction-private.h).
-- Every transaction is begun as one that does not write; said of the whole connection, it would let no
-- statement that writes be prepared.
SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ
-- next
SET SESSION max_statement_time = 8
