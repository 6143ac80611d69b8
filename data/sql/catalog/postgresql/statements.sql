-- SPDX-License-Identifier: Apache-2.0
-- What the engine itself says of the database: for the copying of whole databases, which knows tables by
-- nothing else.

-- Tables, parents first: table, column, type, place in the primary key or 0.
-- name: list-columns
SELECT CAST(r.relname AS text), CAST(a.attname AS text), format_type(a.atttypid, NULL),
  coalesce((SELECT k.place FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
            WHERE k.number = a.attnum), 0)
FROM pg_class AS r
JOIN pg_attribute AS a
ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
LEFT JOIN pg_index AS i ON i.indrelid = r.oid AND i.indisprimary
WHERE r.relnamespace = CAST(current_schema() AS regnamespace) AND r.relkind = 'r'
ORDER BY r.oid, a.attnum

-- Tables whose keys count upwards, and what has the number that comes next.
-- name: list-sequences
SELECT CAST(r.relname AS text),
  'SELECT last_value + CAST(is_called AS int) FROM ' || pg_get_serial_sequence(quote_ident(r.relname), a.attname)
FROM pg_class AS r JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attidentity <> ''
WHERE r.relnamespace = CAST(current_schema() AS regnamespace) AND r.relkind = 'r' ORDER BY r.oid

-- What takes triggers away, and what brings them back; either may be done twice.
-- name: list-triggers
SELECT DISTINCT 'ALTER TABLE ' || r.relname || ' DISABLE TRIGGER USER',
  'ALTER TABLE ' || r.relname || ' ENABLE TRIGGER USER'
FROM pg_trigger AS t JOIN pg_class AS r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal AND r.relnamespace = CAST(current_schema() AS regnamespace) ORDER BY 1

-- Connections of others.
-- name: count-others
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
