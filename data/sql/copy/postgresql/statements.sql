-- SPDX-License-Identifier: Apache-2.0

-- name: copy-get-source
SELECT source FROM copy_source WHERE id = 1

-- [source]
-- name: copy-set-source
INSERT INTO copy_source (id, source) SELECT 1, j FROM json_array_elements_text(CAST(##json::string AS json)) AS j

-- name: copy-get-triggers
SELECT suspend, resume FROM copy_triggers ORDER BY place

-- [[place, suspend, resume], …]
-- name: copy-add-triggers
INSERT INTO copy_triggers (place, suspend, resume)
SELECT CAST(j ->> 0 AS bigint), j ->> 1, j ->> 2
FROM json_array_elements(CAST(##json::string AS json)) AS j

-- name: copy-get-progress
SELECT name, last_key, copied FROM copy_progress

-- [[table, key or null, rows]]
-- name: copy-set-progress
INSERT INTO copy_progress (name, last_key, copied)
SELECT j ->> 0, j ->> 1, CAST(j ->> 2 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) AS j
ON CONFLICT (name) DO UPDATE SET last_key = excluded.last_key, copied = excluded.copied

-- name: copy-forget-source
DELETE FROM copy_source

-- name: copy-forget-triggers
DELETE FROM copy_triggers

-- name: copy-forget-progress
DELETE FROM copy_progress
