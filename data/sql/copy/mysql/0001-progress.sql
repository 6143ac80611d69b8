-- SPDX-License-Identifier: Apache-2.0
-- A copy into this database that is under way. That the domain “copy” has a version keeps all servers
-- away (dou-database-schema.c).
--
-- Where it comes from: one row, as soon as it has begun.
CREATE TABLE IF NOT EXISTS copy_source (
  id BIGINT PRIMARY KEY,
  source MEDIUMTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
-- next
-- Triggers that rest meanwhile: their rows come by themselves.
CREATE TABLE IF NOT EXISTS copy_triggers (
  place BIGINT PRIMARY KEY,
  suspend MEDIUMTEXT NOT NULL,
  resume MEDIUMTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
-- next
-- How far each table is, written with its rows.
CREATE TABLE IF NOT EXISTS copy_progress (
  name VARCHAR(100) PRIMARY KEY,
  -- The last key, a JSON array; NULL if the table has none.
  last_key MEDIUMTEXT,
  -- Rows.
  copied BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
