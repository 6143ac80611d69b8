-- SPDX-License-Identifier: Apache-2.0

-- [content] The first that comes stays.
-- name: insert-keys
INSERT INTO token_keys (id, content)
SELECT 1, j.content FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    content MEDIUMTEXT CHARSET utf8mb4 PATH '$' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE id = 1

-- name: get-keys
SELECT content FROM token_keys WHERE id = 1
