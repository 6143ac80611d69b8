-- SPDX-License-Identifier: Apache-2.0
-- What the engine itself says of the database: for the copying of whole databases, which knows tables by
-- nothing else.

-- Tables, parents first: table, column, type, place in the primary key or 0.
-- name: list-columns
SELECT m.name, p.name, lower(p.type), p.pk
FROM sqlite_schema AS m CROSS JOIN pragma_table_info(m.name) AS p
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'
ORDER BY m.rowid, p.cid

-- Tables whose keys count upwards, and what has the number that comes next.
-- name: list-sequences
SELECT m.name, 'SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = ''' || m.name || ''''
FROM sqlite_schema AS m WHERE m.type = 'table' AND m.sql LIKE '%AUTOINCREMENT%' ORDER BY m.rowid

-- What takes triggers away, and what brings them back; either may be done twice.
-- name: list-triggers
SELECT 'DROP TRIGGER IF EXISTS ' || m.name, 'CREATE TRIGGER IF NOT EXISTS ' || substr(m.sql, 16)
FROM sqlite_schema AS m WHERE m.type = 'trigger' ORDER BY m.rowid

-- Connections of others. Who uses a file is told by the lock of its directory.
-- name: count-others
SELECT 0
