-- SPDX-License-Identifier: Apache-2.0

-- name: copy-get-source
SELECT source FROM copy_source WHERE id = 1

-- [source]
-- name: copy-set-source
INSERT INTO copy_source (id, source) SELECT 1, value FROM json_each(##json::string)

-- name: copy-get-triggers
SELECT suspend, resume FROM copy_triggers ORDER BY place

-- [[place, suspend, resume], …]
-- name: copy-add-triggers
INSERT INTO copy_triggers (place, suspend, resume)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(##json::string)

-- name: copy-get-progress
SELECT name, last_key, copied FROM copy_progress

-- [[table, key or null, rows]]
-- name: copy-set-progress
INSERT INTO copy_progress (name, last_key, copied)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(##json::string) WHERE true
ON CONFLICT (name) DO UPDATE SET last_key = excluded.last_key, copied = excluded.copied

-- name: copy-forget-source
DELETE FROM copy_source

-- name: copy-forget-triggers
DELETE FROM copy_triggers

-- name: copy-forget-progress
DELETE FROM copy_progress
