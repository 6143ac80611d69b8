-- SPDX-License-Identifier: Apache-2.0
-- What the engine itself says of the database: for the copying of whole databases, which knows tables by
-- nothing else.

-- Tables, in any order: table, column, type, place in the primary key or 0.
-- name: list-columns
SELECT c.TABLE_NAME, c.COLUMN_NAME, LOWER(c.DATA_TYPE), COALESCE(k.ORDINAL_POSITION, 0)
FROM information_schema.COLUMNS AS c
LEFT JOIN information_schema.KEY_COLUMN_USAGE AS k
ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME
AND k.COLUMN_NAME = c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY'
WHERE c.TABLE_SCHEMA = DATABASE() AND c.IS_GENERATED = 'NEVER'
ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION

-- Tables whose keys count upwards, and what has the number that comes next.
-- name: list-sequences
SELECT t.TABLE_NAME, CONCAT('SELECT AUTO_INCREMENT FROM information_schema.TABLES ',
  'WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ''', t.TABLE_NAME, '''')
FROM information_schema.TABLES AS t
WHERE t.TABLE_SCHEMA = DATABASE() AND t.AUTO_INCREMENT IS NOT NULL ORDER BY t.TABLE_NAME

-- What takes triggers away, and what brings them back; either may be done twice.
-- name: list-triggers
SELECT CONCAT('DROP TRIGGER IF EXISTS ', t.TRIGGER_NAME),
  CONCAT('CREATE TRIGGER IF NOT EXISTS ', t.TRIGGER_NAME, ' ', t.ACTION_TIMING, ' ',
    t.EVENT_MANIPULATION, ' ON ', t.EVENT_OBJECT_TABLE, ' FOR EACH ROW ', t.ACTION_STATEMENT)
FROM information_schema.TRIGGERS AS t WHERE t.TRIGGER_SCHEMA = DATABASE()
ORDER BY t.EVENT_OBJECT_TABLE, t.ACTION_TIMING, t.EVENT_MANIPULATION, t.ACTION_ORDER

-- Connections of others.
-- name: count-others
SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID()
