-- SPDX-License-Identifier: Apache-2.0

-- [content] The first that comes stays.
-- name: insert-keys
INSERT INTO token_keys (id, content)
SELECT 1, j.value FROM json_array_elements_text(CAST(##json::string AS json)) AS j (value)
ON CONFLICT DO NOTHING

-- name: get-keys
SELECT content FROM token_keys WHERE id = 1
