-- SPDX-License-Identifier: Apache-2.0

-- name: count-users
SELECT users FROM user_totals

-- [key, …] → a row for each, in the same order.
-- name: find-users
SELECT u.id, u.password_hash, u.generation
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.name_key = j.value
ORDER BY j.place

-- [[id, name, key, password hash], …]
-- name: insert-users
INSERT INTO users (id, name, name_key, password_hash)
SELECT CAST(j ->> 0 AS bigint), j ->> 1, j ->> 2, j ->> 3
FROM json_array_elements(CAST(##json::string AS json)) AS j
ON CONFLICT DO NOTHING

-- [id, …] → a row for each, in the same order.
-- name: get-users
SELECT u.id, u.name, u.avatar, u.background_image, u.signature
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value AS bigint)
ORDER BY j.place

-- [[id, signature, avatar, background image], …], null for what stays → a row for each, in the same
-- order: the user's id, and whether anything is going to be different.
-- name: find-profile-changes
SELECT u.id, CAST(u.signature <> coalesce(j.value ->> 1, u.signature)
  OR u.avatar <> coalesce(j.value ->> 2, u.avatar)
  OR u.background_image <> coalesce(j.value ->> 3, u.background_image) AS int)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint)
ORDER BY j.place

-- [[id, signature, avatar, background image], …], null for what stays.
-- name: update-profiles
UPDATE users SET signature = coalesce(j ->> 1, signature),
  avatar = coalesce(j ->> 2, avatar),
  background_image = coalesce(j ->> 3, background_image)
FROM json_array_elements(CAST(##json::string AS json)) AS j
WHERE users.id = CAST(j ->> 0 AS bigint)

-- [[id, old hash, new hash], …] A hash that was changed meanwhile stays.
-- name: replace-password-hashes
UPDATE users SET password_hash = j ->> 2
FROM json_array_elements(CAST(##json::string AS json)) AS j
WHERE users.id = CAST(j ->> 0 AS bigint) AND users.password_hash = j ->> 1

-- [id, …] → a row for each, in the same order.
-- name: get-secrets
SELECT u.id, u.password_hash, u.generation
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value AS bigint)
ORDER BY j.place

-- [[id, old hash, new hash], …] A hash that was changed meanwhile stays.
-- name: change-passwords
UPDATE users SET password_hash = j ->> 2, generation = generation + 1
FROM json_array_elements(CAST(##json::string AS json)) AS j
WHERE users.id = CAST(j ->> 0 AS bigint) AND users.password_hash = j ->> 1

-- [[id, old hash, new hash], …] → a row for each, in the same order: the generation, or -1 if the hash
-- is not the new one.
-- name: get-password-changes
SELECT coalesce(u.generation, -1)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint) AND u.password_hash = j.value ->> 2
ORDER BY j.place

-- [id, …] → a row for each, in the same order.
-- name: get-generations
SELECT coalesce(u.generation, -1)
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value AS bigint)
ORDER BY j.place
