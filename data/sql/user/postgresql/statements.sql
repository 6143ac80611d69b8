-- SPDX-License-Identifier: Apache-2.0

-- name: count-users
SELECT users FROM user_totals

-- [key, …] → a row for each, in the same order.
-- name: find-users
SELECT u.id, u.password_hash, u.generation, u.banned
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.name_key = j.value
ORDER BY j.place

-- [[id, name, key, password hash], …] A name is kept until its last owner is gone with all that was theirs.
-- name: insert-users
INSERT INTO users (id, name, name_key, password_hash)
SELECT CAST(j ->> 0 AS bigint), j ->> 1, j ->> 2, j ->> 3
FROM json_array_elements(CAST(##json::string AS json)) AS j
WHERE NOT EXISTS (SELECT 1 FROM user_deletions AS d WHERE d.name_key = j ->> 2)
ON CONFLICT DO NOTHING

-- [key, …] → a row for each, in the same order: who has the name; negative if that is somebody who is being
-- deleted.
-- name: find-owners
SELECT coalesce(u.id, -d.id)
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.name_key = j.value
LEFT JOIN user_deletions AS d ON d.name_key = j.value
ORDER BY j.place

-- [id, …] → a row for each, in the same order.
-- name: get-users
SELECT u.id, u.name, u.avatar, u.background_image, u.signature, u.banned
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
SELECT u.id, u.password_hash, u.generation, u.banned
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value AS bigint)
ORDER BY j.place

-- [[id, old hash, new hash], …] A hash that was changed meanwhile stays, and that of who is banned.
-- name: change-passwords
UPDATE users SET password_hash = j ->> 2, generation = generation + 1
FROM json_array_elements(CAST(##json::string AS json)) AS j
WHERE users.id = CAST(j ->> 0 AS bigint) AND users.password_hash = j ->> 1
  AND users.banned = 0

-- [[id, old hash, new hash], …] → a row for each, in the same order: the generation, or -1 if the hash
-- is not the new one or the user is banned.
-- name: get-password-changes
SELECT coalesce(u.generation, -1)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint) AND u.password_hash = j.value ->> 2
  AND u.banned = 0
ORDER BY j.place

-- [id, …] → a row for each, in the same order.
-- name: get-generations
SELECT coalesce(u.generation, -1), coalesce(u.banned, 0)
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value AS bigint)
ORDER BY j.place

-- [id, …] → a row for each, in the same order.
-- name: get-accounts
SELECT u.id, u.name, u.signature, u.generation, u.banned
FROM json_array_elements_text(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value AS bigint)
ORDER BY j.place

-- [id] → the newest users before that one.
-- name: list-accounts
SELECT id, name, banned FROM users
WHERE id < (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
ORDER BY id DESC LIMIT 500

-- [id] → the newest users before that one who are banned.
-- name: list-banned
SELECT id, name, banned FROM users
WHERE banned <> 0 AND id < (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
ORDER BY id DESC LIMIT 500

-- [[id, 1 to ban, …], …] → a row for each, in the same order: the user's id, whether that is going to
-- change anything, and the generation then.
-- name: find-ban-changes
SELECT u.id, CAST((u.banned <> 0) <> (j.value ->> 1 = '1') AS int), u.generation + 1
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint)
ORDER BY j.place

-- [[id, 1 to ban, time, uid, login, why], …]
-- name: audit-bans
INSERT INTO user_audit (acted, uid, login, action, target, why)
SELECT CAST(j.value ->> 2 AS bigint), CAST(j.value ->> 3 AS bigint), j.value ->> 4,
  CASE WHEN j.value ->> 1 = '1' THEN 'user ban' ELSE 'user unban' END, u.id, j.value ->> 5
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint)
WHERE (u.banned <> 0) <> (j.value ->> 1 = '1')
ORDER BY j.place

-- [[id, 1 to ban, time, uid, login, why], …] Beginning and end of a ban are generations. Who is so already
-- stays so.
-- name: set-bans
UPDATE users SET banned = CAST(j ->> 1 AS bigint) * CAST(j ->> 2 AS bigint),
  generation = generation + 1
FROM json_array_elements(CAST(##json::string AS json)) AS j
WHERE users.id = CAST(j ->> 0 AS bigint) AND (users.banned <> 0) <> (j ->> 1 = '1')

-- [[id, hash, time, uid, login, why], …] → a row for each, in the same order: the generation then, or
-- -1 if there is no such user, and since when the user is banned.
-- name: find-resets
SELECT coalesce(u.generation + 1, -1), coalesce(u.banned, 0)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint)
ORDER BY j.place

-- [[id, hash, time, uid, login, why], …]
-- name: audit-resets
INSERT INTO user_audit (acted, uid, login, action, target, why)
SELECT CAST(j.value ->> 2 AS bigint), CAST(j.value ->> 3 AS bigint), j.value ->> 4,
  'user reset-password', u.id, j.value ->> 5
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint)
ORDER BY j.place

-- [[id, hash, time, uid, login, why], …]
-- name: reset-passwords
UPDATE users SET password_hash = j ->> 1, generation = generation + 1
FROM json_array_elements(CAST(##json::string AS json)) AS j
WHERE users.id = CAST(j ->> 0 AS bigint)

-- [[id, time, uid, login, why], …] → a row for each, in the same order.
-- name: get-exports
SELECT u.id, u.name, u.avatar, u.background_image, u.signature, u.banned
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint)
ORDER BY j.place

-- [[id, time, uid, login, why], …]
-- name: audit-exports
INSERT INTO user_audit (acted, uid, login, action, target, why)
SELECT CAST(j.value ->> 1 AS bigint), CAST(j.value ->> 2 AS bigint), j.value ->> 3,
  'user export', u.id, j.value ->> 4
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint)
ORDER BY j.place

-- [[id, hash or null, time, …], …] → a row for each, in the same order: the user's id if it is going to be
-- deleted. With a hash it is the user who wants it: then it is still the one that was verified, and no ban
-- came in between.
-- name: find-deletions
SELECT u.id
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
LEFT JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint)
  AND (j.value ->> 1 IS NULL OR (u.password_hash = j.value ->> 1 AND u.banned = 0))
ORDER BY j.place

-- [[id, null, time, uid, login, why], …]
-- name: audit-deletions
INSERT INTO user_audit (acted, uid, login, action, target, why)
SELECT CAST(j.value ->> 2 AS bigint), CAST(j.value ->> 3 AS bigint), j.value ->> 4,
  'user delete', u.id, j.value ->> 5
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint)
ORDER BY j.place

-- [[id, hash or null, time, …], …] as above.
-- name: remember-deletions
INSERT INTO user_deletions (id, name_key, deleted)
SELECT u.id, u.name_key, CAST(j.value ->> 2 AS bigint)
FROM json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
JOIN users AS u ON u.id = CAST(j.value ->> 0 AS bigint)
  AND (j.value ->> 1 IS NULL OR (u.password_hash = j.value ->> 1 AND u.banned = 0))

-- [[id, hash or null, time, …], …] as above.
-- name: delete-users
DELETE FROM users AS u USING json_array_elements(CAST(##json::string AS json)) WITH ORDINALITY AS j (value, place)
WHERE u.id = CAST(j.value ->> 0 AS bigint)
  AND (j.value ->> 1 IS NULL OR (u.password_hash = j.value ->> 1 AND u.banned = 0))

-- → who is being deleted, the first of them.
-- name: list-deletions
SELECT id FROM user_deletions ORDER BY id LIMIT 64

-- [id, …] of whom nothing is left.
-- name: forget-deletions
DELETE FROM user_deletions
USING json_array_elements_text(CAST(##json::string AS json)) AS j (value)
WHERE user_deletions.id = CAST(j.value AS bigint)

-- [id] → the newest entries before that one.
-- name: get-audit
SELECT id, acted, uid, login, action, target, why FROM user_audit
WHERE id < (SELECT CAST(CAST(##json::string AS json) ->> 0 AS bigint))
ORDER BY id DESC LIMIT 500

-- [time]: forgets some of those before it. Ids grow with time, so the oldest are looked at only.
-- name: forget-audit
DELETE FROM user_audit WHERE id IN (
  SELECT id FROM (SELECT id, acted FROM user_audit ORDER BY id LIMIT 8192) AS oldest
  WHERE acted < CAST(CAST(##json::string AS json) ->> 0 AS bigint))
