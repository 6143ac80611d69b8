-- SPDX-License-Identifier: Apache-2.0
-- What the database class itself needs. Transactions are ended in forms that the library's parser does
-- not know, and what it knows of their beginning is thrown away (dou-database-transaction.c), so that it does not
-- keep a record of every statement in them.

-- name: database-engine
SELECT CONCAT('MariaDB ', SUBSTRING_INDEX(VERSION(), '-', 1))

-- name: database-begin-write
START TRANSACTION READ WRITE

-- name: database-begin-read
START TRANSACTION READ ONLY

-- name: database-commit
COMMIT AND NO CHAIN

-- name: database-rollback
ROLLBACK AND NO CHAIN

-- Services, and nodes, that start at the same time. The lock belongs to the connection: changes of tables
-- commit by themselves here.
-- name: database-lock-migrations
SELECT GET_LOCK(SHA1(CONCAT(DATABASE(), ' doutok migrations')), 300)

-- name: database-unlock-migrations
SELECT RELEASE_LOCK(SHA1(CONCAT(DATABASE(), ' doutok migrations')))

-- name: database-create-versions
CREATE TABLE IF NOT EXISTS schema_version (
  domain VARCHAR(32) PRIMARY KEY,
  version BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin

-- name: database-get-version
SELECT version FROM JSON_TABLE(##json::string, '$[*]'
    COLUMNS (domain VARCHAR(32) CHARSET utf8mb4 PATH '$')) AS j
  JOIN schema_version ON schema_version.domain = j.domain COLLATE utf8mb4_bin

-- name: database-set-version
INSERT INTO schema_version (domain, version)
SELECT domain, version FROM JSON_TABLE(##json::string, '$[*]'
    COLUMNS (domain VARCHAR(32) CHARSET utf8mb4 PATH '$[0]', version BIGINT PATH '$[1]')) AS j
ON DUPLICATE KEY UPDATE version = VALUES(version)
