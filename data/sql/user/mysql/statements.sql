-- SPDX-License-Identifier: Apache-2.0

-- name: count-users
SELECT users FROM user_totals

-- [key, …] → a row for each, in the same order.
-- name: find-users
SELECT u.id, u.password_hash, u.generation, u.banned
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, name_key VARBINARY(1000) PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.name_key = j.name_key
ORDER BY j.place

-- [[id, name, key, password hash], …] A name is kept until its last owner is gone with all that was theirs. IGNORE also cuts a text that is too long, and none of these can
-- be. Of the other ways to skip what is there, none tells how many were new.
-- name: insert-users
INSERT IGNORE INTO users (id, name, name_key, password_hash)
SELECT j.id, j.name, j.name_key, j.password_hash
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    name TEXT CHARSET utf8mb4 PATH '$[1]' ERROR ON ERROR,
    name_key VARBINARY(1000) PATH '$[2]' ERROR ON ERROR,
    password_hash TEXT CHARSET utf8mb4 PATH '$[3]' ERROR ON ERROR)) AS j
WHERE NOT EXISTS (SELECT 1 FROM user_deletions AS d WHERE d.name_key = j.name_key)

-- [key, …] → a row for each, in the same order: who has the name; negative if that is somebody who is being
-- deleted.
-- name: find-owners
SELECT coalesce(u.id, -d.id)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, name_key VARBINARY(1000) PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.name_key = j.name_key
  LEFT JOIN user_deletions AS d ON d.name_key = j.name_key
ORDER BY j.place

-- [id, …] → a row for each, in the same order.
-- name: get-users
SELECT u.id, u.name, u.avatar, u.background_image, u.signature, u.banned
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
SELECT u.id, u.password_hash, u.generation, u.banned
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [[id, old hash, new hash], …] A hash that was changed meanwhile stays, and that of who is banned.
-- name: change-passwords
UPDATE users AS u JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    old_hash TEXT CHARSET utf8mb4 PATH '$[1]' ERROR ON ERROR,
    new_hash TEXT CHARSET utf8mb4 PATH '$[2]' ERROR ON ERROR)) AS j ON u.id = j.id
SET u.password_hash = j.new_hash, u.generation = u.generation + 1
WHERE u.password_hash = j.old_hash AND u.banned = 0

-- [[id, old hash, new hash], …] → a row for each, in the same order: the generation, or -1 if the hash
-- is not the new one or the user is banned.
-- name: get-password-changes
SELECT coalesce(u.generation, -1)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    new_hash TEXT CHARSET utf8mb4 PATH '$[2]' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.id = j.id AND u.password_hash = j.new_hash AND u.banned = 0
ORDER BY j.place

-- [id, …] → a row for each, in the same order.
-- name: get-generations
SELECT coalesce(u.generation, -1), coalesce(u.banned, 0)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [id, …] → a row for each, in the same order.
-- name: get-accounts
SELECT u.id, u.name, u.signature, u.generation, u.banned
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [id] → the newest users before that one.
-- name: list-accounts
SELECT id, name, banned FROM users
WHERE id < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY id DESC LIMIT 500

-- [id] → the newest users before that one who are banned.
-- name: list-banned
SELECT id, name, banned FROM users
WHERE banned > 0 AND id < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY id DESC LIMIT 500

-- [[id, 1 to ban, …], …] → a row for each, in the same order: the user's id, whether that is going to
-- change anything, and the generation then.
-- name: find-ban-changes
SELECT u.id, (u.banned <> 0) <> j.flag, u.generation + 1
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    flag BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [[id, 1 to ban, time, uid, login, why], …]
-- name: audit-bans
INSERT INTO user_audit (acted, uid, login, action, target, why)
SELECT j.acted, j.uid, j.login, IF(j.flag = 1, 'user ban', 'user unban'), u.id, coalesce(j.why, '')
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    flag BIGINT PATH '$[1]' ERROR ON ERROR,
    acted BIGINT PATH '$[2]' ERROR ON ERROR,
    uid BIGINT PATH '$[3]' ERROR ON ERROR,
    login TEXT CHARSET utf8mb4 PATH '$[4]' ERROR ON ERROR,
    why TEXT CHARSET utf8mb4 PATH '$[5]' ERROR ON ERROR)) AS j
  JOIN users AS u ON u.id = j.id
WHERE (u.banned <> 0) <> j.flag
ORDER BY j.place

-- [[id, 1 to ban, time, uid, login, why], …] Beginning and end of a ban are generations. Who is so already
-- stays so.
-- name: set-bans
UPDATE users AS u JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    flag BIGINT PATH '$[1]' ERROR ON ERROR,
    acted BIGINT PATH '$[2]' ERROR ON ERROR)) AS j ON u.id = j.id
SET u.generation = u.generation + 1, u.banned = j.flag * j.acted
WHERE (u.banned <> 0) <> j.flag

-- [[id, hash, time, uid, login, why], …] → a row for each, in the same order: the generation then, or
-- -1 if there is no such user, and since when the user is banned.
-- name: find-resets
SELECT coalesce(u.generation + 1, -1), coalesce(u.banned, 0)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [[id, hash, time, uid, login, why], …]
-- name: audit-resets
INSERT INTO user_audit (acted, uid, login, action, target, why)
SELECT j.acted, j.uid, j.login, 'user reset-password', u.id, coalesce(j.why, '')
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    acted BIGINT PATH '$[2]' ERROR ON ERROR,
    uid BIGINT PATH '$[3]' ERROR ON ERROR,
    login TEXT CHARSET utf8mb4 PATH '$[4]' ERROR ON ERROR,
    why TEXT CHARSET utf8mb4 PATH '$[5]' ERROR ON ERROR)) AS j
  JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [[id, hash, time, uid, login, why], …]
-- name: reset-passwords
UPDATE users AS u JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    hash TEXT CHARSET utf8mb4 PATH '$[1]' ERROR ON ERROR)) AS j ON u.id = j.id
SET u.password_hash = j.hash, u.generation = u.generation + 1

-- [[id, time, uid, login, why], …] → a row for each, in the same order.
-- name: get-exports
SELECT u.id, u.name, u.avatar, u.background_image, u.signature, u.banned
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR)) AS j
  LEFT JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [[id, time, uid, login, why], …]
-- name: audit-exports
INSERT INTO user_audit (acted, uid, login, action, target, why)
SELECT j.acted, j.uid, j.login, 'user export', u.id, coalesce(j.why, '')
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    acted BIGINT PATH '$[1]' ERROR ON ERROR,
    uid BIGINT PATH '$[2]' ERROR ON ERROR,
    login TEXT CHARSET utf8mb4 PATH '$[3]' ERROR ON ERROR,
    why TEXT CHARSET utf8mb4 PATH '$[4]' ERROR ON ERROR)) AS j
  JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [[id, hash or null, time, …], …] → a row for each, in the same order: the user's id if it is going to be
-- deleted. With a hash it is the user who wants it: then it is still the one that was verified, and no ban
-- came in between.
-- name: find-deletions
SELECT u.id
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    hash TEXT CHARSET utf8mb4 PATH '$[1]')) AS j
  LEFT JOIN users AS u ON u.id = j.id
    AND (j.hash IS NULL OR (u.password_hash = j.hash AND u.banned = 0))
ORDER BY j.place

-- [[id, null, time, uid, login, why], …]
-- name: audit-deletions
INSERT INTO user_audit (acted, uid, login, action, target, why)
SELECT j.acted, j.uid, j.login, 'user delete', u.id, coalesce(j.why, '')
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    hash TEXT CHARSET utf8mb4 PATH '$[1]',
    acted BIGINT PATH '$[2]' ERROR ON ERROR,
    uid BIGINT PATH '$[3]' ERROR ON ERROR,
    login TEXT CHARSET utf8mb4 PATH '$[4]' ERROR ON ERROR,
    why TEXT CHARSET utf8mb4 PATH '$[5]' ERROR ON ERROR)) AS j
  JOIN users AS u ON u.id = j.id
ORDER BY j.place

-- [[id, hash or null, time, …], …] as above.
-- name: remember-deletions
INSERT INTO user_deletions (id, name_key, deleted)
SELECT u.id, u.name_key, j.deleted
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    hash TEXT CHARSET utf8mb4 PATH '$[1]',
    deleted BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
  JOIN users AS u ON u.id = j.id
    AND (j.hash IS NULL OR (u.password_hash = j.hash AND u.banned = 0))

-- [[id, hash or null, time, …], …] as above.
-- name: delete-users
DELETE u FROM users AS u
  JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    hash TEXT CHARSET utf8mb4 PATH '$[1]')) AS j
  ON u.id = j.id
    AND (j.hash IS NULL OR (u.password_hash = j.hash AND u.banned = 0))

-- → who is being deleted, the first of them.
-- name: list-deletions
SELECT id FROM user_deletions ORDER BY id LIMIT 64

-- [id, …] of whom nothing is left.
-- name: forget-deletions
DELETE d FROM user_deletions AS d JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON d.id = j.id

-- [id] → the newest entries before that one.
-- name: get-audit
SELECT id, acted, uid, login, action, target, why FROM user_audit
WHERE id < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY id DESC LIMIT 500

-- [time]: forgets some of those before it. Ids grow with time, so the oldest are looked at only.
-- name: forget-audit
DELETE a FROM user_audit AS a JOIN (
  SELECT id FROM (SELECT id, acted FROM user_audit ORDER BY id LIMIT 8192) AS oldest
  WHERE acted < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)) AS old ON a.id = old.id
