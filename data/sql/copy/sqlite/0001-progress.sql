-- SPDX-License-Identifier: Apache-2.0
-- A copy into this database that is under way. That the domain “copy” has a version keeps all servers
-- away (dou-database-schema.c).
--
-- Where it comes from: one row, as soon as it has begun.
CREATE TABLE copy_source (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL
) STRICT
-- next
-- Triggers that rest meanwhile: their rows come by themselves.
CREATE TABLE copy_triggers (
  place INTEGER PRIMARY KEY,
  suspend TEXT NOT NULL,
  resume TEXT NOT NULL
) STRICT
-- next
-- How far each table is, written with its rows.
CREATE TABLE copy_progress (
  name TEXT PRIMARY KEY,
  -- The last key, a JSON array; NULL if the table has none.
  last_key TEXT,
  -- Rows.
  copied INTEGER NOT NULL
) STRICT
