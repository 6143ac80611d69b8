-- SPDX-License-Identifier: Apache-2.0

-- name: count-users
SELECT users FROM user_totals

-- [key, …] → a row for each, in the same order.
-- name: find-users
SELECT u.id, u.password_hash, u.generation
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, name_key VARBINARY(1000) PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.name_key = j.name_key
ORDER BY j.place

-- [[id, name, key, password hash], …] IGNORE also cuts a text that is too long, and none of these can
-- be. Of the other ways to skip what is there, none tells how many were new.
-- name: insert-users
INSERT IGNORE INTO users (id, name, name_key, password_hash)
SELECT j.id, j.name, j.name_key, j.password_hash
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    name TEXT CHARSET utf8mb4 PATH '$[1]' ERROR ON ERROR,
    name_key VARBINARY(1000) PATH '$[2]' ERROR ON ERROR,
    password_hash TEXT CHARSET utf8mb4 PATH '$[3]' ERROR ON ERROR)) AS j

-- [id, …] → a row for each, in the same order.
-- name: get-users
SELECT u.id, u.name, u.avatar, u.background_image, u.signature
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [[id, signature, avatar, background image], …], null for what stays → a row for each, in the same
-- order: the user's id, and whether anything is going to be different.
-- name: find-profile-changes
SELECT u.id, u.signature <> coalesce(j.signature, u.signature)
  OR u.avatar <> coalesce(j.avatar, u.avatar)
  OR u.background_image <> coalesce(j.background_image, u.background_image)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    signature TEXT CHARSET utf8mb4 PATH '$[1]',
    avatar TEXT CHARSET utf8mb4 PATH '$[2]',
    background_image TEXT CHARSET utf8mb4 PATH '$[3]')) AS j
  LEFT JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [[id, signature, avatar, background image], …], null for what stays.
-- name: update-profiles
UPDATE users AS u JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    signature TEXT CHARSET utf8mb4 PATH '$[1]',
    avatar TEXT CHARSET utf8mb4 PATH '$[2]',
    background_image TEXT CHARSET utf8mb4 PATH '$[3]')) AS j ON u.id = j.id
SET u.signature = coalesce(j.signature, u.signature),
  u.avatar = coalesce(j.avatar, u.avatar),
  u.background_image = coalesce(j.background_image, u.background_image)

-- [[id, old hash, new hash], …] A hash that was changed meanwhile stays.
-- name: replace-password-hashes
UPDATE users AS u JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    old_hash TEXT CHARSET utf8mb4 PATH '$[1]' ERROR ON ERROR,
    new_hash TEXT CHARSET utf8mb4 PATH '$[2]' ERROR ON ERROR)) AS j ON u.id = j.id
SET u.password_hash = j.new_hash
WHERE u.password_hash = j.old_hash

-- [id, …] → a row for each, in the same order.
-- name: get-secrets
SELECT u.id, u.password_hash, u.generation
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [[id, old hash, new hash], …] A hash that was changed meanwhile stays.
-- name: change-passwords
UPDATE users AS u JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    old_hash TEXT CHARSET utf8mb4 PATH '$[1]' ERROR ON ERROR,
    new_hash TEXT CHARSET utf8mb4 PATH '$[2]' ERROR ON ERROR)) AS j ON u.id = j.id
SET u.password_hash = j.new_hash, u.generation = u.generation + 1
WHERE u.password_hash = j.old_hash

-- [[id, old hash, new hash], …] → a row for each, in the same order: the generation, or -1 if the hash
-- is not the new one.
-- name: get-password-changes
SELECT coalesce(u.generation, -1)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    new_hash TEXT CHARSET utf8mb4 PATH '$[2]' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.id = j.id AND u.password_hash = j.new_hash
ORDER BY j.place

-- [id, …] → a row for each, in the same order.
-- name: get-generations
SELECT coalesce(u.generation, -1)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.id = j.id
ORDER BY j.place
