-- SPDX-License-Identifier: Apache-2.0
-- What every new connection is told, before anything else.

-- A commit has reached the disk before it is answered, whatever the server's default.
SET synchronous_commit = on
-- next
-- A statement ends before the client gives it up and closes the connection (dou-database-transaction-private.h).
SET statement_timeout = '8s'
-- next
-- How long a writer waits for another node's transaction.
SET lock_timeout = '5s'
-- next
-- A node that hangs in the middle of a transaction must not keep the others waiting.
SET idle_in_transaction_session_timeout = '15s'
-- next
-- “Already exists, skipping” is no news.
SET client_min_messages = warning
