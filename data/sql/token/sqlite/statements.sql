-- SPDX-License-Identifier: Apache-2.0

-- [content] The first that comes stays.
-- name: insert-keys
INSERT INTO token_keys (id, content)
SELECT 1, value FROM json_each(##json::string) WHERE true
ON CONFLICT DO NOTHING

-- name: get-keys
SELECT content FROM token_keys WHERE id = 1
