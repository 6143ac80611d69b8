-- SPDX-License-Identifier: Apache-2.0

-- name: insert-items
INSERT INTO items (id, name, note)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(##json::string) WHERE true
ON CONFLICT DO NOTHING

-- name: insert-items-strictly
INSERT INTO items (id, name) SELECT value ->> 0, value ->> 1 FROM json_each(##json::string)

-- On a conflict the engine ends the transaction by itself, as it does when the disk fails.
-- name: insert-items-or-rollback
INSERT OR ROLLBACK INTO items (id, name)
SELECT value ->> 0, value ->> 1 FROM json_each(##json::string)

-- name: insert-links
INSERT INTO links (item) SELECT value FROM json_each(##json::string)

-- name: get-items
SELECT i.id, i.name, i.note
FROM json_each(##json::string) AS j CROSS JOIN items AS i ON i.id = j.value
ORDER BY j.key

-- name: count-items
SELECT count(*) FROM items

-- name: list-tables
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name

-- Fails at the row that holds the smallest integer, not at the first.
-- name: get-absolute
SELECT abs(value) FROM json_each(##json::string)

-- name: get-journal-mode
PRAGMA journal_mode

-- name: get-synchronous
PRAGMA synchronous

-- name: get-foreign-keys
PRAGMA foreign_keys

-- name: allow-few-pages
PRAGMA max_page_count = 16

-- name: allow-many-pages
PRAGMA max_page_count = 1000000

-- name: forget-links
DELETE FROM links WHERE item < ##json::string ->> 0

-- Two at a time.
-- name: forget-items
DELETE FROM items WHERE id IN (SELECT id FROM items WHERE id < ##json::string ->> 0 ORDER BY id LIMIT 2)
