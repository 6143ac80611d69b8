-- SPDX-License-Identifier: Apache-2.0

-- Videos of all, those to be transcoded, and those that could not be, which indexes count.
-- name: count-videos
SELECT videos, (SELECT count(*) FROM videos WHERE transcode = 1),
  (SELECT count(*) FROM videos WHERE transcode = 2) FROM totals

-- [id, author, title, file, cover, transcode, now]: one video, since the next one would not see the
-- time that this one has taken. The time is `now` or, if that is taken, the first free one after it:
-- the walk along the index ends at the first gap. What was deleted does not come back.
-- name: insert-video
INSERT INTO videos (id, author_id, title, file, cover, transcode, publish_time)
SELECT j.json ->> 0, j.json ->> 1, j.json ->> 2, j.json ->> 3, j.json ->> 4, j.json ->> 5,
  iif(EXISTS (SELECT 1 FROM videos WHERE publish_time = (j.json ->> 6)),
    (SELECT v.publish_time + 1 FROM videos AS v
     WHERE v.publish_time >= (j.json ->> 6)
       AND NOT EXISTS (SELECT 1 FROM videos AS w WHERE w.publish_time = v.publish_time + 1)
     ORDER BY v.publish_time LIMIT 1),
    j.json ->> 6)
FROM (SELECT ##json::string AS json) AS j
WHERE NOT EXISTS (SELECT 1 FROM deleted_videos AS d WHERE d.id = (j.json ->> 0))
  AND NOT EXISTS (SELECT 1 FROM video_removed_users AS r WHERE r.id = (j.json ->> 1))
ON CONFLICT (id) DO NOTHING

-- [limit, [time, …]] → for each the newest videos before that time, as “id time id time …”. The limit
-- is one for all, since it cannot depend on a row.
-- name: get-feed
SELECT (SELECT group_concat(v.id || ' ' || v.publish_time, ' ')
  FROM (SELECT id, publish_time FROM videos WHERE publish_time < j.value AND hidden = 0
        ORDER BY publish_time DESC LIMIT (SELECT ##json::string ->> 0)) AS v)
FROM json_each(##json::string, '$[1]') AS j
ORDER BY j.key

-- [limit, [[author, time], …]] → for each the newest videos of the author before that time, as above.
-- name: get-works
SELECT (SELECT group_concat(v.id || ' ' || v.publish_time, ' ')
  FROM (SELECT id, publish_time FROM videos
        WHERE author_id = j.value ->> 0 AND publish_time < j.value ->> 1 AND hidden = 0
        ORDER BY publish_time DESC LIMIT (SELECT ##json::string ->> 0)) AS v)
FROM json_each(##json::string, '$[1]') AS j
ORDER BY j.key

-- [id, …] → a row for each, in the same order.
-- name: get-videos
SELECT v.id, v.author_id, v.title, v.file, v.cover, v.publish_time, v.hidden
FROM json_each(##json::string) AS j LEFT JOIN videos AS v ON v.id = j.value
ORDER BY j.key

-- [author, …] → a row for each, in the same order.
-- name: get-work-counts
SELECT a.work_count
FROM json_each(##json::string) AS j LEFT JOIN authors AS a ON a.id = j.value
ORDER BY j.key

-- [attempts, id] → those to be transcoded behind that place, the least tried first, and for how many
-- milliseconds each is not to be begun. It is the database's clock that tells, the only one that all nodes
-- share.
-- name: list-transcodes
SELECT v.id, v.file, v.cover, v.transcode, v.attempts, v.claim,
  max(0, v.claimed_until - CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)), v.trouble
FROM (SELECT ##json::string AS json) AS j CROSS JOIN videos AS v
WHERE v.transcode = 1 AND v.attempts >= (j.json ->> 0)
  AND (v.attempts > (j.json ->> 0) OR v.id > (j.json ->> 1))
ORDER BY v.attempts, v.id LIMIT 256

-- [id, …] → a row for each, in the same order.
-- name: get-transcodes
SELECT v.id, v.file, v.cover, v.transcode, v.attempts, v.claim,
  max(0, v.claimed_until - CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)), v.trouble
FROM json_each(##json::string) AS j LEFT JOIN videos AS v ON v.id = j.value
ORDER BY j.key

-- [id, claim, lease]: begins an attempt, unless somebody else is at it.
-- name: claim-transcode
UPDATE videos SET claim = j.json ->> 1, attempts = attempts + 1,
  claimed_until = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) + (j.json ->> 2)
FROM (SELECT ##json::string AS json) AS j
WHERE id = j.json ->> 0 AND transcode = 1
  AND claimed_until <= CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)

-- [id, claim, lease]: goes on with it, unless somebody else has begun another one.
-- name: renew-transcode
UPDATE videos SET claimed_until = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) + (j.json ->> 2)
FROM (SELECT ##json::string AS json) AS j
WHERE id = j.json ->> 0 AND transcode = 1 AND claim = j.json ->> 1

-- [id, claim, file, transcode, attempts, pause, trouble]: ends it, on the same condition.
-- name: update-transcode
UPDATE videos SET file = j.json ->> 2, transcode = j.json ->> 3, attempts = j.json ->> 4,
  claimed_until = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) + (j.json ->> 5),
  trouble = j.json ->> 6
FROM (SELECT ##json::string AS json) AS j
WHERE id = j.json ->> 0 AND transcode = 1 AND claim = j.json ->> 1

-- [id, owner, kind]: one that is there already is to be looked at again.
-- name: insert-picture
INSERT INTO pictures (id, owner_id, kind)
SELECT j.json ->> 0, j.json ->> 1, j.json ->> 2
FROM (SELECT ##json::string AS json) AS j WHERE true
ON CONFLICT (id) DO UPDATE SET settled = 0

-- [id, …] → those that there are.
-- name: get-pictures
SELECT p.id, p.owner_id, p.kind
FROM json_each(##json::string) AS j JOIN pictures AS p ON p.id = j.value
ORDER BY j.key

-- [owner, …] → all of theirs.
-- name: get-pictures-of
SELECT p.id, p.owner_id, p.kind
FROM json_each(##json::string) AS j JOIN pictures AS p ON p.owner_id = j.value
ORDER BY j.key, p.id

-- name: get-unsettled-pictures
SELECT id, owner_id, kind FROM pictures WHERE settled = 0 ORDER BY id

-- [id, …]
-- name: settle-pictures
UPDATE pictures SET settled = 1 WHERE id IN (SELECT value FROM json_each(##json::string))

-- [id, …]
-- name: delete-pictures
DELETE FROM pictures WHERE id IN (SELECT value FROM json_each(##json::string))

-- [id, …] → of those that are, or were until not long ago: place, author, whether it was deleted,
-- whether something of it may be left
-- name: find-states
SELECT j.key, coalesce(v.author_id, d.author_id), d.id IS NOT NULL, coalesce(d.pending, 0)
FROM json_each(##json::string) AS j
LEFT JOIN videos AS v ON v.id = j.value
LEFT JOIN deleted_videos AS d ON d.id = j.value
WHERE coalesce(v.id, d.id) IS NOT NULL

-- [id, …] → those that are: id, author, publish time, what there is to be transcoded,
-- and whether it was hidden
-- name: find-to-delete
SELECT v.id, v.author_id, v.publish_time, v.transcode, v.hidden <> 0
FROM json_each(##json::string) AS j CROSS JOIN videos AS v ON v.id = j.value

-- [[id, author, time], …]
-- name: remember-deleted
INSERT INTO deleted_videos (id, author_id, deleted, pending)
SELECT value ->> 0, value ->> 1, value ->> 2, 1 FROM json_each(##json::string)

-- [id, …]
-- name: delete-videos
DELETE FROM videos WHERE id IN (SELECT value FROM json_each(##json::string))

-- [time]: forgets some of those before it, but none that is not clean.
-- name: forget-deleted
DELETE FROM deleted_videos WHERE id IN (
  SELECT id FROM deleted_videos
  WHERE deleted < json_extract(##json::string, '$[0]') AND pending = 0 ORDER BY deleted LIMIT 8192)

-- name: list-unclean
SELECT id FROM deleted_videos WHERE pending = 1 ORDER BY id LIMIT 1024

-- [id, …]
-- name: set-clean
UPDATE deleted_videos SET pending = 0 WHERE id IN (SELECT value FROM json_each(##json::string))

-- [user, …]
-- name: mark-removed-users
INSERT INTO video_removed_users (id) SELECT value FROM json_each(##json::string) WHERE true
ON CONFLICT (id) DO NOTHING

-- [user, …] → a piece of their videos, with the author.
-- name: find-works-of-removed
SELECT v.id, v.author_id
FROM json_each(##json::string) AS j
CROSS JOIN videos AS v ON v.author_id = j.value LIMIT 64

-- [user, …] → the places of those of whom there is still a video, a file of one, or a picture.
-- name: find-remains
SELECT j.key
FROM json_each(##json::string) AS j
WHERE EXISTS (SELECT 1 FROM videos AS v WHERE v.author_id = j.value)
  OR EXISTS (SELECT 1 FROM deleted_videos AS d WHERE d.pending = 1 AND d.author_id = j.value)
  OR EXISTS (SELECT 1 FROM pictures AS p WHERE p.owner_id = j.value)

-- [user, …] They count nothing any more.
-- name: delete-authors
DELETE FROM authors WHERE work_count = 0 AND id IN (SELECT value FROM json_each(##json::string))

-- The recount reads everything, once: what is and what was counted are added up side by side.
-- name: recount-authors
SELECT author, sum(works) FROM (
  SELECT author_id AS author, count(*) AS works, 0 AS counted FROM videos
  WHERE hidden = 0 GROUP BY author_id
  UNION ALL
  SELECT id, 0, work_count FROM authors) AS a
GROUP BY author HAVING sum(works) <> sum(counted)

-- [[author, works], …]
-- name: set-work-counts
INSERT INTO authors (id, work_count)
SELECT value ->> 0, value ->> 1 FROM json_each(##json::string) WHERE true
ON CONFLICT (id) DO UPDATE SET work_count = excluded.work_count

-- name: recount-total
SELECT (SELECT count(*) FROM videos WHERE hidden = 0), videos FROM totals

-- [videos]
-- name: set-total
UPDATE totals SET videos = json_extract(##json::string, '$[0]')

-- [id] → the newest videos before that one.
-- name: list-videos
SELECT id, author_id, title, publish_time, hidden FROM videos
WHERE id < json_extract(##json::string, '$[0]')
ORDER BY id DESC LIMIT 500

-- [id] → the newest videos before that one that are hidden.
-- name: list-hidden
SELECT id, author_id, title, publish_time, hidden FROM videos
WHERE hidden <> 0 AND id < json_extract(##json::string, '$[0]')
ORDER BY id DESC LIMIT 500

-- [id] → the newest videos before that one that could not be transcoded.
-- name: list-failed
SELECT id, author_id, title, publish_time, trouble FROM videos
WHERE transcode = 2 AND id < json_extract(##json::string, '$[0]')
ORDER BY id DESC LIMIT 500

-- [[id, …], …] → a row for each, in the same order: id, what there is to be transcoded.
-- name: find-retries
SELECT v.id, v.transcode
FROM json_each(##json::string) AS j LEFT JOIN videos AS v ON v.id = j.value ->> 0
ORDER BY j.key

-- [[id, time, uid, login, why], …]
-- name: audit-retries
INSERT INTO video_audit (acted, uid, login, action, target, why)
SELECT j.value ->> 1, j.value ->> 2, j.value ->> 3, 'video retry', v.id, j.value ->> 4
FROM json_each(##json::string) AS j CROSS JOIN videos AS v
WHERE v.id = j.value ->> 0 AND v.transcode = 2
ORDER BY j.key

-- [[id, …], …] Others stay as they are.
-- name: retry-transcodes
UPDATE videos SET transcode = 1, attempts = 0, claim = 0, claimed_until = 0
FROM json_each(##json::string) AS j
WHERE videos.id = j.value ->> 0 AND videos.transcode = 2

-- [author, time] → the newest videos of the author before that time, hidden ones too.
-- name: list-videos-of
SELECT id, title, file, cover, publish_time, hidden FROM videos
WHERE author_id = json_extract(##json::string, '$[0]')
  AND publish_time < json_extract(##json::string, '$[1]')
ORDER BY publish_time DESC LIMIT 500

-- [[id, 1 to hide, …], …] → a row for each, in the same order: id, author, publish time, whether that is
-- going to change anything.
-- name: find-hide-changes
SELECT v.id, v.author_id, v.publish_time, (v.hidden <> 0) <> (j.value ->> 1)
FROM json_each(##json::string) AS j LEFT JOIN videos AS v ON v.id = j.value ->> 0
ORDER BY j.key

-- [[id, 1 to hide, time, uid, login, why], …]
-- name: audit-hides
INSERT INTO video_audit (acted, uid, login, action, target, why)
SELECT j.value ->> 2, j.value ->> 3, j.value ->> 4,
  iif(j.value ->> 1 = 1, 'video hide', 'video unhide'), v.id, j.value ->> 5
FROM json_each(##json::string) AS j CROSS JOIN videos AS v
WHERE v.id = j.value ->> 0 AND (v.hidden <> 0) <> (j.value ->> 1)

-- [[id, 1 to hide, time, uid, login, why], …] What is so already stays so.
-- name: set-hidden
UPDATE videos SET hidden = (j.value ->> 1) * (j.value ->> 2)
FROM json_each(##json::string) AS j
WHERE videos.id = j.value ->> 0 AND (videos.hidden <> 0) <> (j.value ->> 1)

-- [[id, time, uid, login, why], …]
-- name: audit-deletions
INSERT INTO video_audit (acted, uid, login, action, target, why)
SELECT j.value ->> 1, j.value ->> 2, j.value ->> 3, 'video delete', v.id, j.value ->> 4
FROM json_each(##json::string) AS j CROSS JOIN videos AS v
WHERE v.id = j.value ->> 0

-- [id] → the newest entries before that one.
-- name: get-audit
SELECT id, acted, uid, login, action, target, why FROM video_audit
WHERE id < json_extract(##json::string, '$[0]')
ORDER BY id DESC LIMIT 500

-- [time]: forgets some of those before it. Ids grow with time, so the oldest are looked at only.
-- name: forget-audit
DELETE FROM video_audit WHERE id IN (
  SELECT id FROM (SELECT id, acted FROM video_audit ORDER BY id LIMIT 8192)
  WHERE acted < json_extract(##json::string, '$[0]'))
