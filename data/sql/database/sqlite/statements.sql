-- SPDX-License-Identifier: Apache-2.0
-- What the database class itself needs. Several domains may share one database on other engines,
-- so the schema's version is kept for each domain in a table, rather than in PRAGMA user_version.

-- name: database-engine
SELECT 'SQLite ' || sqlite_version()

-- IMMEDIATE, since a transaction that begins as a reader and then writes fails at once if somebody else
-- has written meanwhile, however long the timeout.
-- name: database-begin-write
BEGIN IMMEDIATE

-- name: database-begin-read
BEGIN

-- name: database-commit
COMMIT

-- name: database-rollback
ROLLBACK

-- name: database-checkpoint
PRAGMA wal_checkpoint(TRUNCATE)

-- name: database-create-versions
CREATE TABLE IF NOT EXISTS schema_version (
  domain TEXT PRIMARY KEY,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID

-- name: database-get-version
SELECT version FROM json_each(##json::string) AS j CROSS JOIN schema_version ON domain = j.value

-- name: database-set-version
INSERT INTO schema_version (domain, version)
SELECT value ->> 0, value ->> 1 FROM json_each(##json::string) WHERE true
ON CONFLICT (domain) DO UPDATE SET version = excluded.version
