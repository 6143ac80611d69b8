-- SPDX-License-Identifier: Apache-2.0

-- name: copy-get-source
SELECT source FROM copy_source WHERE id = 1

-- [source]
-- name: copy-set-source
INSERT INTO copy_source (id, source) SELECT 1, j.source
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    source MEDIUMTEXT CHARSET utf8mb4 PATH '$' ERROR ON ERROR)) AS j

-- name: copy-get-triggers
SELECT suspend, resume FROM copy_triggers ORDER BY place

-- [[place, suspend, resume], …]
-- name: copy-add-triggers
INSERT INTO copy_triggers (place, suspend, resume)
SELECT j.place, j.suspend, j.resume
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place BIGINT PATH '$[0]' ERROR ON ERROR,
    suspend MEDIUMTEXT CHARSET utf8mb4 PATH '$[1]' ERROR ON ERROR,
    resume MEDIUMTEXT CHARSET utf8mb4 PATH '$[2]' ERROR ON ERROR)) AS j

-- name: copy-get-progress
SELECT name, last_key, copied FROM copy_progress

-- [[table, key or null, rows]]
-- name: copy-set-progress
INSERT INTO copy_progress (name, last_key, copied)
SELECT j.name, j.last_key, j.copied
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    name VARCHAR(100) CHARSET utf8mb4 PATH '$[0]' ERROR ON ERROR,
    last_key MEDIUMTEXT CHARSET utf8mb4 PATH '$[1]' ERROR ON ERROR,
    copied BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE last_key = VALUES(last_key), copied = VALUES(copied)

-- name: copy-forget-source
DELETE FROM copy_source

-- name: copy-forget-triggers
DELETE FROM copy_triggers

-- name: copy-forget-progress
DELETE FROM copy_progress
