-- SPDX-License-Identifier: Apache-2.0
-- What the database class itself needs. Transactions are ended in forms that the library's parser does
-- not know, and what it knows of their beginning is thrown away (dou-database-transaction.c), so that it does not
-- keep a record of every statement in them.

-- name: database-engine
SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)

-- What others have committed is seen by every statement after it: the one that waits for them (lock-writes
-- of a domain) sees what they have left.
-- name: database-begin-write
START TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE

-- name: database-begin-read
START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: database-commit
COMMIT AND NO CHAIN

-- name: database-rollback
ROLLBACK AND NO CHAIN

-- Until the end of the transaction.
-- name: database-allow-time
SELECT length(set_config('statement_timeout', '595s', true))

-- Services, and nodes, that start at the same time. The number is “DouTok” in ASCII; the lock ends with
-- the transaction.
-- name: database-lock-migrations
SELECT count(*) FROM (SELECT pg_advisory_xact_lock(75245500526443)) AS waited

-- name: database-create-versions
CREATE TABLE IF NOT EXISTS schema_version (
  domain TEXT PRIMARY KEY,
  version BIGINT NOT NULL
)

-- name: database-get-version
SELECT s.version
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (domain, place)
JOIN schema_version AS s ON s.domain = j.domain

-- name: database-set-version
INSERT INTO schema_version (domain, version)
SELECT j ->> 0, CAST(j ->> 1 AS bigint) FROM json_array_elements(CAST(##json::string AS json)) AS j
ON CONFLICT (domain) DO UPDATE SET version = EXCLUDED.version
