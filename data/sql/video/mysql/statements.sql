-- SPDX-License-Identifier: Apache-2.0

-- name: lock-writes
SELECT videos FROM video_totals FOR UPDATE

-- Videos of all, those to be transcoded, and those that could not be, which indexes count.
-- name: count-videos
SELECT videos, (SELECT count(*) FROM videos WHERE transcode = 1),
  (SELECT count(*) FROM videos WHERE transcode = 2) FROM video_totals

-- [id, author, title, file, cover, transcode, now]: one video, since the next one would not see the
-- time that this one has taken. The time is `now` or, if that is taken, the first free one after it:
-- the walk along the index ends at the first gap. What was deleted does not come back.
-- name: insert-video
INSERT INTO videos (id, author_id, title, file, cover, transcode, publish_time)
SELECT j.id, j.author_id, j.title, j.file, j.cover, j.transcode,
  IF(EXISTS (SELECT 1 FROM videos AS u WHERE u.publish_time = j.now),
    (SELECT v.publish_time + 1 FROM videos AS v
     WHERE v.publish_time >= j.now
       AND NOT EXISTS (SELECT 1 FROM videos AS w WHERE w.publish_time = v.publish_time + 1)
     ORDER BY v.publish_time LIMIT 1),
    j.now)
FROM JSON_TABLE(##json::string, '$' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    author_id BIGINT PATH '$[1]' ERROR ON ERROR,
    title TEXT CHARSET utf8mb4 PATH '$[2]' ERROR ON ERROR,
    file TEXT CHARSET utf8mb4 PATH '$[3]' ERROR ON ERROR,
    cover TEXT CHARSET utf8mb4 PATH '$[4]' ERROR ON ERROR,
    transcode BIGINT PATH '$[5]' ERROR ON ERROR,
    now BIGINT PATH '$[6]' ERROR ON ERROR)) AS j
WHERE NOT EXISTS (SELECT 1 FROM deleted_videos AS d WHERE d.id = j.id)
  AND NOT EXISTS (SELECT 1 FROM video_removed_users AS r WHERE r.id = j.author_id)
  AND NOT EXISTS (SELECT 1 FROM videos AS o WHERE o.id = j.id)

-- [limit, [time, …]] → for each the newest videos before that time, as “id time id time …”.
-- name: get-feed
SELECT feed_page(j.before_time, j.most)
FROM JSON_TABLE(##json::string, '$' COLUMNS (
    most BIGINT PATH '$[0]' ERROR ON ERROR,
    NESTED PATH '$[1][*]' COLUMNS (
      place FOR ORDINALITY, before_time BIGINT PATH '$' ERROR ON ERROR))) AS j
WHERE j.before_time IS NOT NULL
ORDER BY j.place

-- [limit, [[author, time], …]] → for each the newest videos of the author before that time, as above.
-- name: get-works
SELECT works_page(j.author, j.before_time, j.most)
FROM JSON_TABLE(##json::string, '$' COLUMNS (
    most BIGINT PATH '$[0]' ERROR ON ERROR,
    NESTED PATH '$[1][*]' COLUMNS (
      place FOR ORDINALITY,
      author BIGINT PATH '$[0]' ERROR ON ERROR,
      before_time BIGINT PATH '$[1]' ERROR ON ERROR))) AS j
WHERE j.before_time IS NOT NULL
ORDER BY j.place

-- [id, …] → a row for each, in the same order.
-- name: get-videos
SELECT v.id, v.author_id, v.title, v.file, v.cover, v.publish_time, v.hidden
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN videos AS v ON v.id = j.id
ORDER BY j.place

-- [author, …] → a row for each, in the same order.
-- name: get-work-counts
SELECT a.work_count
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN authors AS a ON a.id = j.id
ORDER BY j.place

-- [attempts, id] → those to be transcoded behind that place, the least tried first, and for how many
-- milliseconds each is not to be begun. It is the database's clock that tells, the only one that all nodes
-- share.
-- name: list-transcodes
SELECT v.id, v.file, v.cover, v.transcode, v.attempts, v.claim,
  GREATEST(0, v.claimed_until - UNIX_TIMESTAMP() * 1000), v.trouble
FROM JSON_TABLE(##json::string, '$' COLUMNS (
    attempts BIGINT PATH '$[0]' ERROR ON ERROR,
    id BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  JOIN videos AS v ON v.attempts > j.attempts OR (v.attempts = j.attempts AND v.id > j.id)
WHERE v.transcode = 1
ORDER BY v.attempts, v.id LIMIT 256

-- [id, …] → a row for each, in the same order.
-- name: get-transcodes
SELECT v.id, v.file, v.cover, v.transcode, v.attempts, v.claim,
  GREATEST(0, v.claimed_until - UNIX_TIMESTAMP() * 1000), v.trouble
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY,
    id BIGINT PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN videos AS v ON v.id = j.id
ORDER BY j.place

-- [id, claim, lease]: begins an attempt, unless somebody else is at it.
-- name: claim-transcode
UPDATE videos AS v JOIN JSON_TABLE(##json::string, '$' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    claim BIGINT PATH '$[1]' ERROR ON ERROR,
    lease BIGINT PATH '$[2]' ERROR ON ERROR)) AS j ON v.id = j.id
SET v.claim = j.claim, v.attempts = v.attempts + 1, v.claimed_until = UNIX_TIMESTAMP() * 1000 + j.lease
WHERE v.transcode = 1 AND v.claimed_until <= UNIX_TIMESTAMP() * 1000

-- [id, claim, lease]: goes on with it, unless somebody else has begun another one.
-- name: renew-transcode
UPDATE videos AS v JOIN JSON_TABLE(##json::string, '$' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    claim BIGINT PATH '$[1]' ERROR ON ERROR,
    lease BIGINT PATH '$[2]' ERROR ON ERROR)) AS j ON v.id = j.id AND v.claim = j.claim
SET v.claimed_until = UNIX_TIMESTAMP() * 1000 + j.lease
WHERE v.transcode = 1

-- [id, claim, file, transcode, attempts, pause, trouble]: ends it, on the same condition.
-- name: update-transcode
UPDATE videos AS v JOIN JSON_TABLE(##json::string, '$' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    claim BIGINT PATH '$[1]' ERROR ON ERROR,
    file TEXT CHARSET utf8mb4 PATH '$[2]' ERROR ON ERROR,
    transcode BIGINT PATH '$[3]' ERROR ON ERROR,
    attempts BIGINT PATH '$[4]' ERROR ON ERROR,
    pause BIGINT PATH '$[5]' ERROR ON ERROR,
    trouble TEXT CHARSET utf8mb4 PATH '$[6]' ERROR ON ERROR)) AS j
  ON v.id = j.id AND v.claim = j.claim
SET v.file = j.file, v.transcode = j.transcode, v.attempts = j.attempts, v.trouble = j.trouble,
  v.claimed_until = UNIX_TIMESTAMP() * 1000 + j.pause
WHERE v.transcode = 1

-- [id, owner, kind]: one that is there already is to be looked at again.
-- name: insert-picture
INSERT INTO pictures (id, owner_id, kind)
SELECT j.id, j.owner_id, j.kind
FROM JSON_TABLE(##json::string, '$' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    owner_id BIGINT PATH '$[1]' ERROR ON ERROR,
    kind BIGINT PATH '$[2]' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE settled = 0

-- [id, …] → those that there are.
-- name: get-pictures
SELECT p.id, p.owner_id, p.kind
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN pictures AS p ON p.id = j.id
ORDER BY j.place

-- [owner, …] → all of theirs.
-- name: get-pictures-of
SELECT p.id, p.owner_id, p.kind
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, owner_id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN pictures AS p ON p.owner_id = j.owner_id
ORDER BY j.place, p.id

-- name: get-unsettled-pictures
SELECT id, owner_id, kind FROM pictures WHERE settled = 0 ORDER BY id

-- [id, …]
-- name: settle-pictures
UPDATE pictures AS p JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON p.id = j.id
SET p.settled = 1

-- [id, …]
-- name: delete-pictures
DELETE p FROM pictures AS p JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON p.id = j.id

-- [id, …] → of those that are, or were until not long ago: place, author, whether it was deleted,
-- whether something of it may be left
-- name: find-states
SELECT j.place - 1, coalesce(v.author_id, d.author_id), d.id IS NOT NULL, coalesce(d.pending, 0)
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  LEFT JOIN videos AS v ON v.id = j.id
  LEFT JOIN deleted_videos AS d ON d.id = j.id
WHERE coalesce(v.id, d.id) IS NOT NULL

-- [id, …] → those that are: id, author, publish time, what there is to be transcoded,
-- and whether it was hidden
-- name: find-to-delete
SELECT v.id, v.author_id, v.publish_time, v.transcode, v.hidden <> 0
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN videos AS v ON v.id = j.id

-- [[id, author, time], …]
-- name: remember-deleted
INSERT INTO deleted_videos (id, author_id, deleted, pending)
SELECT j.id, j.author_id, j.deleted, 1
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    author_id BIGINT PATH '$[1]' ERROR ON ERROR,
    deleted BIGINT PATH '$[2]' ERROR ON ERROR)) AS j

-- [id, …]
-- name: delete-videos
DELETE v FROM videos AS v JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON v.id = j.id

-- [time]: forgets some of those before it, but none that is not clean.
-- name: forget-deleted
DELETE FROM deleted_videos
WHERE deleted < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED) AND pending = 0
ORDER BY deleted LIMIT 8192

-- name: list-unclean
SELECT id FROM deleted_videos WHERE pending = 1 ORDER BY id LIMIT 1024

-- [id, …]
-- name: set-clean
UPDATE deleted_videos AS d JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON d.id = j.id
SET d.pending = 0

-- [user, …]
-- name: mark-removed-users
INSERT INTO video_removed_users (id) SELECT j.id
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE id = video_removed_users.id

-- [user, …] → a piece of their videos, with the author.
-- name: find-works-of-removed
SELECT v.id, v.author_id
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
  JOIN videos AS v ON v.author_id = j.id LIMIT 64

-- [user, …] → the places of those of whom there is still a video, a file of one, or a picture.
-- name: find-remains
SELECT j.place - 1
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$' ERROR ON ERROR)) AS j
WHERE EXISTS (SELECT 1 FROM videos AS v WHERE v.author_id = j.id)
  OR EXISTS (SELECT 1 FROM deleted_videos AS d WHERE d.pending = 1 AND d.author_id = j.id)
  OR EXISTS (SELECT 1 FROM pictures AS p WHERE p.owner_id = j.id)

-- [user, …] They count nothing any more.
-- name: delete-authors
DELETE a FROM authors AS a JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$' ERROR ON ERROR)) AS j ON a.id = j.id
WHERE a.work_count = 0

-- The recount reads everything, once: what is and what was counted are added up side by side.
-- name: recount-authors
SELECT author, CONVERT(sum(works), SIGNED) FROM (
  SELECT author_id AS author, count(*) AS works, 0 AS counted FROM videos
  WHERE hidden = 0 GROUP BY author_id
  UNION ALL
  SELECT id, 0, work_count FROM authors) AS a
GROUP BY author HAVING sum(works) <> sum(counted)

-- [[author, works], …]
-- name: set-work-counts
INSERT INTO authors (id, work_count)
SELECT j.id, j.work_count
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    work_count BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
ON DUPLICATE KEY UPDATE work_count = VALUES(work_count)

-- name: recount-total
SELECT (SELECT count(*) FROM videos WHERE hidden = 0), videos FROM video_totals

-- [videos]
-- name: set-total
UPDATE video_totals SET videos = CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)

-- [id] → the newest videos before that one.
-- name: list-videos
SELECT id, author_id, title, publish_time, hidden FROM videos
WHERE id < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY id DESC LIMIT 500

-- [id] → the newest videos before that one that are hidden.
-- name: list-hidden
SELECT id, author_id, title, publish_time, hidden FROM videos
WHERE hidden > 0 AND id < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY id DESC LIMIT 500

-- [id] → the newest videos before that one that could not be transcoded.
-- name: list-failed
SELECT id, author_id, title, publish_time, trouble FROM videos
WHERE transcode = 2 AND id < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY id DESC LIMIT 500

-- [[id, …], …] → a row for each, in the same order: id, what there is to be transcoded.
-- name: find-retries
SELECT v.id, v.transcode
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR)) AS j
  LEFT JOIN videos AS v ON v.id = j.id
ORDER BY j.place

-- [[id, time, uid, login, why], …]
-- name: audit-retries
INSERT INTO video_audit (acted, uid, login, action, target, why)
SELECT j.acted, j.uid, j.login, 'video retry', v.id, coalesce(j.why, '')
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    acted BIGINT PATH '$[1]' ERROR ON ERROR,
    uid BIGINT PATH '$[2]' ERROR ON ERROR,
    login TEXT CHARSET utf8mb4 PATH '$[3]' ERROR ON ERROR,
    why TEXT CHARSET utf8mb4 PATH '$[4]' ERROR ON ERROR)) AS j
  JOIN videos AS v ON v.id = j.id
WHERE v.transcode = 2
ORDER BY j.place

-- [[id, …], …] Others stay as they are.
-- name: retry-transcodes
UPDATE videos AS v JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR)) AS j ON v.id = j.id
SET v.transcode = 1, v.attempts = 0, v.claim = 0, v.claimed_until = 0
WHERE v.transcode = 2

-- [author, time] → the newest videos of the author before that time, hidden ones too.
-- name: list-videos-of
SELECT id, title, file, cover, publish_time, hidden FROM videos
WHERE author_id = CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
  AND publish_time < CONVERT(JSON_VALUE(##json::string, '$[1]'), SIGNED)
ORDER BY publish_time DESC LIMIT 500

-- [[id, 1 to hide, …], …] → a row for each, in the same order: id, author, publish time, whether that is
-- going to change anything.
-- name: find-hide-changes
SELECT v.id, v.author_id, v.publish_time, (v.hidden <> 0) <> j.flag
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    flag BIGINT PATH '$[1]' ERROR ON ERROR)) AS j
  LEFT JOIN videos AS v ON v.id = j.id
ORDER BY j.place

-- [[id, 1 to hide, time, uid, login, why], …]
-- name: audit-hides
INSERT INTO video_audit (acted, uid, login, action, target, why)
SELECT j.acted, j.uid, j.login, IF(j.flag = 1, 'video hide', 'video unhide'), v.id, coalesce(j.why, '')
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    flag BIGINT PATH '$[1]' ERROR ON ERROR,
    acted BIGINT PATH '$[2]' ERROR ON ERROR,
    uid BIGINT PATH '$[3]' ERROR ON ERROR,
    login TEXT CHARSET utf8mb4 PATH '$[4]' ERROR ON ERROR,
    why TEXT CHARSET utf8mb4 PATH '$[5]' ERROR ON ERROR)) AS j
  JOIN videos AS v ON v.id = j.id
WHERE (v.hidden <> 0) <> j.flag
ORDER BY j.place

-- [[id, 1 to hide, time, uid, login, why], …] What is so already stays so.
-- name: set-hidden
UPDATE videos AS v JOIN JSON_TABLE(##json::string, '$[*]' COLUMNS (
    id BIGINT PATH '$[0]' ERROR ON ERROR,
    flag BIGINT PATH '$[1]' ERROR ON ERROR,
    acted BIGINT PATH '$[2]' ERROR ON ERROR)) AS j ON v.id = j.id
SET v.hidden = j.flag * j.acted
WHERE (v.hidden <> 0) <> j.flag

-- [[id, time, uid, login, why], …]
-- name: audit-deletions
INSERT INTO video_audit (acted, uid, login, action, target, why)
SELECT j.acted, j.uid, j.login, 'video delete', v.id, coalesce(j.why, '')
FROM JSON_TABLE(##json::string, '$[*]' COLUMNS (
    place FOR ORDINALITY, id BIGINT PATH '$[0]' ERROR ON ERROR,
    acted BIGINT PATH '$[1]' ERROR ON ERROR,
    uid BIGINT PATH '$[2]' ERROR ON ERROR,
    login TEXT CHARSET utf8mb4 PATH '$[3]' ERROR ON ERROR,
    why TEXT CHARSET utf8mb4 PATH '$[4]' ERROR ON ERROR)) AS j
  JOIN videos AS v ON v.id = j.id
ORDER BY j.place

-- [id] → the newest entries before that one.
-- name: get-audit
SELECT id, acted, uid, login, action, target, why FROM video_audit
WHERE id < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)
ORDER BY id DESC LIMIT 500

-- [time]: forgets some of those before it. Ids grow with time, so the oldest are looked at only.
-- name: forget-audit
DELETE a FROM video_audit AS a JOIN (
  SELECT id FROM (SELECT id, acted FROM video_audit ORDER BY id LIMIT 8192) AS oldest
  WHERE acted < CONVERT(JSON_VALUE(##json::string, '$[0]'), SIGNED)) AS old ON a.id = old.id
