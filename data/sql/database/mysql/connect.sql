-- SPDX-License-Identifier: Apache-2.0
-- What every new connection is told, before anything else.

-- All of Unicode, compared byte by byte.
SET NAMES utf8mb4 COLLATE utf8mb4_bin
-- next
-- A value that does not fit is an error, in every table.
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'
-- next
-- What others have committed is seen by every statement after it: the one that waits for them (lock-writes
-- of a domain) sees what they have left.
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED
-- next
-- Seconds that a writer waits for another node's transaction.
SET SESSION innodb_lock_wait_timeout = 5
-- next
-- A node that hangs in the middle of a transaction must not keep the others waiting.
SET SESSION idle_transaction_timeout = 15
-- next
-- A longer list would be cut without a word.
SET SESSION group_concat_max_len = 16000000
